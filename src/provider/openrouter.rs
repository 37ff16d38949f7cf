//! OpenRouter's form of chat completions: it says what a reply cost and who served it, takes its
//! opaque state back, and wants to know which program asks.

use crate::chat::ChatRequest;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::Quirks;
use crate::provider::Decoder;
use crate::provider::HttpParts;
use crate::provider::chat_stream::{Chat, Flavour};
use crate::provider::driver::Halves;
use crate::provider::error::Party;
use crate::provider::lessons::Lessons;
use crate::provider::lessons::learn_params;
use crate::provider::openai;
use crate::provider::openai::Form;
use crate::provider::stream::Reader;

/// The dialect.
pub(super) static HALVES: Halves = Halves { request, decoder, learn };

/// The name that the user's account shows for the requests.
const TITLE: &str = env!("CARGO_PKG_NAME");

/// OpenRouter tells programs apart by an address. salon has no home on the web, so that it is one
/// that can never be anybody's.
const REFERER: &str = "https://salon.invalid/";

fn request(endpoint: &Endpoint, asked: &ChatRequest) -> Result<HttpParts, Fault> {
    let mut parts = openai::parts(endpoint, asked, Form::OpenRouter)?;
    parts.headers.push(("http-referer", REFERER.to_owned()));
    parts.headers.push(("x-openrouter-title", TITLE.to_owned()));
    Ok(parts)
}

fn decoder(endpoint: &Endpoint, _asked: &ChatRequest) -> Box<dyn Decoder> {
    // OpenRouter always sends a finish reason; its thinking has members of its own, its state too.
    let quirks = Quirks { always_finishes: true, ..endpoint.quirks };
    Box::new(Reader::new(Party::of(endpoint), Chat::new(Flavour { openrouter: true, quirks }, false)))
}

fn learn(fault: &Fault, sent: &ChatRequest, _: &Quirks, lessons: &mut Lessons) -> Option<String> {
    learn_params(fault, sent, lessons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Effort, Message, Part, Role};
    use crate::provider::openai::tests::{asked, endpoint};

    #[test]
    fn requests_have_its_headers_and_its_members() {
        let mut asked = asked("openrouter/anthropic/claude-x");
        asked.params.effort = Some(Effort::High);
        asked.params.max_tokens = Some(9);
        let parts = request(&endpoint(), &asked).expect("parts");
        assert_eq!(parts.path, "/chat/completions");
        assert_eq!(
            parts.body,
            r#"{"model":"anthropic/claude-x","messages":[{"role":"user","content":"hi"}],"stream":true,"max_tokens":9,"reasoning":{"effort":"high"}}"#
        );
        let names: Vec<_> = parts.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["http-referer", "x-openrouter-title"]);
    }

    #[test]
    fn opaque_state_goes_back_to_the_model_that_made_it() {
        let with = |model: &str| {
            let mut asked = asked("openrouter/a/b");
            let opaque =
                Part::Opaque { model: model.to_owned(), json: r#"[{"type":"x","n":1.50}]"#.to_owned() };
            std::sync::Arc::make_mut(&mut asked.messages)
                .push(Message { role: Role::Assistant, parts: vec![Part::Text("t".to_owned()), opaque] });
            request(&endpoint(), &asked).expect("parts").body
        };
        for same in ["openrouter/a/b", "a/b"] {
            assert!(with(same).contains(r#""reasoning_details":[{"type":"x","n":1.50}]"#), "{same}");
        }
        assert!(!with("openrouter/a/c").contains("reasoning_details"));
    }

    #[test]
    fn its_own_members_join_the_body_and_its_tools_ours() {
        let mut asked = asked("openrouter/a/b");
        asked.tools = vec![crate::chat::Tool {
            name: "t".to_owned(),
            description: "d".to_owned(),
            schema: "{}".to_owned(),
        }];
        asked.params.effort = Some(Effort::High);
        asked.params.thinking_tokens = Some(2000);
        asked.params.verbosity = Some(Effort::Max);
        asked.params.openrouter = Some(
            r#"{"provider":{"order":["x"],"max_price":{"prompt":1.50}},"models":["a/c"],"plugins":[{"id":"web"}],"tools":[{"type":"openrouter:datetime"}]}"#
                .to_owned(),
        );
        asked.params.extra_body = Some(r#"{"models":["a/d"]}"#.to_owned());
        let parts = request(&endpoint(), &asked).expect("parts");
        assert!(
            parts.body.ends_with(concat!(
                r#""reasoning":{"max_tokens":2000},"verbosity":"max","#,
                r#""tools":[{"type":"function","function":{"name":"t","description":"d","parameters":{}}},{"type":"openrouter:datetime"}],"#,
                r#""provider":{"order":["x"],"max_price":{"prompt":1.50}},"models":["a/d"],"plugins":[{"id":"web"}]}"#,
            )),
            "{}",
            parts.body
        );
        assert_eq!(parts.notes, ["openrouter/a/b takes effort or thinking_tokens; effort was left out"]);
        let elsewhere = (openai::HALVES.request)(&endpoint(), &asked).expect("parts");
        assert!(!elsewhere.body.contains("plugins"), "no other provider is told");
    }
}
