//! What a request costs, from the server's count to what is printed and kept.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::{Lab, always, data, finished, stream};
use crate::mock::{Request, Step, head, response};
use crate::pty::Pty;
use crate::sandbox::Sandbox;

/// A provider that says what it costs, or not.
fn told(cost: Value) -> Lab {
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "cost": cost });
    let counted = data(&json!({ "id": "gen-1", "choices": [{ "index": 0, "delta": { "content": "ab" } }],
        "usage": usage }));
    Lab::new(always(stream(vec![counted, finished("stop")])))
}

fn sandbox(url: &str, more: &str) -> Sandbox {
    Sandbox::new().config(&format!(
        "[provider.lab]\ndialect = \"openrouter\"\nbase_url = \"{url}/v1\"\n{more}\n\
         [model.\"lab/m\"]\nprice = {{ input = \"10\", output = \"30\" }}\n"
    ))
}

fn ask(sandbox: &Sandbox) -> (Value, String) {
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", "lab/m", "hello"]).expect(0);
    let object: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    (object["replies"][0].clone(), ran.stderr)
}

/// 1000 tokens at 10 and 100 at 30 dollars a million are 0.013.
#[test]
fn the_providers_figure_wins_and_a_difference_is_told() {
    let server = told(json!(0.0143));
    let sandbox = sandbox(&server.url(), "");
    let (reply, stderr) = ask(&sandbox);
    assert_eq!(reply["charge"], json!({ "usd": "0.0143", "source": "reported" }));
    assert!(stderr.contains("lab/m reports $0.0143, prices say $0.0130: 10 % apart"), "{stderr}");
    let usage = sandbox.run(&["usage"]).expect(0).stdout;
    assert!(usage.contains("1 request costs more than 1 % more or less than the prices say"), "{usage}");
    assert!(usage.contains("$0.0143 reported, $0.0130 by the prices"), "{usage}");
}

#[test]
fn a_figure_that_agrees_is_not_talked_about() {
    let server = told(json!(0.0131));
    let sandbox = sandbox(&server.url(), "");
    let (reply, stderr) = ask(&sandbox);
    assert_eq!(reply["charge"], json!({ "usd": "0.0131", "source": "reported" }));
    assert!(!stderr.contains("prices say"), "{stderr}");
    assert!(!sandbox.run(&["usage"]).expect(0).stdout.contains("prices say"));
}

#[test]
fn a_subscription_is_neither_nothing_nor_unknown() {
    let server = told(Value::Null);
    let sandbox = sandbox(&server.url(), "tariff = \"subscription\"");
    let (reply, _) = ask(&sandbox);
    assert_eq!(reply["tokens"]["input"], 1000);
    let usage = sandbox.run(&["usage"]).expect(0).stdout;
    assert!(usage.contains("1 covered by a subscription") && !usage.contains("unknown"), "{usage}");
    let json: Value =
        serde_json::from_str(&sandbox.run(&["usage", "--format", "json"]).expect(0).stdout).expect("JSON");
    assert_eq!(
        json["total"]["charge"],
        json!({ "usd": null, "reported": "0", "computed": "0", "estimated": "0", "unknown": 0 })
    );
}

#[test]
fn what_is_free_is_nothing_and_known() {
    let server = told(Value::Null);
    let sandbox = sandbox(&server.url(), "tariff = \"free\"");
    let (reply, _) = ask(&sandbox);
    assert_eq!(reply["charge"], json!({ "usd": "0", "source": "computed" }));
    let json: Value =
        serde_json::from_str(&sandbox.run(&["usage", "--format", "json"]).expect(0).stdout).expect("JSON");
    assert_eq!(
        (&json["total"]["charge"]["usd"], &json["total"]["charge"]["unknown"]),
        (&json!("0"), &json!(0))
    );
}

/// The reply breaks off; half a second later the server knows what it cost, and the footer turns exact.
#[test]
fn a_footer_turns_exact_when_the_cost_is_known() {
    let server = Lab::new(Arc::new(|request: &Request| {
        if request.head.starts_with("GET ") {
            let body = json!({ "data": { "id": "gen-1", "total_cost": 0.4321,
                "native_tokens_prompt": 40, "native_tokens_completion": 10 } });
            return response("200 OK", "application/json", &body.to_string());
        }
        let mut bytes = head("200 OK", &[("content-type", "text/event-stream"), ("connection", "close")]);
        let half = json!({ "id": "gen-1", "choices": [{ "index": 0, "delta": { "content": "half" } }] });
        bytes.extend_from_slice(&data(&half));
        vec![Step::Send(bytes), Step::Fin]
    }));
    let sandbox = sandbox(&server.url(), "retries = 0");
    let mut room = Pty::start(&sandbox, &["-m", "lab/m"], (120, 30));
    room.see("enter send");
    room.ask("go");
    room.see("half");
    room.see("$0.4321");
}
