//! Tool calls of providers that send them whole, and their way back: ids that the provider did not
//! give are made up here and never sent, results follow in the order of the calls, and a call that
//! nobody answered is left out, because no provider takes it back alone.

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::ToolCall;
use crate::text::Untrusted;

/// How an id begins that no provider gave.
const MADE_UP: &str = "salon-call-";
/// The most bytes that the arguments of all calls may have (safety R40).
const MOST_ARGUMENTS: usize = 1024 * 1024;
/// The most calls of one reply.
const MOST_CALLS: usize = 1024;

/// The calls of one reply.
#[derive(Debug, Default)]
pub(super) struct WholeCalls {
    calls: Vec<ToolCall>,
    bytes: usize,
}

impl WholeCalls {
    /// Takes a call. The arguments are JSON text: an object, or an object inside of a string.
    ///
    /// # Errors
    /// When there are more, or larger ones, than any real reply has.
    pub(super) fn push(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&str>,
    ) -> Result<(), Fault> {
        let arguments = arguments.unwrap_or("{}");
        self.bytes = self.bytes.saturating_add(arguments.len());
        if self.calls.len() >= MOST_CALLS || self.bytes > MOST_ARGUMENTS {
            return Err(Fault::new(FaultClass::Protocol, "The tool calls of the reply are too large.")
                .hint("Ask again, or ask another model."));
        }
        let arguments = serde_json::from_str::<String>(arguments).unwrap_or_else(|_| arguments.to_owned());
        let id = id.map_or_else(|| format!("{MADE_UP}{}", self.calls.len() + 1), str::to_owned);
        let name = Untrusted::from(name.unwrap_or_default());
        self.calls.push(ToolCall { id, name, arguments: Untrusted::from(arguments) });
        Ok(())
    }

    /// The calls in the order in which they came.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        std::mem::take(&mut self.calls)
    }
}

/// The id of a call as the provider gave it; `None` when it gave none.
pub(super) fn told_id(call: &ToolCall) -> Option<&str> {
    Some(call.id.as_str()).filter(|id| !id.starts_with(MADE_UP))
}

/// The arguments as a JSON object: what is none goes along as a text in one.
pub(super) fn object(arguments: &str) -> Box<RawValue> {
    let is_object = arguments.trim_start().starts_with('{');
    RawValue::from_string(arguments.trim().to_owned())
        .ok()
        .filter(|_| is_object)
        .or_else(|| {
            let text = serde_json::json!({ "arguments": arguments }).to_string();
            RawValue::from_string(text).ok()
        })
        .unwrap_or_else(|| RawValue::NULL.to_owned())
}

/// The schema of a tool or of an answer, as it is written.
///
/// # Errors
/// When it is no JSON; nothing was sent.
pub(super) fn schema(text: &str, what: &str) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(text.to_owned()).map_err(|error| {
        Fault::new(FaultClass::BadRequest, format!("The schema of {what} is no JSON: {error}."))
            .hint("A schema is one JSON object.")
            .unsent()
    })
}

/// The calls of a message and their results, in the order of the calls. The results are in the
/// messages that follow it at once.
pub(super) fn answered<'a>(message: &'a Message, behind: &'a [Message]) -> Vec<(&'a ToolCall, &'a str)> {
    let results: Vec<(&str, &str)> = behind
        .iter()
        .take_while(|message| message.role == Role::Tool)
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::ToolResult { call_id, text } => Some((call_id.as_str(), text.as_str())),
            _ => None,
        })
        .collect();
    let calls = message.parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    });
    let result = |call: &ToolCall| results.iter().find(|(id, _)| *id == call.id).map(|(_, text)| *text);
    calls.filter_map(|call| result(call).map(|text| (call, text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_missing_are_made_up_and_not_told() {
        let mut calls = WholeCalls::default();
        calls.push(None, Some("a"), None).expect("small");
        calls.push(Some("x"), Some("b"), Some(r#""{\"n\":1}""#)).expect("small");
        calls.push(None, None, Some(r#"{"n": 1.50}"#)).expect("small");
        let calls = calls.take();
        let ids: Vec<_> = calls.iter().map(|call| (call.id.as_str(), told_id(call))).collect();
        assert_eq!(ids, [("salon-call-1", None), ("x", Some("x")), ("salon-call-3", None)]);
        let arguments: Vec<_> = calls.iter().map(|call| call.arguments.raw()).collect();
        assert_eq!(arguments, ["{}", r#"{"n":1}"#, r#"{"n": 1.50}"#]);
    }

    #[test]
    fn calls_are_bounded() {
        let mut calls = WholeCalls::default();
        for _ in 0..MOST_CALLS {
            calls.push(None, Some("a"), None).expect("still few");
        }
        assert_eq!(calls.push(None, Some("a"), None).expect_err("many").class, FaultClass::Protocol);
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MOST_ARGUMENTS));
        assert!(WholeCalls::default().push(None, None, Some(&large)).is_err());
    }

    #[test]
    fn arguments_go_back_as_objects() {
        for (arguments, expected) in [
            (r#" {"n":1.50} "#, r#"{"n":1.50}"#),
            ("[1]", r#"{"arguments":"[1]"}"#),
            (r#"{"n":"#, r#"{"arguments":"{\"n\":"}"#),
            ("", r#"{"arguments":""}"#),
        ] {
            assert_eq!(object(arguments).get(), expected);
        }
    }
}
