//! What a person types and sees.

use std::env;
use std::io::{self, IsTerminal};

use serde::Serialize;

use crate::Failure;

/// Reads an access token from ACCESS_TOKEN or standard input. It is no argument, because the command line of a
/// process is visible to others and stays in the shell's history.
pub fn read_token() -> Result<String, Failure> {
    let token = match env::var("ACCESS_TOKEN") {
        Ok(token) if !token.is_empty() => token,
        _ if io::stdin().is_terminal() => rpassword::prompt_password("Access token: ")?,
        _ => {
            let mut line = String::new();
            io::stdin().read_line(&mut line)?;
            line
        }
    };
    let token = token.trim();
    if token.is_empty() {
        let message = "no access token: set ACCESS_TOKEN, or write it to standard input";
        return Err(message.to_owned().into());
    }
    Ok(token.to_owned())
}

/// JSON in which no character can control a terminal or hide others.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = String::new();
    let pretty = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    for c in pretty.chars() {
        if c == '\n' || c.is_ascii() || c.escape_debug().len() == 1 {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text += &format!("\\u{unit:04x}");
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn control_characters_are_escaped_and_letters_are_not() {
        let value = json!({"name": "Zoë \u{1b}[31m\u{9b}\u{202e}\u{200b}\u{e0041} 李"});
        let text = json(&value).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{200b}', '\u{e0041}']));
        assert!(text.contains("Zoë ") && text.contains(" 李"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
    }
}
