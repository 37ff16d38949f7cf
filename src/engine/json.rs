//! The one small JSON text that the engine itself writes into the book: a tool call. Nothing is
//! read here, and nothing else is written.

use std::fmt::Write;

use crate::chat::ToolCall;

/// A tool call: `{"id","name","arguments"}`, all three as strings; the arguments stay the raw text
/// that the model wrote, because it may be no JSON.
#[must_use]
pub fn call(call: &ToolCall) -> String {
    let mut out = String::from("{\"id\":");
    quoted(&mut out, &call.id);
    out.push_str(",\"name\":");
    quoted(&mut out, call.name.raw());
    out.push_str(",\"arguments\":");
    quoted(&mut out, call.arguments.raw());
    out.push('}');
    out
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use crate::text::Untrusted;

    use super::*;

    #[test]
    fn calls_are_json_whatever_is_in_them() {
        let made = call(&ToolCall {
            id: "c\u{1}".to_owned(),
            name: Untrusted::from("say \"hi\""),
            arguments: Untrusted::from("{\"a\": \"b\\n\"}\n"),
        });
        let read: serde_json::Value = serde_json::from_str(&made).expect("JSON");
        assert_eq!(read["id"], "c\u{1}");
        assert_eq!(read["name"], "say \"hi\"");
        assert_eq!(read["arguments"], "{\"a\": \"b\\n\"}\n");
    }
}
