//! JSON as the command line prints it: one line, members in the order of the documentation, and
//! every character that a terminal or an editor could act on or hide as `\u…`, so that the text is
//! exact and still harmless to look at (safety R8).

use serde_json::{Map, Value, json};

use crate::chat::Sum;
use crate::chat::Tokens;
use crate::chat::usd;

/// An object of members in order.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// A value as one line.
#[must_use]
pub fn line(value: &Value) -> String {
    let plain = value.to_string();
    if plain.chars().all(|c| !must_escape(c)) {
        return plain;
    }
    // Outside strings JSON is ASCII without controls, so what is escaped here stands in a string.
    let mut out = String::with_capacity(plain.len() + 16);
    let mut units = [0; 2];
    for c in plain.chars() {
        if must_escape(c) {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Controls, format characters, what is not seen, and what no font has: first and last of each range.
const HIDDEN: &[(u32, u32)] = &[
    (0x7f, 0x9f),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0xfffe, 0xffff),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1345f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0x10_ffff),
];

fn must_escape(c: char) -> bool {
    let code = u32::from(c);
    code >= 0x7f
        && (code & 0xfffe == 0xfffe || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&code)))
}

/// Tokens as the documentation has them; what is not known is null.
#[must_use]
pub fn tokens(tokens: &Tokens) -> Value {
    object([
        ("input", json!(tokens.input)),
        ("cache_read", json!(tokens.cache_read)),
        ("cache_write", json!(tokens.cache_write_total())),
        ("output", json!(tokens.output)),
        ("reasoning", json!(tokens.reasoning)),
    ])
}

/// The exact dollars of a sum. Play money is told only where there is no other.
#[must_use]
pub fn sum_usd(sum: &Sum) -> Option<String> {
    let only_play = sum.known == 0 && sum.unknown == 0 && sum.play_count > 0;
    sum.usd().or_else(|| only_play.then(|| usd(sum.play)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_or_hides_is_escaped_and_comes_back() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{200b}\u{e0041}\u{feff}é漢😀\n\t";
        let line = line(&json!({ "t": text }));
        assert_eq!(line, r#"{"t":"a\u001b\u007f\u009b\u202e\u200b\udb40\udc41\ufeffé漢😀\n\t"}"#);
        let back: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(back["t"], text);
    }

    #[test]
    fn every_character_comes_back() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let line = line(&json!(all));
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), all);
        assert!(!line.chars().any(char::is_control));
    }
}
