//! What is sent, as a server sees it: what the user set and nothing else, and what a server's
//! refusals teach, in one run of the program and in the next.

use serde_json::{Value, json};

use crate::lab;
use crate::lab::{Lab, body, in_turn};
use crate::sandbox::Sandbox;

/// What each request of a server said, oldest first.
fn bodies(lab: &Lab) -> Vec<Value> {
    lab.requests().iter().map(body).collect()
}

fn attempts(sandbox: &Sandbox) -> u64 {
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    let usage: Value = serde_json::from_str(&usage.stdout).expect("JSON");
    usage["total"]["attempts"].as_u64().expect("a number")
}

fn refusal(words: &str) -> String {
    json!({ "error": { "message": words, "type": "invalid_request_error", "code": "unsupported_parameter" } })
        .to_string()
}

/// A parameter that a model does not take is left out after one refusal, told, and left out at once
/// by the next start; what else was set stays, and another model is still asked for it.
#[test]
fn a_refused_parameter_is_left_out_once_and_for_all() {
    let words = refusal("Unsupported parameter: 'temperature' is not supported with this model.");
    let lab = Lab::new(in_turn(vec![lab::status(400, &words), lab::text("fine")]));
    let sandbox = lab.sandbox();
    let ask = |model: &str| {
        let flags = ["--param", "temperature=0.5", "--param", "seed=7", "-n", "hi"];
        sandbox.run(&[["ask", "-m", model].as_slice(), &flags].concat()).expect(0)
    };
    let first = ask("lab/m");
    assert_eq!(first.stdout, "fine\n");
    assert!(first.stderr.contains("lab/m does not take temperature; it was left out"), "{}", first.stderr);
    assert_eq!(attempts(&sandbox), 2, "the refused request is in the book too");
    let second = ask("lab/m");
    assert!(second.stderr.contains("does not take temperature"), "{}", second.stderr);
    ask("lab/n");
    let sent: Vec<(Value, Value)> =
        bodies(&lab).into_iter().map(|body| (body["temperature"].clone(), body["seed"].clone())).collect();
    let (with, without) = ((json!(0.5), json!(7)), (Value::Null, json!(7)));
    assert_eq!(sent, [with.clone(), without.clone(), without, with]);
    assert_eq!(attempts(&sandbox), 4);
}

/// A server that refuses the same thing for ever is not asked for ever.
#[test]
fn each_lesson_is_learnt_once() {
    let words = refusal("Unsupported parameter: 'temperature' is not supported with this model.");
    let lab = Lab::new(lab::status(400, &words));
    let ran = lab.sandbox().run(&["ask", "-m", "lab/m", "--param", "temperature=1", "-n", "hi"]).expect(1);
    assert_eq!(bodies(&lab).len(), 2);
    assert!(ran.stderr.contains("'temperature' is not supported"), "{}", ran.stderr);
    let lab = Lab::new(lab::status(400, &words));
    lab.sandbox().run(&["ask", "-m", "lab/m", "-n", "hi"]).expect(1);
    assert_eq!(bodies(&lab).len(), 1, "what was not sent is not left out");
}

/// Two switches that a server lacks are learnt one after the other.
#[test]
fn names_and_options_are_learnt_too() {
    let rename = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    let lab = Lab::new(in_turn(vec![
        lab::status(
            422,
            r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
        ),
        lab::status(400, &refusal(rename)),
        lab::text("fine"),
    ]));
    let sandbox = lab.sandbox();
    for _ in 0..2 {
        sandbox.run(&["ask", "-m", "lab/m", "--param", "max_tokens=9", "-n", "hi"]).expect(0);
    }
    let sent = bodies(&lab);
    assert_eq!(sent.len(), 4);
    assert!(sent[0]["stream_options"].is_object() && sent[1..].iter().all(|b| b["stream_options"].is_null()));
    assert!(sent[..2].iter().all(|b| b["max_tokens"] == 9 && b["max_completion_tokens"].is_null()));
    assert!(sent[2..].iter().all(|b| b["max_completion_tokens"] == 9 && b["max_tokens"].is_null()));
}

/// Where a provider is asked one thing at a time, the seats of a turn are asked in the order of the panes.
#[test]
fn seats_are_asked_in_the_order_of_the_panes() {
    let lab = Lab::new(lab::text("fine"));
    let sandbox = lab.sandbox_with("concurrency = 1\n");
    let names = ["lab/d", "lab/b", "lab/c", "lab/a"];
    let flags: Vec<&str> = names.into_iter().flat_map(|name| ["-m", name]).collect();
    for _ in 0..20 {
        sandbox.run(&[["ask", "-n", "hi"].as_slice(), &flags].concat()).expect(0);
    }
    let asked: Vec<Value> = bodies(&lab).into_iter().map(|body| body["model"].clone()).collect();
    assert_eq!(asked, ["d", "b", "c", "a"].repeat(20));
}

/// Headers of one model go with its requests alone; nothing on disk knows them.
#[test]
fn headers_of_a_model_go_to_that_model() {
    let lab = Lab::new(lab::text("fine"));
    let sandbox = lab.sandbox_with(
        "headers = { X-All = \"all\", X-Both = \"provider\" }\n[model.\"lab/m\"]\n\
         headers = { X-Own = \"sk-CANARY-model\", X-Both = \"model\" }\n",
    );
    for model in ["lab/m", "lab/n"] {
        sandbox.run(&["ask", "-m", model, "-n", "hi"]).expect(0);
    }
    let sent = lab.requests();
    let all = |request: &crate::mock::Request| request.head.to_ascii_lowercase();
    let (own, other) = (all(&sent[0]), all(&sent[1]));
    assert!(own.contains("x-own: sk-canary-model") && own.contains("x-all: all"), "{own}");
    assert!(own.contains("x-both: model") && !own.contains("x-both: provider"), "{own}");
    assert!(!other.contains("canary-model") && other.contains("x-both: provider"), "{other}");
    for entry in std::fs::read_dir(sandbox.home().join("data/salon")).expect("the folder of the database") {
        let bytes = std::fs::read(entry.expect("an entry").path()).unwrap_or_default();
        assert!(!bytes.windows(15).any(|window| window == b"sk-CANARY-model"));
    }
}

/// The Responses API over HTTP: its path, its body, its frames, its tokens.
#[test]
fn responses_are_asked_and_read() {
    let event = |value: Value| lab::data(&value);
    let done = json!({ "id": "resp_1", "status": "completed", "model": "m-1",
        "usage": { "input_tokens": 12, "output_tokens": 34 } });
    let frames = vec![
        event(json!({ "type": "response.output_text.delta", "output_index": 0, "delta": "By responses." })),
        event(json!({ "type": "response.completed", "response": done })),
    ];
    let lab = Lab::new(lab::always(lab::stream(frames)));
    let sandbox = lab.sandbox_with("api = \"responses\"\n");
    let ran = sandbox.run(&["ask", "-m", "lab/m", "-n", "--format", "json", "hi"]).expect(0);
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert!(ran.stdout.contains("By responses.") && ran.stdout.contains("34"), "{told}");
    assert!(lab.requests()[0].head.starts_with("POST /v1/responses "));
    assert_eq!(bodies(&lab)[0]["store"], false);
}

/// Azure carries its key in another header, and has an address of the user's own.
#[test]
fn azure_has_its_own_header() {
    let lab = Lab::new(lab::text("fine"));
    let sandbox = Sandbox::new()
        .variable("AZURE_OPENAI_API_KEY", "sk-CANARY-azure")
        .variable("AZURE_OPENAI_ENDPOINT", &lab.url());
    sandbox.run(&["ask", "-m", "azure/my-deployment", "-n", "hi"]).expect(0);
    let text = lab.requests()[0].head.clone();
    assert!(text.starts_with("POST /openai/v1/chat/completions "), "{text}");
    let head = text.to_ascii_lowercase();
    assert!(head.contains("api-key: sk-canary-azure") && !head.contains("authorization:"), "{text}");
}

/// Files go along with a prompt, stay with their turn, and go along again with the next prompt.
#[test]
fn attached_files_are_sent_and_sent_again() {
    let lab = Lab::new(lab::text("a boat"));
    let sandbox = lab.sandbox();
    let png = sandbox.home().join("boat.bin");
    std::fs::write(&png, b"\x89PNG\r\n\x1a\nxyz").expect("a picture");
    std::fs::write(sandbox.home().join("notes.md"), "one\ntwo\n").expect("a text");
    let flags =
        ["ask", "--room", "boats", "-m", "lab/m", "-n", "-a", "boat.bin", "-a", "notes.md", "What is it?"];
    sandbox.run(&flags).expect(0);
    sandbox.run(&["ask", "--room", "boats", "-n", "And now?"]).expect(0);
    let sent = bodies(&lab);
    let picture =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgp4eXo=" } });
    for body in &sent {
        let content = &body["messages"][0]["content"];
        assert_eq!(content[0]["text"], "What is it?\n\nnotes.md:\n```\none\ntwo\n```", "{body}");
        assert_eq!(content[1], picture, "{body}");
    }
    assert_eq!(sent[1]["messages"][2]["content"], "And now?");
    std::fs::write(sandbox.home().join("id_rsa"), "x").expect("a key");
    let ran = sandbox.run(&["ask", "-m", "lab/m", "-n", "-a", "id_rsa", "hi"]).expect(2);
    assert!(ran.stderr.contains("hold keys and passwords"), "{}", ran.stderr);
    assert_eq!(lab.connections(), 2, "nothing was sent");
}
