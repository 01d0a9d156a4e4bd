//! Properties of Unicode characters, and how a message names a character or a key.

use icu_properties::props::{BinaryProperty, DefaultIgnorableCodePoint};

/// Whether a reader can see the character (`docs/API.md#field-rules`).
pub(crate) fn is_visible(c: char) -> bool {
    // U+2800 is the Braille cell without a dot.
    c.is_ascii_graphic()
        || !(c.is_whitespace() || c == '\u{2800}' || DefaultIgnorableCodePoint::for_char(c))
}

/// The first such character: `U+202A at character 1`. `index` is the position of the text's first
/// character in the whole value, in Unicode scalar values from 0; the message counts from 1.
pub(crate) fn find(text: &str, index: usize, is_wanted: impl Fn(char) -> bool) -> Option<String> {
    let (position, c) = (index + 1..)
        .zip(text.chars())
        .find(|&(_, c)| is_wanted(c))?;
    Some(format!("{} at character {position}", name(c)))
}

/// A key in a message: in backquotes, without invisible characters, and cut after 64.
pub(crate) fn quoted(key: &str) -> String {
    const MAX_CHARS: usize = 64;
    let mut visible = key.chars().filter(|&c| c == ' ' || is_visible(c));
    let start: String = visible.by_ref().take(MAX_CHARS).collect();
    let rest = if visible.next().is_some() { "…" } else { "" };
    format!("`{start}{rest}`")
}

/// `U+202A`, or `a space`.
pub(crate) fn name(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        _ => format!("U+{:04X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_ignorable_characters_are_not_visible() {
        let invisible = "\t \u{85}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{1680}\u{17b4}\u{180b}\u{180e}\
             \u{2000}\u{200b}\u{200f}\u{2028}\u{202e}\u{2060}\u{2065}\u{206f}\u{2800}\u{3000}\u{3164}\
             \u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{1bca0}\u{1d173}\u{e0000}\u{e0fff}";
        for c in invisible.chars() {
            assert!(!is_visible(c), "{}", name(c));
        }
        for c in "!aé李\u{301}\u{2801}\u{fffd}😀\u{e1000}".chars() {
            assert!(is_visible(c), "{}", name(c));
        }
    }

    #[test]
    fn the_first_character_is_named_with_its_position() {
        let found = |text| find(text, 0, |c| !is_visible(c));
        assert_eq!(found("\u{202a}a").as_deref(), Some("U+202A at character 1"));
        assert_eq!(
            found("é😀\u{e0001} ").as_deref(),
            Some("U+E0001 at character 3")
        );
        assert_eq!(found("a"), None);
    }
}
