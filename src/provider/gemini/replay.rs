//! The parts of a reply of Gemini as they came, because they have to go back exactly so: signatures
//! belong to their part and its place. It must not join or change any.

use serde_json::value::RawValue;

use crate::wire::gemini::Part;

/// The most bytes of parts that are kept to go back.
const MOST_REPLAY: usize = 4 * 1024 * 1024;

/// The parts of the reply as they came.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// A JSON array without its end.
    json: String,
    /// Whether they say more than their text.
    needed: bool,
    /// There was more than is kept.
    too_much: bool,
}

impl Replay {
    /// Takes the next part: its JSON text, and what it says.
    pub(super) fn push(&mut self, raw: &str, part: &Part<'_>) {
        let plain = part.signature.get().is_none() && (part.text.get().is_some() || is_empty_text(raw));
        // An empty text says nothing, and is refused when it comes back.
        if self.too_much || (plain && part.text.get().is_none()) {
            return;
        }
        self.needed |= !plain;
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        self.json.push_str(raw);
        if self.json.len() > MOST_REPLAY {
            *self = Self { too_much: true, ..Self::default() };
        }
    }

    /// All parts as one JSON array; `None` when they say no more than their text does.
    pub(super) fn take(&mut self) -> Option<String> {
        let needed = self.needed;
        let mut json = std::mem::take(&mut self.json);
        json.push(']');
        needed.then_some(json)
    }
}

/// Whether a part has nothing but an empty text, or a mark beside it.
fn is_empty_text(raw: &str) -> bool {
    let members = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(raw);
    members.is_ok_and(|members| members.keys().all(|name| name == "text" || name == "thought"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&str]) -> Option<String> {
        let mut replay = Replay::default();
        for raw in parts {
            replay.push(raw, &serde_json::from_str(raw).expect(raw));
        }
        replay.take()
    }

    #[test]
    fn parts_go_back_as_they_came_when_they_say_more_than_text() {
        let call = r#"{ "functionCall": {"name":"now","args":{"x":1.50}} }"#;
        let signed = r#"{"text":"","thoughtSignature":"QQ=="}"#;
        let server = r#"{"toolCall":{"id":"1"}}"#;
        let table: &[(&[&str], Option<String>)] = &[
            (&[], None),
            (&[r#"{"text":"a"}"#, r#"{"text":"b","thought":true}"#, r#"{"text":""}"#], None),
            (&[call], Some(format!("[{call}]"))),
            (&[r#"{"text":"a"}"#, r#"{"text":""}"#, signed], Some(format!(r#"[{{"text":"a"}},{signed}]"#))),
            (&[server, "{}"], Some(format!("[{server}]"))),
        ];
        for (parts, expected) in table {
            assert_eq!(of(parts), *expected, "{parts:?}");
        }
    }

    #[test]
    fn what_is_too_much_is_not_kept_by_halves() {
        let large = format!(r#"{{"text":"{}","thoughtSignature":"QQ=="}}"#, "x".repeat(MOST_REPLAY));
        assert_eq!(of(&[&large, r#"{"text":"a","thoughtSignature":"QQ=="}"#]), None);
    }
}
