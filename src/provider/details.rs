//! `reasoning_details` of OpenRouter: opaque state that comes in fragments and goes back unchanged
//! with the next request. Neighbouring fragments of one text are joined; encrypted ones never are;
//! what has an unknown type is kept as it came.

use serde_json::{Map, Value};

use crate::provider::think::Kind;

/// The state of one reply.
#[derive(Debug, Default)]
pub(super) struct Details {
    items: Vec<Map<String, Value>>,
}

/// The member of a fragment that is joined.
fn joined(item: &Map<String, Value>) -> Option<&'static str> {
    match item.get("type").and_then(Value::as_str) {
        Some("reasoning.text") => Some("text"),
        Some("reasoning.summary") => Some("summary"),
        _ => None,
    }
}

impl Details {
    /// Takes the fragments of one event, as JSON text, and tells the thinking that they show.
    pub(super) fn push(&mut self, json: &str, tell: &mut impl FnMut(Kind, &str)) {
        let Ok(Value::Array(fragments)) = serde_json::from_str(json) else { return };
        for fragment in fragments {
            let Value::Object(fragment) = fragment else { continue };
            let shown = joined(&fragment).and_then(|member| fragment.get(member)).and_then(Value::as_str);
            if let Some(text) = shown.filter(|text| !text.is_empty()) {
                tell(Kind::Thinking, text);
            }
            self.add(fragment);
        }
    }

    /// All of it as the JSON text of a list; `None` when there is none.
    pub(super) fn take(&mut self) -> Option<String> {
        let items = std::mem::take(&mut self.items);
        (!items.is_empty()).then(|| Value::Array(items.into_iter().map(Value::Object).collect()).to_string())
    }

    fn add(&mut self, fragment: Map<String, Value>) {
        let same = |last: &Map<String, Value>, member: &str| last.get(member) == fragment.get(member);
        let last = self.items.last_mut().filter(|last| same(last, "type") && same(last, "index"));
        let (Some(last), Some(member)) = (last, joined(&fragment)) else {
            self.items.push(fragment);
            return;
        };
        for (key, value) in fragment {
            match (last.get_mut(&key), value) {
                (_, Value::Null) => {}
                (Some(Value::String(text)), Value::String(more)) if key == member => text.push_str(&more),
                (Some(old), value) if old.is_null() => *old = value,
                (Some(_), _) => {}
                (None, value) => {
                    last.insert(key, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(fragments: &[&str]) -> String {
        let mut details = Details::default();
        for fragment in fragments {
            details.push(fragment, &mut |_, _| {});
        }
        details.take().unwrap_or_default()
    }

    #[test]
    fn texts_are_joined_and_the_rest_is_kept() {
        assert_eq!(
            assembled(&[
                r#"[{"type":"reasoning.text","text":"a","index":0,"id":null}]"#,
                r#"[{"type":"reasoning.text","text":"b","index":0}]"#,
                r#"[{"type":"reasoning.text","signature":"s","index":0,"id":"x"}]"#,
                r#"[{"type":"reasoning.text","text":"c","index":1}]"#,
            ]),
            r#"[{"type":"reasoning.text","text":"ab","index":0,"id":"x","signature":"s"},{"type":"reasoning.text","text":"c","index":1}]"#
        );
        let encrypted = r#"[{"type":"reasoning.encrypted","data":"d"},{"type":"reasoning.encrypted","data":"e"},{"type":"new","x":1}]"#;
        assert_eq!(assembled(&[encrypted]), encrypted);
        assert_eq!(assembled(&["null", "7", "[7]", "[]"]), "");
    }
}
