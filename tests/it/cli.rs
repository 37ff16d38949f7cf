//! The command line: exit statuses, formats, pipes, and what stays out of them.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::Sandbox;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn one_seat_prints_the_reply_and_nothing_else() {
    let ran = Sandbox::new().run(&["ask", "-n", "-m", "demo/echo", "hi there"]).expect(0);
    assert_eq!(ran.stdout, "hi there\n");
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
}

#[test]
fn several_seats_have_headers_in_seat_order() {
    let sandbox = Sandbox::new().quick_demo();
    let ran = sandbox.run(&["ask", "-n", "-m", "demo/thinker", "-m", "demo/echo", "hi"]).expect(0);
    let first = ran.stdout.find("demo/thinker").expect("the first header");
    let second = ran.stdout.find("demo/echo").expect("the second header");
    assert!(first < second, "{}", ran.stdout);
}

#[test]
fn the_prompt_comes_from_argument_and_input_together() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.run_with(&["ask", "-m", "demo/echo", "about:"], b"the input").expect(0).stdout.trim(),
        "about:\n\nthe input"
    );
    assert_eq!(
        sandbox.run_with(&["ask", "-m", "demo/echo", "-"], b"only input\n").expect(0).stdout.trim(),
        "only input"
    );
    assert_eq!(
        sandbox.run_with(&["ask", "-m", "demo/echo"], b"only input\n").expect(0).stdout.trim(),
        "only input"
    );
    assert_eq!(
        sandbox.run_with(&["ask", "-n", "-m", "demo/echo", "just this"], b"ignored").expect(0).stdout.trim(),
        "just this"
    );
    sandbox.run_with(&["ask", "-m", "demo/echo"], b"\xff\xfe").expect(2);
    sandbox.run_with(&["ask", "-m", "demo/echo"], b"").expect(2);
}

#[test]
fn json_is_the_documented_object() {
    let sandbox = Sandbox::new().quick_demo();
    let ran = sandbox
        .run(&["ask", "-n", "--format", "json", "-m", "demo/thinker", "-m", "demo/echo", "hi"])
        .expect(0);
    let object = json(&ran.stdout);
    let keys =
        |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&object), "prompt room turn replies charge");
    let reply = &object["replies"][0];
    assert_eq!(
        keys(reply),
        "seat model served_model upstream status finish text thinking tool_calls tokens charge attempts key ttft_ms total_ms error"
    );
    assert_eq!(keys(&reply["tokens"]), "input cache_read cache_write output reasoning");
    assert_eq!(reply["seat"], 1);
    assert_eq!(reply["model"], "demo/thinker");
    assert!(!reply["thinking"].as_str().expect("thinking").is_empty());
    assert_eq!(object["replies"][1]["text"], "hi");
}

#[test]
fn jsonl_ends_with_the_whole_object() {
    let sandbox = Sandbox::new().quick_demo();
    let ran = sandbox.run(&["ask", "-n", "--format", "jsonl", "-m", "demo/thinker", "hi"]).expect(0);
    let lines: Vec<Value> = ran.stdout.lines().map(json).collect();
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"start"), "{kinds:?}");
    assert!(kinds.contains(&"thinking") && kinds.contains(&"text") && kinds.contains(&"done"), "{kinds:?}");
    let text: String =
        lines.iter().filter(|line| line["type"] == "text").filter_map(|line| line["text"].as_str()).collect();
    let last = lines.last().expect("a last line");
    assert_eq!(last["replies"][0]["text"], text.as_str());
}

#[test]
fn exit_statuses() {
    let sandbox = Sandbox::new().quick_demo();
    sandbox.run(&["ask", "-n", "-m", "demo/flaky", "error"]).expect(1);
    sandbox.run(&["ask", "-n", "-m", "demo/flaky", "-m", "demo/echo", "error"]).expect(3);
    sandbox.run(&["ask", "-n", "-m", "nowhere/model", "hi"]).expect(2);
    sandbox.run(&["ask", "--no-such-flag"]).expect(2);
}

#[test]
fn an_unknown_provider_is_named_with_the_nearest() {
    let ran = Sandbox::new().run(&["ask", "-n", "-m", "openruoter/x/y", "hi"]).expect(2);
    assert!(ran.stderr.contains("openruoter") && ran.stderr.contains("openrouter"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_missing_key_says_what_was_tried() {
    let ran = Sandbox::new().run(&["ask", "-n", "-m", "openai/gpt-5.1", "hi"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("OPENAI_API_KEY"), "{}", ran.stderr);
}

#[test]
fn a_word_that_is_nearly_a_command_is_no_prompt() {
    let ran = Sandbox::new().run(&["uasge"]).expect(2);
    assert!(ran.stderr.contains("usage"), "{}", ran.stderr);
}

#[test]
fn without_a_terminal_the_room_says_what_works() {
    let ran = Sandbox::new().run(&[]).expect(2);
    assert!(ran.stderr.contains("salon ask"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_pipe_that_closes_is_quiet() {
    let sandbox = Sandbox::new().quick_demo();
    let mut child =
        sandbox.command(&["ask", "-n", "-m", "demo/tour", "-m", "demo/tour", "hi"]).spawn().expect("started");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("read");
    let code = child.wait().expect("ended").code();
    assert!(matches!(code, Some(0 | 141)), "{code:?}");
    assert_eq!(stderr, "");
}

#[test]
fn a_full_disk_is_told() {
    let sandbox = Sandbox::new().quick_demo();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = sandbox
        .command(&["ask", "-n", "-m", "demo/echo", "hi"])
        .stdout(Stdio::from(full))
        .output()
        .expect("ended");
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty());
}

#[test]
fn control_characters_do_not_reach_standard_output() {
    let sandbox = Sandbox::new();
    let hostile = "a\u{1b}]52;c;SGk=\u{7}b\u{9b}31mc\u{7f}\u{85}";
    let text = sandbox.run_with(&["ask", "-m", "demo/echo"], hostile.as_bytes()).expect(0).stdout;
    assert!(text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{text:?}");
    let object = json(
        &sandbox
            .run_with(&["ask", "--format", "json", "-m", "demo/echo"], hostile.as_bytes())
            .expect(0)
            .stdout,
    );
    assert_eq!(object["replies"][0]["text"], hostile, "JSON is lossless");
}

#[test]
fn a_spent_budget_refuses_and_nothing_is_sent() {
    let sandbox =
        Sandbox::new().config("[budget]\nday = \"0\"\n").variable("OPENAI_API_KEY", "sk-test-never-sent");
    let ran = sandbox.run(&["ask", "-n", "-m", "openai/gpt-5.1", "hi"]).expect(4);
    assert!(ran.stderr.contains("budget"), "{}", ran.stderr);
}

#[test]
fn usage_adds_up_what_was_asked() {
    let sandbox = Sandbox::new().quick_demo();
    for _ in 0..3 {
        sandbox.run(&["ask", "-n", "-m", "demo/echo", "-m", "demo/eliza", "hi"]).expect(0);
    }
    let report = json(&sandbox.run(&["usage", "--format", "json"]).expect(0).stdout);
    assert_eq!(report["by"], "model");
    assert_eq!(report["total"]["attempts"], 6, "{report}");
    let rows = report["rows"].as_array().expect("rows");
    let sum: u64 = rows.iter().map(|row| row["attempts"].as_u64().expect("attempts")).sum();
    assert_eq!(sum, 6);
    let by_day = json(&sandbox.run(&["usage", "--by", "day", "--format", "json"]).expect(0).stdout);
    assert_eq!(by_day["total"]["tokens"], report["total"]["tokens"]);
    let table = sandbox.run(&["usage"]).expect(0).stdout;
    assert!(table.contains("demo/echo") && table.contains("demo/eliza"), "{table}");
}

#[test]
fn rooms_made_by_ask_are_hidden_unless_named() {
    let sandbox = Sandbox::new().quick_demo();
    sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
    sandbox.run(&["ask", "-n", "--room", "kitchen", "-m", "demo/echo", "first"]).expect(0);
    sandbox.run(&["ask", "-n", "--room", "kitchen", "second"]).expect(0);
    let list = sandbox.run(&["rooms", "list"]).expect(0).stdout;
    assert!(list.contains("kitchen"), "{list}");
    assert_eq!(list.lines().filter(|line| line.contains("echo")).count(), 1, "{list}");
}
