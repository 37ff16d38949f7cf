//! The exit statuses, the JSON object to the letter, and what is printed for one and for several seats.

use std::time::Instant;

use super::*;
use crate::chat::Charge;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Source;
use crate::chat::Tokens;
use crate::cli::out::tests::pages;

fn ended(status: Status, fault: Option<Fault>) -> Outcome {
    Outcome {
        status,
        finish: (status == Status::Done).then(|| "stop".to_owned()),
        fault,
        tokens: Tokens {
            input: Some(12),
            cache_read: Some(0),
            cache_write: Some(0),
            output: Some(40),
            reasoning: Some(8),
            ..Tokens::default()
        },
        charge: Charge::of(Pico(412_000_000), Source::Reported, Tariff::Metered),
        attempts: 1,
        ttft_ms: Some(410),
        total_ms: 1930,
        served_model: Some(Untrusted::from("x/y-2026")),
        upstream: Some(Untrusted::from("DeepInfra")),
        key_alias: "default".to_owned(),
    }
}

fn seated(ids: &mut Ids, no: u32, outcome: Option<Outcome>) -> Answer {
    let model = ModelRef::new("openrouter", "x/y");
    let seat = Seat { id: SeatId(no), model, system: None, params: Params::default(), muted: false };
    Answer {
        run: ids.run(),
        seat,
        text: Untrusted::from("Blue \u{1b}"),
        thinking: Untrusted::default(),
        tool_calls: Vec::new(),
        outcome,
    }
}

#[test]
fn the_exit_status_says_who_answered() {
    let mut ids = Ids::seeded(1);
    let budget = || Some(Fault::new(FaultClass::Budget, "spent").unsent());
    let auth = || Some(Fault::new(FaultClass::Auth, "no key"));
    for (outcomes, end, want) in [
        (vec![(Status::Done, None), (Status::Done, None)], End::Own, 0),
        (vec![(Status::Failed, auth()), (Status::Cut, None)], End::Own, 1),
        (vec![(Status::Done, None), (Status::Failed, auth())], End::Own, 3),
        (vec![(Status::Failed, budget()), (Status::Failed, budget())], End::Own, 4),
        (vec![(Status::Done, None), (Status::Failed, budget())], End::Own, 3),
        (vec![(Status::Done, None), (Status::Stopped, None)], End::Signal(130), 130),
        (vec![(Status::Stopped, None)], End::Signal(143), 143),
        (vec![(Status::Done, None), (Status::Stopped, None)], End::Timeout, 3),
        (vec![], End::Own, 1),
    ] {
        let answers: Vec<Answer> = outcomes
            .into_iter()
            .map(|(status, fault)| seated(&mut ids, 1, Some(ended(status, fault))))
            .collect();
        assert_eq!(status(&answers, end), want);
    }
}

fn about() -> About {
    About { prompt: "Why?".to_owned(), room: "ask".to_owned(), turn: Ids::seeded(9).turn() }
}

fn printed(format: AskFormat, answers: &[Answer], end: End) -> String {
    let (mut out, stdout, _) = pages(false);
    let mut printer = Printer::new(format, false, answers.len(), &out);
    printer.after(answers, &mut out);
    printer.finish(&about(), answers, end, &mut out);
    assert_eq!(out.finish(0), 0);
    stdout.text().replace(&about().turn.to_string(), "TURN")
}

#[test]
fn the_object_is_that_of_the_documentation() {
    let mut ids = Ids::seeded(1);
    let answers = [seated(&mut ids, 1, Some(ended(Status::Done, None)))];
    let want = concat!(
        r#"{"prompt":"Why?","room":"ask","turn":"TURN","replies":[{"seat":1,"model":"openrouter/x/y","#,
        r#""served_model":"x/y-2026","upstream":"DeepInfra","status":"done","finish":"stop","text":"Blue \u001b","#,
        r#""thinking":"","tool_calls":[],"tokens":{"input":12,"cache_read":0,"cache_write":0,"output":40,"#,
        r#""reasoning":8},"charge":{"usd":"0.000412","source":"reported"},"attempts":1,"key":"default","#,
        r#""ttft_ms":410,"total_ms":1930,"error":null}],"charge":{"usd":"0.000412","unknown":0}}"#,
        "\n"
    );
    assert_eq!(printed(AskFormat::Json, &answers, End::Own), want);
}

#[test]
fn errors_and_unknowns_have_their_members() {
    let mut ids = Ids::seeded(1);
    let mut fault = Fault::new(FaultClass::Rate, "slow down");
    (fault.http_status, fault.retry_after_ms) = (Some(429), Some(2000));
    let mut outcome = ended(Status::Failed, Some(fault));
    (outcome.tokens, outcome.charge, outcome.attempts) =
        (Tokens::default(), Charge::unknown(Tariff::Metered), 3);
    let told = printed(AskFormat::Json, &[seated(&mut ids, 1, Some(outcome))], End::Own);
    let error = r#""error":{"class":"rate","message":"slow down","http_status":429,"retry_after_ms":2000,"attempts":3}"#;
    assert!(told.contains(error), "{told}");
    assert!(told.contains(r#""charge":{"usd":null,"source":"unknown"}"#), "{told}");
    assert!(told.ends_with("\"charge\":{\"usd\":null,\"unknown\":1}}\n"), "{told}");
    let late =
        printed(AskFormat::Json, &[seated(&mut ids, 1, Some(ended(Status::Stopped, None)))], End::Timeout);
    assert!(late.contains(r#""error":{"class":"timeout""#), "{late}");
}

#[test]
fn several_seats_have_headers_and_their_order() {
    let mut ids = Ids::seeded(1);
    let answers = [
        seated(&mut ids, 1, Some(ended(Status::Done, None))),
        seated(&mut ids, 2, Some(ended(Status::Done, None))),
    ];
    let text = printed(AskFormat::Text, &answers, End::Own);
    assert_eq!(text, "── 1 · openrouter/x/y ──\nBlue \n\n── 2 · openrouter/x/y ──\nBlue \n");
    let md = printed(AskFormat::Md, &answers, End::Own);
    assert_eq!(md, "## 1 · openrouter/x/y\n\nBlue \n\n## 2 · openrouter/x/y\n\nBlue \n");
}

#[test]
fn a_reply_is_printed_when_those_before_it_are() {
    let mut ids = Ids::seeded(1);
    let mut answers = [seated(&mut ids, 1, None), seated(&mut ids, 2, Some(ended(Status::Done, None)))];
    let (mut out, stdout, _) = pages(false);
    let mut printer = Printer::new(AskFormat::Text, false, 2, &out);
    printer.after(&answers, &mut out);
    assert_eq!(stdout.text(), "");
    answers[0].outcome = Some(ended(Status::Done, None));
    printer.after(&answers, &mut out);
    assert_eq!(stdout.text().matches("──\n").count(), 2);
}

/// One seat's events, one after another; gives the desk's pages.
fn desk(format: AskFormat, kinds: Vec<RunEventKind>) -> (String, String) {
    let mut answers = vec![seated(&mut Ids::seeded(1), 1, None)];
    answers[0].text = Untrusted::default();
    let run = answers[0].run;
    let (mut out, stdout, stderr) = pages(false);
    let printer = Printer::new(format, false, 1, &out);
    let mut desk = Desk { answers, printer, out: &mut out };
    for kind in kinds {
        desk.take(&RunEvent { run, at: Instant::now(), kind });
    }
    desk.finish(&about(), End::Own);
    (stdout.text(), stderr.text())
}

#[test]
fn one_seat_streams_without_a_header() {
    let pages = desk(
        AskFormat::Text,
        vec![
            RunEventKind::Thinking(Untrusted::from("hm")),
            RunEventKind::Text(Untrusted::from("Blue")),
            RunEventKind::Part(Untrusted::from("[image 3 KB]")),
            RunEventKind::Finished(Box::new(ended(Status::Done, None))),
        ],
    );
    assert_eq!(pages, ("Blue\n[image 3 KB]\n".to_owned(), String::new()));
}

#[test]
fn a_failure_says_what_and_what_to_do() {
    let fault = Fault::new(FaultClass::Auth, "the key \u{1b}[31m is wrong").hint("check LAB_KEY");
    let retry =
        RunEventKind::Retry { attempt: 2, after_ms: 1500, why: Fault::new(FaultClass::Rate, "slow down") };
    let failed = RunEventKind::Finished(Box::new(ended(Status::Failed, Some(fault))));
    let (stdout, stderr) = desk(AskFormat::Text, vec![retry, failed]);
    assert_eq!(stdout, "");
    assert!(stderr.contains("salon: openrouter/x/y: rate: slow down; attempt 2 in 2 s"), "{stderr}");
    assert!(
        stderr.contains("salon: openrouter/x/y: auth: ") && stderr.contains("\n  check LAB_KEY"),
        "{stderr}"
    );
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
}

#[test]
fn a_reply_without_a_word_is_said() {
    let done = || RunEventKind::Finished(Box::new(ended(Status::Done, None)));
    let (stdout, stderr) = desk(AskFormat::Text, vec![done()]);
    assert_eq!(stdout, "");
    assert_eq!(stderr, "salon: openrouter/x/y: empty reply: the model sent no text\n");
    let call = ToolCall { id: "c1".to_owned(), name: "f".into(), arguments: "{}".into() };
    let (_, stderr) = desk(AskFormat::Text, vec![RunEventKind::ToolCall(call), done()]);
    assert_eq!(stderr, "", "a call is no empty reply");
}

#[test]
fn events_are_lines_and_the_object_is_the_last() {
    let (text, _) = desk(
        AskFormat::Jsonl,
        vec![
            RunEventKind::Connecting { attempt: 1 },
            RunEventKind::Thinking(Untrusted::from("hm")),
            RunEventKind::Text(Untrusted::from("Blue")),
            RunEventKind::ToolCall(ToolCall {
                id: "c1".to_owned(),
                name: "f".into(),
                arguments: "{}".into(),
            }),
            RunEventKind::Usage(Tokens { output: Some(3), ..Tokens::default() }),
            RunEventKind::Finished(Box::new(ended(Status::Done, None))),
        ],
    );
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["start", "thinking", "text", "tool_call", "usage", "done"]);
    assert_eq!(lines[3]["arguments"], "{}");
    assert_eq!(lines.last().expect("a line")["replies"][0]["text"], "Blue");
}
