//! What a person types and sees.

use std::env;
use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail};

/// Reads an access token from this variable if there is one, otherwise from the terminal or standard input. It is no
/// argument, because the command line of a process is visible to others and stays in the shell's history.
pub fn read_token(variable: Option<&str>) -> Result<String> {
    let set = variable.and_then(|name| env::var(name).ok());
    let token = match set.filter(|token| !token.is_empty()) {
        Some(token) => token,
        None if io::stdin().is_terminal() => rpassword::prompt_password("Access token: ")?,
        None => {
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            line
        }
    };
    let token = token.trim();
    if token.is_empty() {
        match variable {
            Some(name) => bail!("no access token: set {name}, or write it to standard input"),
            None => bail!("no access token: write it to standard input, or give its hash"),
        }
    }
    Ok(token.to_owned())
}

/// Writes a line to standard output, [`visible`].
pub fn print(text: &impl ToString) -> io::Result<()> {
    writeln!(io::stdout(), "{}", visible(&text.to_string()))
}

/// The text with JSON's escapes instead of the characters that can control a terminal or hide others.
pub fn visible(text: &str) -> String {
    let mut visible = String::new();
    for c in text.chars() {
        if matches!(c, '\n' | '"' | '\'' | '\\') || c.escape_debug().len() == 1 {
            visible.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                visible += &format!("\\u{unit:04x}");
            }
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn control_characters_are_escaped_and_letters_are_not() {
        let hidden = [
            '\u{1b}',
            '\t',
            '\u{9b}',
            '\u{7f}',
            '\u{202e}',
            '\u{200b}',
            '\u{e0041}',
        ];
        let value = json!({"it's": format!("Zoë \\ {} \n 李", String::from_iter(hidden))});
        let shown = visible(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<Value>(&shown).ok(), Some(value));
        assert!(!shown.contains(hidden), "{shown:?}");
        assert!(shown.contains("Zoë ") && shown.contains(" 李"), "{shown}");
    }
}
