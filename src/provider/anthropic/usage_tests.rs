//! Usage: a table of what servers tell, and the laws of the kinds.

use proptest::prelude::*;

use super::*;

/// Columns: uncached input, read, written for the short time, for an hour, output, thinking.
type Row = (&'static str, [Option<u64>; 6]);

fn counts(json: &str) -> [Option<u64>; 6] {
    let (tokens, _) = read(json).expect(json);
    [
        tokens.input,
        tokens.cache_read,
        tokens.cache_write,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
    ]
}

#[test]
fn kinds_are_disjoint() {
    let table: &[Row] = &[
        (r#"{"input_tokens":25,"output_tokens":2}"#, [Some(25), None, None, None, Some(2), None]),
        // The worked example: 47 uncached, 8192 read, 600 for five minutes, 1500 for an hour.
        (
            r#"{"input_tokens":47,"cache_creation_input_tokens":2100,"cache_read_input_tokens":8192,"cache_creation":{"ephemeral_5m_input_tokens":600,"ephemeral_1h_input_tokens":1500},"output_tokens":60}"#,
            [Some(47), Some(8192), Some(600), Some(1500), Some(60), None],
        ),
        // More was written after the split was told.
        (
            r#"{"cache_creation_input_tokens":2500,"cache_creation":{"ephemeral_5m_input_tokens":600,"ephemeral_1h_input_tokens":1500}}"#,
            [None, None, Some(1000), Some(1500), None, None],
        ),
        (
            r#"{"cache_creation_input_tokens":0,"cache_creation":{"ephemeral_1h_input_tokens":7}}"#,
            [None, None, Some(0), Some(7), None, None],
        ),
        (r#"{"cache_creation_input_tokens":9}"#, [None, None, Some(9), None, None, None]),
        (
            r#"{"input_tokens":1,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}"#,
            [Some(1), None, None, None, Some(9), Some(4)],
        ),
        (
            r#"{"output_tokens":9,"output_tokens_details":{"thinking_tokens":400}}"#,
            [None, None, None, None, Some(9), Some(9)],
        ),
        (r#"{"input_tokens":-1,"output_tokens":"7","cache_read_input_tokens":null}"#, [None; 6]),
        // No request is without input.
        (
            r#"{"input_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":7}"#,
            [None, None, None, None, Some(7), None],
        ),
        // The rounds: the compaction counts too.
        (
            r#"{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}"#,
            [Some(203_000), None, None, None, Some(4_500), None],
        ),
        // Rounds that are not told whole, or say less than the top, are not believed.
        (
            r#"{"input_tokens":10,"output_tokens":5,"iterations":[{"type":"message","input_tokens":10},{"type":"compaction","output_tokens":99}]}"#,
            [Some(10), None, None, None, Some(5), None],
        ),
        (
            r#"{"input_tokens":10,"output_tokens":5,"iterations":[{"input_tokens":10,"output_tokens":1}]}"#,
            [Some(10), None, None, None, Some(5), None],
        ),
        (
            r#"{"input_tokens":10,"output_tokens":5,"iterations":[]}"#,
            [Some(10), None, None, None, Some(5), None],
        ),
        // The split of the top holds for rounds without one.
        (
            r#"{"input_tokens":1,"output_tokens":5,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":7},"iterations":[{"input_tokens":1,"output_tokens":5,"cache_creation_input_tokens":9}]}"#,
            [Some(1), None, Some(2), Some(7), Some(5), None],
        ),
    ];
    for (json, expected) in table {
        assert_eq!(&counts(json), expected, "{json}");
    }
    assert_eq!(read("[1]"), None);
    let searches = read(r#"{"server_tool_use":{"web_search_requests":3}}"#).expect("an object").0.searches;
    assert_eq!(searches, Some(3));
}

#[test]
fn work_of_other_models_is_counted_in_and_named() {
    let json = r#"{"input_tokens":100,"output_tokens":30,"iterations":[
        {"type":"message","model":"large","input_tokens":100,"output_tokens":2},
        {"type":"fallback_message","model":"small","input_tokens":100,"output_tokens":30},
        {"type":"advisor_message","input_tokens":7,"output_tokens":1}]}"#;
    let (tokens, billing) = read(json).expect("an object");
    assert_eq!((tokens.input, tokens.output), (Some(207), Some(33)));
    let apart: Vec<_> =
        billing.apart.iter().map(|(model, tokens)| (model.as_str(), tokens.input, tokens.output)).collect();
    assert_eq!(apart, [("small", Some(100), Some(30)), ("advisor_message", Some(7), Some(1))]);
}

#[test]
fn the_tier_has_what_changes_the_price() {
    let table = [
        (r#"{"service_tier":"standard","inference_geo":"not_available"}"#, Some("standard")),
        (r#"{"service_tier":"priority","inference_geo":null,"speed":"standard"}"#, Some("priority")),
        (r#"{"service_tier":"standard","inference_geo":"us"}"#, Some("standard+us")),
        (r#"{"service_tier":"standard","speed":"fast"}"#, Some("standard+fast")),
        (r#"{"service_tier":null}"#, None),
    ];
    for (json, tier) in table {
        assert_eq!(read(json).expect("an object").1.tier.as_deref(), tier, "{json}");
    }
}

#[test]
fn later_counts_win_where_they_say_something() {
    let first = r#"{"input_tokens":47,"cache_creation":{"ephemeral_1h_input_tokens":1500},"output_tokens":3,"service_tier":"standard"}"#;
    let table = [
        (first, "{}", first),
        ("", r#"{"a":1.10}"#, r#"{"a":1.10}"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":null,"a":5,"c":{"d":1}}"#, r#"{"a":5,"b":2,"c":{"d":1}}"#),
        (r#"{"a":7,"b":null}"#, r#"{"a":0,"b":0}"#, r#"{"a":7,"b":0}"#),
        (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"x":3,"y":0}}"#, r#"{"a":{"x":3,"y":2}}"#),
        (r#"{"a":[1]}"#, r#"{"a":[2]}"#, r#"{"a":[2]}"#),
    ];
    for (earlier, later, expected) in table {
        assert_eq!(merged(earlier, later).as_deref(), Some(expected), "{earlier} {later}");
    }
    assert_eq!(merged("{}", "[1]"), None);
    assert_eq!(merged("{}", &format!("{{\"a\":\"{}\"}}", "x".repeat(MOST))), None);
}

/// One object's counts as JSON, with what they are.
fn object() -> impl Strategy<Value = (String, [u64; 5])> {
    let count = 0_u64..1 << 40;
    (count.clone(), count.clone(), count.clone(), count.clone(), count).prop_map(|(input, read, short, hour, out)| {
        let json = format!(
            r#"{{"type":"message","input_tokens":{input},"cache_read_input_tokens":{read},"cache_creation_input_tokens":{},"cache_creation":{{"ephemeral_5m_input_tokens":{short},"ephemeral_1h_input_tokens":{hour}}},"output_tokens":{out}}}"#,
            short + hour
        );
        (json, [input, read, short, hour, out])
    })
}

proptest! {
    /// The input that is paid for is the sum of its kinds, and each token is of one kind.
    #[test]
    fn paid_input_is_the_sum_of_its_kinds((json, [input, read_, short, hour, out]) in object()) {
        let (tokens, _) = read(&json).expect("an object");
        prop_assume!(input + read_ + short + hour > 0);
        prop_assert_eq!(tokens.input_total(), Some(input + read_ + short + hour));
        prop_assert_eq!(tokens.cache_write_total(), Some(short + hour));
        prop_assert_eq!(tokens.cache_write_1h, Some(hour));
        prop_assert_eq!(tokens.output, Some(out));
    }

    /// Rounds add up, kind by kind.
    #[test]
    fn rounds_add_up(rounds in proptest::collection::vec(object(), 1..5)) {
        let list: Vec<&str> = rounds.iter().map(|(json, _)| json.as_str()).collect();
        let json = format!(r#"{{"iterations":[{}]}}"#, list.join(","));
        let (tokens, billing) = read(&json).expect("an object");
        let sum = |at: usize| Some(rounds.iter().map(|(_, counts)| counts[at]).sum::<u64>());
        let found = [tokens.input, tokens.cache_read, tokens.cache_write, tokens.cache_write_1h, tokens.output];
        for (at, found) in found.into_iter().enumerate() {
            prop_assert_eq!(found, sum(at));
        }
        prop_assert!(billing.apart.is_empty());
    }

    /// What is laid over itself says nothing new, and no text makes a panic.
    #[test]
    fn laying_over_is_idempotent((json, _) in object(), odd in ".{0,40}") {
        prop_assert_eq!(merged(&json, &json), Some(json.clone()));
        drop((merged(&odd, &json), merged(&json, &odd), read(&odd)));
    }
}
