//! Keys. A key is shown to nobody but the header that carries it.

use std::fmt;
use std::sync::{Arc, RwLock};

/// A text that never shows itself: `Debug` and `Display` give `[redacted]`, and there is no
/// `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself, for the header that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why there is no key. Names what was tried and what to do, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tried}")]
pub struct KeyError {
    /// What was tried and how it failed, as in "the variable LAB_KEY is not set".
    pub tried: String,
    /// What to do.
    pub hint: String,
}

/// Where a key comes from. Asked at first use, off the thread that draws: a source may run a
/// command or read a file.
pub trait KeySource: Send + Sync {
    /// The key.
    ///
    /// # Errors
    /// When there is none; says what was tried.
    fn key(&self) -> Result<Secret, KeyError>;

    /// What the source is, without asking it: "the variable LAB_KEY".
    fn describe(&self) -> String;

    /// Whether asking it may open a dialogue, so that it is only asked when a person waits for it.
    fn may_ask(&self) -> bool {
        false
    }
}

/// Takes known keys out of texts that may quote them (safety R21): the second net behind
/// [`Secret`], for the bodies of errors and the log. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Vec<String>>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// Shorter texts are no keys, and taking them out would mangle prose.
const SHORTEST: usize = 8;

impl Redactor {
    /// From now on this key is taken out, in every spelling that servers echo.
    pub fn learn(&self, secret: &Secret) {
        let key = secret.expose();
        if key.len() < SHORTEST {
            return;
        }
        let mut spellings = vec![key.to_owned(), percent(key), base64(key.as_bytes())];
        spellings.push(key.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/"));
        if let Ok(mut known) = self.known.write() {
            for spelling in spellings {
                if !known.contains(&spelling) {
                    known.push(spelling);
                }
            }
            known.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        }
    }

    /// The text with every known key replaced.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let Ok(known) = self.known.read() else { return "[redacted]".to_owned() };
        let mut out = text.to_owned();
        for spelling in known.iter() {
            if out.contains(spelling.as_str()) {
                out = out.replace(spelling.as_str(), "[redacted]");
            }
        }
        out
    }
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (word >> (18 - 6 * place)) & 63;
            out.push(char::from(ALPHABET[index as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "sk-CANARY-0123/456789+x";

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Secret::new(CANARY);
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
        assert_eq!(secret.expose(), CANARY);
    }

    #[test]
    fn every_spelling_is_taken_out() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new(CANARY));
        for echo in
            [CANARY.to_owned(), percent(CANARY), base64(CANARY.as_bytes()), CANARY.replace('/', "\\/")]
        {
            let shown = redactor.redact(&format!("bad key {echo}!"));
            assert_eq!(shown, "bad key [redacted]!");
        }
    }

    #[test]
    fn short_texts_are_left_alone() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("abc"));
        assert_eq!(redactor.redact("abcdef"), "abcdef");
    }

    #[test]
    fn base64_is_the_usual_one() {
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"hello"), "aGVsbG8");
    }
}
