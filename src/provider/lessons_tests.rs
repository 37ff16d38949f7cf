//! Refusals as servers really word them, and what they teach; and that nothing is learnt twice, of
//! what was not sent, or of a value that is only out of range.

use std::sync::Arc;

use std::sync::Mutex as Lock;

use super::*;
use crate::chat::{FaultClass, Format, Message};
use crate::provider::error::{Head, Party, from_response};
use crate::provider::openai::tests::{asked, endpoint};

fn refused(status: u16, words: &str) -> Fault {
    Fault { http_status: Some(status), ..Fault::new(FaultClass::BadRequest, words) }
}

/// A request in which everything is set.
fn full() -> ChatRequest {
    let mut request = asked("lab/m");
    Arc::make_mut(&mut request.messages).insert(0, Message::text(Role::System, "Be brief."));
    request.params = Params {
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(4),
        max_tokens: Some(9),
        stop: vec!["x".to_owned()],
        seed: Some(1),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.1),
        effort: Some(Effort::Minimal),
        thinking_tokens: Some(1024),
        verbosity: Some(Effort::Low),
        format: Some(Format::Json),
        openrouter: None,
        extra_body: None,
    };
    request
}

fn openai_quirks() -> Quirks {
    Quirks { developer_role: true, ..Quirks::default() }
}

/// What is missing from the params after a lesson.
fn dropped(request: &ChatRequest) -> Vec<&'static str> {
    let rows = PARAMS.iter().filter(|param| param.name != "thinking");
    rows.filter(|param| !(param.is_set)(&request.params)).map(|param| param.name).collect()
}

/// The words of a refusal, and the parameters that are left out after it.
const REFUSALS: &[(&str, &[&str])] = &[
    ("Unsupported parameter: 'temperature' is not supported with this model.", &["temperature"]),
    (
        "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.",
        &["temperature"],
    ),
    ("`temperature` is deprecated for this model.", &["temperature"]),
    ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.", &["top_p"]),
    ("Unsupported parameter: 'top_p' is not supported with this model.", &["top_p"]),
    ("body.top_k: Extra inputs are not permitted; Unexpected field", &["top_k"]),
    ("property 'top_k' is unsupported", &["top_k"]),
    ("Unknown name \"topK\" at 'generation_config': Cannot find field.", &["top_k"]),
    ("Unsupported parameter: 'presence_penalty' is not supported with this model.", &["presence_penalty"]),
    ("Penalty is not enabled: frequencyPenalty is not supported for this model", &["frequency_penalty"]),
    ("Unrecognized request argument supplied: seed", &["seed"]),
    ("Unsupported parameter: 'stop' is not supported with this model.", &["stop"]),
    ("Model grok-x does not support parameter stop.", &["stop"]),
    ("Argument not supported on this model: 'stop'", &["stop"]),
    ("Unrecognized request argument supplied: reasoning_effort", &["effort"]),
    ("[OpenAI] Unsupported parameter: 'reasoning.effort' is not supported with this model.", &["effort"]),
    ("Thinking level is not supported for this model.", &["effort"]),
    ("Thinking budget is not supported for this model.", &["thinking_tokens"]),
    ("\"lab/m\" does not support thinking", &["effort", "thinking_tokens"]),
    ("Unsupported parameter: 'verbosity' is not supported with this model.", &["verbosity"]),
    (
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        &["format"],
    ),
    ("Unsupported parameter: 'text.format' is not supported with this model.", &["format"]),
    // Neither is taken for a parameter that the model does not know.
    ("Invalid 'temperature': decimal above maximum value. Expected a value <= 2.", &[]),
    ("max_tokens: Field required", &[]),
    ("max_tokens is too large: 9. This model supports at most 4096 completion tokens.", &[]),
    ("Unsupported model: lab/m. Please stop.", &[]),
];

#[test]
fn refusals_teach_what_to_leave_out() {
    for (words, expected) in REFUSALS {
        for status in [400, 422] {
            let (mut lessons, mut request) = (Lessons::default(), full());
            let fault = refused(status, words);
            let sentence = learn_params(&fault, &request, &mut lessons);
            assert_eq!(sentence.is_some(), !expected.is_empty(), "{words}: {sentence:?}");
            let notes = lessons.apply(&mut Quirks::default(), &mut request);
            let mut found = dropped(&request);
            found.sort_unstable();
            assert_eq!(&found, expected, "{words}");
            assert_eq!(notes.first(), sentence.as_ref(), "{words}: what is learnt is what is told");
            // What is no longer sent cannot be refused again, whatever the server says.
            let again = learn_params(&fault, &request, &mut lessons.clone());
            assert!(
                expected.is_empty()
                    || again.is_none()
                    || words.contains("both")
                    || words.starts_with("Thinking"),
                "{words}: {again:?}"
            );
            assert_eq!(learn_params(&fault, &asked("lab/m"), &mut Lessons::default()), None, "not sent");
        }
        assert_eq!(learn_params(&refused(500, words), &full(), &mut Lessons::default()), None, "{words}");
    }
}

#[test]
fn the_openai_family_teaches_its_switches_too() {
    type Row = (&'static str, fn(&Quirks) -> bool);
    let table: &[Row] = &[
        ("Unknown field: stream_options", |quirks| !quirks.stream_options),
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            |quirks| quirks.max_completion_tokens,
        ),
        ("Unsupported value: 'messages[0].role' does not support 'developer' with this model.", |quirks| {
            !quirks.developer_role
        }),
    ];
    for (words, holds) in table {
        let (mut lessons, mut quirks) = (Lessons::default(), openai_quirks());
        assert!(!holds(&quirks));
        let sentence = learn_openai(&refused(400, words), &full(), &quirks, &mut lessons);
        assert!(sentence.is_some_and(|sentence| sentence.starts_with("lab/m ")), "{words}");
        lessons.apply(&mut quirks, &mut full());
        assert!(holds(&quirks), "{words}");
        let again = learn_openai(&refused(400, words), &full(), &quirks, &mut lessons);
        assert_eq!(again, None, "{words}: once");
    }
    let mut quirks = Quirks { max_completion_tokens: true, ..Quirks::default() };
    let mut lessons = Lessons::default();
    let fault = refused(400, "Unrecognized request argument supplied: max_completion_tokens");
    assert!(learn_openai(&fault, &full(), &quirks, &mut lessons).is_some());
    lessons.apply(&mut quirks, &mut full());
    assert!(!quirks.max_completion_tokens);
}

#[test]
fn efforts_that_a_refusal_names_are_the_ones_to_take() {
    let words = "Unsupported value: 'minimal' is not supported with the 'lab/m' model. Supported values are: 'low', 'medium', and 'high'.";
    let (mut lessons, mut request) = (Lessons::default(), full());
    assert!(learn_params(&refused(400, words), &request, &mut lessons).is_some());
    lessons.apply(&mut Quirks::default(), &mut request);
    assert!(clamp_effort(&mut request).is_some_and(|note| note.contains("low was taken")));
    assert_eq!(request.params.effort, Some(Effort::Low));
}

/// Of the recorded refusals only those that name a parameter teach something.
#[test]
fn recorded_refusals_teach_nothing_by_chance() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut taught = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !name.starts_with("http-") {
            continue;
        }
        let record: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).expect(&name)).expect(&name);
        let status = record["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect(&name);
        let body = record["body"].as_str().map_or_else(|| record["body"].to_string(), str::to_owned);
        let head = Head { status, headers: Vec::new() };
        let fault = from_response(&Party::default(), &head, body.as_bytes(), Millis(0));
        if learn_openai(&fault, &full(), &openai_quirks(), &mut Lessons::default()).is_some() {
            taught.push(name);
        }
    }
    taught.sort();
    let expected = [
        "http-anthropic-400-temperature.json",
        "http-mistral-422-detail.json",
        "http-openai-400-max-tokens.json",
        "http-openai-400-unsupported-effort.json",
        "http-openai-400-unsupported-temperature.json",
        "http-or-400-unsupported-raw.json",
    ];
    assert_eq!(taught, expected);
}

#[test]
fn what_a_catalogue_does_not_list_is_not_sent() {
    let listed = ["max_tokens", "reasoning", "response_format", "seed"].map(str::to_owned).to_vec();
    let mut request = full();
    request.abilities.parameters = Some(listed);
    let notes = drop_unlisted(&mut request);
    let left: Vec<_> =
        ["top_k", "top_p", "temperature", "frequency_penalty", "presence_penalty", "verbosity", "stop"]
            .to_vec();
    assert_eq!(dropped(&request), left);
    assert_eq!(notes.len(), left.len());
    assert!(notes.contains(&"lab/m does not take top_k; it was left out".to_owned()));
    assert_eq!(request.params.max_tokens, Some(9), "what bounds the cost stays");
    for unknown in [None, Some(Vec::new())] {
        let mut request = full();
        request.abilities.parameters = unknown;
        assert!(drop_unlisted(&mut request).is_empty() && dropped(&request).is_empty());
    }
}

#[test]
fn efforts_are_clamped_to_the_nearest_lower_one() {
    use Effort::{High, Low, Max, Medium, Minimal, None as No, Xhigh};
    let table: &[(Effort, &[Effort], Effort)] = &[
        (Max, &[Low, Medium, High], High),
        (Xhigh, &[Low, Medium, High], High),
        (Minimal, &[Low, High], Low),
        (Medium, &[Low, High], Low),
        (No, &[Low, High], Low),
        (High, &[Low, High], High),
        (High, &[], High),
    ];
    for (wanted, known, expected) in table {
        let mut request = asked("lab/m");
        request.params.effort = Some(*wanted);
        request.abilities.efforts = Some(known.to_vec());
        let note = clamp_effort(&mut request);
        assert_eq!(request.params.effort, Some(*expected), "{wanted:?} of {known:?}");
        assert_eq!(note.is_some(), wanted != expected, "{note:?}");
    }
}

#[tokio::test]
async fn lessons_are_kept_by_address_and_read_once() {
    let kept = Arc::new(Lock::new(None::<String>));
    let book = |text: Option<String>| {
        let kept = Arc::clone(&kept);
        LessonBook::new(move || async move { text }, move |text| *kept.lock().expect("a lock") = Some(text))
    };
    let mut lessons = Lessons::default();
    lessons.left_out.insert("top_k".to_owned());
    let (here, mut there) = (endpoint(), endpoint());
    there.base_url = "http://127.0.0.1:2/v1".to_owned();
    let first = book(None);
    first.add(&here, "m", lessons.clone()).await;
    let text = kept.lock().expect("a lock").clone();
    let second = book(text);
    assert_eq!(second.of(&here, "m").await.left_out, lessons.left_out);
    assert!(second.of(&here, "n").await.left_out.is_empty(), "another model");
    assert!(second.of(&there, "m").await.left_out.is_empty(), "another server");
    let old = r#"{"http://127.0.0.1:1/v1 m":{"left_out":["top_k"],"since":1}}"#;
    for text in [old, "[]", "{", ""] {
        assert!(book(Some(text.to_owned())).of(&here, "m").await.left_out.is_empty(), "{text}");
    }
}
