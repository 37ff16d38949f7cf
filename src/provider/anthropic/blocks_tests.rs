//! Blocks: what goes back, what is called, and what is never told.

use super::*;

fn block(blocks: &mut Blocks, index: u64, start: &str) {
    let kind: serde_json::Value = serde_json::from_str(start).expect("JSON");
    blocks.open(index, start, kind["type"].as_str().expect("a kind")).expect("room");
}

fn call(start: &str, pieces: &[&str], short: bool) -> Kept {
    let mut blocks = Blocks::default();
    block(&mut blocks, 0, start);
    for piece in pieces {
        blocks.grow(0, Grows::Input, piece).expect("room");
    }
    blocks.stop(0);
    blocks.take(short)
}

#[test]
fn arguments_come_at_once_in_pieces_or_not_at_all() {
    let table: &[(&str, &[&str], &str, &str)] = &[
        (r#"{"type":"tool_use","id":"a","name":"n","input":{}}"#, &[], "{}", "{}"),
        (
            r#"{"type":"tool_use","id":"a","name":"n","input":{}}"#,
            &["", "{\"x\"", ": 1}"],
            r#"{"x": 1}"#,
            r#"{"x": 1}"#,
        ),
        (
            r#"{"type":"tool_use","id":"a","name":"n","input":{"x":2.50}}"#,
            &[""],
            r#"{"x":2.50}"#,
            r#"{"x":2.50}"#,
        ),
        (r#"{"type":"tool_use","id":"a","name":"n"}"#, &["{\"x\":"], "{\"x\":", "{}"),
        (r#"{"type":"tool_use","id":"a","name":"n","input":null}"#, &[], "{}", "{}"),
        (r#"{"type":"tool_use","id":"a","name":"n","input":{}}"#, &["[1]"], "[1]", "{}"),
    ];
    for (start, pieces, arguments, input) in table {
        let kept = call(start, pieces, false);
        assert_eq!(kept.calls.len(), 1, "{start}");
        assert_eq!(kept.calls[0].arguments.raw(), *arguments, "{start} {pieces:?}");
        let back: serde_json::Value =
            serde_json::from_str(&kept.opaque.expect("it goes back")).expect("JSON");
        assert_eq!(
            back[0]["input"],
            serde_json::from_str::<serde_json::Value>(input).expect("JSON"),
            "{start}"
        );
        assert_eq!(back[0]["id"], "a");
    }
}

/// A call whose arguments were cut must not run.
#[test]
fn a_call_that_was_cut_is_never_told() {
    let start = r#"{"type":"tool_use","id":"a","name":"n","input":{}}"#;
    for pieces in [&["{\"pier\": \"No"][..], &[""], &[]] {
        assert_eq!(call(start, pieces, true), Kept::default(), "{pieces:?}");
    }
    assert_eq!(call(start, &["{\"x\":1}"], true).calls.len(), 1);
}

#[test]
fn a_call_without_an_id_has_the_same_one_everywhere() {
    let kept = call(r#"{"type":"tool_use","name":"n","input":{}}"#, &[], false);
    assert_eq!(kept.calls[0].id, "toolu_1");
    assert_eq!(kept.opaque.as_deref(), Some(r#"[{"type":"tool_use","name":"n","input":{},"id":"toolu_1"}]"#));
}

#[test]
fn text_alone_does_not_go_back_and_empty_text_never() {
    let mut blocks = Blocks::default();
    block(&mut blocks, 0, r#"{"type":"text","text":""}"#);
    blocks.grow(0, Grows::Text, "fog").expect("room");
    assert_eq!(blocks.take(false), Kept::default());
    block(&mut blocks, 0, r#"{"type":"text","text":""}"#);
    block(&mut blocks, 1, r#"{"type":"new","x":1.10,"y":[ 2 ]}"#);
    block(&mut blocks, 2, r#"{"type":"text","text":" \n"}"#);
    assert_eq!(blocks.take(false).opaque.as_deref(), Some(r#"[{"type":"new","x":1.10,"y":[ 2 ]}]"#));
}

#[test]
fn what_has_no_text_is_shown_in_a_word() {
    let long =
        format!(r#"{{"type":"server_tool_use","name":"s","input":{{"query":"{}"}}}}"#, "é".repeat(999));
    let table = [
        (
            r#"{"type":"server_tool_use","name":"web_fetch","input":{"url":"https://x"}}"#,
            Some("[web_fetch: https://x]"),
        ),
        (r#"{"type":"server_tool_use","name":"code"}"#, Some("[code]")),
        (r#"{"type":"web_search_tool_result","content":[]}"#, None),
        (
            r#"{"type":"web_search_tool_result","content":{"error_code":"too_many_requests"}}"#,
            Some("[web_search: too_many_requests]"),
        ),
        (r#"{"type":"fallback","from":"large","to":"small"}"#, Some("[small answers in place of large]")),
        (r#"{"type":"fallback","from":7}"#, None),
        (r#"{"type":"compaction","content":"abc"}"#, Some("[the conversation was compacted to 3 bytes]")),
        (r#"{"type":"text","text":"abc"}"#, None),
        (r#"{"type":"hologram"}"#, None),
    ];
    for (start, shown) in table {
        let mut blocks = Blocks::default();
        block(&mut blocks, 4, start);
        assert_eq!(blocks.stop(4).as_deref(), shown, "{start}");
        assert_eq!(blocks.stop(4), None, "once");
    }
    let mut blocks = Blocks::default();
    block(&mut blocks, 0, &long);
    assert_eq!(blocks.stop(0).expect("shown").chars().count(), MOST_SHOWN + 2);
}

/// Safety R40.
#[test]
fn blocks_have_bounds() {
    let start = r#"{"type":"tool_use"}"#;
    let mut blocks = Blocks::default();
    block(&mut blocks, 0, start);
    let piece = "x".repeat(MOST_ARGUMENTS);
    assert!(blocks.grow(0, Grows::Input, &piece).is_ok());
    assert!(blocks.grow(0, Grows::Input, "x").is_err());
    let mut blocks = Blocks::default();
    for at in 0..MOST_BLOCKS {
        assert!(blocks.open(at as u64, start, "tool_use").is_ok());
    }
    assert!(blocks.open(0, start, "tool_use").is_err());
    let mut blocks = Blocks::default();
    block(&mut blocks, 0, start);
    assert!(blocks.sign(0, &"x".repeat(MOST_STATE)).is_err());
}
