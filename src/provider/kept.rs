//! What chat-style servers want back with the results of the calls that their model made: its
//! thinking, as DeepSeek and others name it, and what hangs on a call, as the signature of a thought
//! at Gemini's layer. Between the reply and the next request it is opaque state.
//!
//! It must not say to whom it may go back, nor when; that is the request's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;

/// The most bytes of thinking that are kept to go back.
const MOST_THINKING: usize = 1024 * 1024;

/// The state of one reply.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Kept<'a> {
    /// The thinking that led to the calls.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<Cow<'a, str>>,
    /// What hangs on a call, by the call's id.
    #[serde(borrow, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) extra_content: BTreeMap<String, &'a RawValue>,
}

impl<'a> Kept<'a> {
    /// From the state of a reply; nothing, when it is that of another format.
    pub(super) fn read(json: &'a str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// As the state of a reply; `None` when there is nothing in it.
    pub(super) fn write(thinking: &'a str, extras: &'a [(String, String)]) -> Option<String> {
        let thinking = Some(thinking).filter(|text| !text.is_empty() && text.len() <= MOST_THINKING);
        let raw = |(id, json): &'a (String, String)| Some((id.clone(), serde_json::from_str(json).ok()?));
        let kept = Self {
            reasoning_content: thinking.map(Cow::Borrowed),
            extra_content: extras.iter().filter_map(raw).collect(),
        };
        let any = kept.reasoning_content.is_some() || !kept.extra_content.is_empty();
        any.then(|| serde_json::to_string(&kept).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let extras = [("c1".to_owned(), r#"{"google":{"thought_signature":"U2ln"}}"#.to_owned())];
        for (thinking, extras, json) in [
            ("", &[][..], None),
            ("Both.\n", &[], Some(r#"{"reasoning_content":"Both.\n"}"#)),
            ("", &extras, Some(r#"{"extra_content":{"c1":{"google":{"thought_signature":"U2ln"}}}}"#)),
        ] {
            let written = Kept::write(thinking, extras);
            assert_eq!(written.as_deref(), json);
            let read = written.as_deref().map(Kept::read).unwrap_or_default();
            assert_eq!(read.reasoning_content.as_deref().unwrap_or_default(), thinking);
            assert_eq!(read.extra_content.contains_key("c1"), !extras.is_empty());
        }
        assert_eq!(Kept::write(&"x".repeat(MOST_THINKING + 1), &[]), None);
        for other in
            [r#"[{"type":"reasoning.text"}]"#, r#"{"thinking":"x"}"#, r#"{"reasoning_content":7}"#, "x"]
        {
            assert!(Kept::read(other).reasoning_content.is_none(), "{other}");
        }
    }
}
