//! Counts in disjoint kinds, for tables of what is told and for any numbers at all.

use proptest::prelude::*;

use super::*;

fn counts(json: &str) -> Counts {
    let mut counts = Counts::default();
    for line in json.lines() {
        counts.take(&serde_json::from_str(line).expect(line));
    }
    counts
}

/// Columns: uncached input, read, output, thinking.
type Row = (&'static str, [Option<u64>; 4]);

#[test]
fn kinds_are_disjoint() {
    let table: &[Row] = &[
        (
            r#"{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11}"#,
            [Some(9), Some(0), Some(2), Some(0)],
        ),
        // Thoughts are counted apart, and billed as output.
        (
            r#"{"promptTokenCount":210000,"cachedContentTokenCount":180000,"candidatesTokenCount":120,"thoughtsTokenCount":400,"totalTokenCount":210520}"#,
            [Some(30_000), Some(180_000), Some(520), Some(400)],
        ),
        // What tools of the provider read is input.
        (
            r#"{"promptTokenCount":20,"toolUsePromptTokenCount":50,"candidatesTokenCount":35,"totalTokenCount":105}"#,
            [Some(70), Some(0), Some(35), Some(0)],
        ),
        // Nothing visible came yet.
        (
            r#"{"promptTokenCount":21,"thoughtsTokenCount":40,"totalTokenCount":61}"#,
            [Some(21), Some(0), Some(40), Some(40)],
        ),
        (r#"{"promptTokenCount":14,"totalTokenCount":14}"#, [Some(14), Some(0), Some(0), Some(0)]),
        (r#"{"promptTokenCount":14}"#, [Some(14), Some(0), None, None]),
        // The visible part is what the total has beyond the rest, when it is not told itself.
        (
            r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":20}"#,
            [Some(10), Some(0), Some(10), Some(4)],
        ),
        // A later event that lacks a count does not take it back.
        (
            "{\"promptTokenCount\":9,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":2}\n{\"promptTokenCount\":9,\"candidatesTokenCount\":7}",
            [Some(5), Some(4), Some(7), Some(0)],
        ),
        (
            r#"{"promptTokenCount":3,"cachedContentTokenCount":9,"candidatesTokenCount":1}"#,
            [Some(3), Some(9), Some(1), Some(0)],
        ),
        (r#"{"promptTokenCount":-1,"totalTokenCount":"7","trafficType":1}"#, [None; 4]),
    ];
    for (json, [input, cache_read, output, reasoning]) in table {
        let expected = Tokens {
            input: *input,
            cache_read: *cache_read,
            output: *output,
            reasoning: *reasoning,
            ..Tokens::default()
        };
        assert_eq!(counts(json).tokens(None), expected, "{json}");
    }
}

#[test]
fn kinds_of_media_are_parts() {
    let json = r#"{"promptTokenCount":100,"cachedContentTokenCount":40,"toolUsePromptTokenCount":5,"candidatesTokenCount":1300,"promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"AUDIO","tokenCount":60}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":35}],"toolUsePromptTokensDetails":[{"modality":"AUDIO","tokenCount":2}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290},{"modality":"AUDIO","tokenCount":5}]}"#;
    let tokens = counts(json).tokens(Some(2));
    assert_eq!((tokens.input, tokens.cache_read), (Some(65), Some(40)));
    assert_eq!(
        (tokens.audio_input, tokens.audio_output, tokens.image_output),
        (Some(27), Some(5), Some(1290))
    );
    assert_eq!(tokens.searches, Some(2));
}

/// By the total alone, output may be thoughts, and may be input of tools.
#[test]
fn output_that_only_the_total_knows_of_is_guessed() {
    for (json, output, guessed) in [
        (r#"{"promptTokenCount":10,"totalTokenCount":20}"#, 10, true),
        (r#"{"promptTokenCount":10,"totalTokenCount":10}"#, 0, false),
        (r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":20}"#, 10, true),
        (r#"{"promptTokenCount":10,"thoughtsTokenCount":4,"totalTokenCount":14}"#, 4, false),
        (r#"{"promptTokenCount":10,"candidatesTokenCount":4,"totalTokenCount":20}"#, 10, true),
        (r#"{"promptTokenCount":10,"candidatesTokenCount":4,"totalTokenCount":14}"#, 4, false),
        (
            r#"{"promptTokenCount":10,"toolUsePromptTokenCount":6,"candidatesTokenCount":4,"totalTokenCount":20}"#,
            4,
            false,
        ),
        (
            r#"{"promptTokenCount":10,"candidatesTokenCount":4,"thoughtsTokenCount":1,"totalTokenCount":20}"#,
            5,
            false,
        ),
        (r#"{"promptTokenCount":10,"candidatesTokenCount":4,"totalTokenCount":3}"#, 4, false),
        // What comes later is told.
        (
            "{\"promptTokenCount\":10,\"totalTokenCount\":20}\n{\"candidatesTokenCount\":10,\"totalTokenCount\":20}",
            10,
            false,
        ),
    ] {
        let counts = counts(json);
        assert_eq!((counts.tokens(None).output, counts.billing().guessed), (Some(output), guessed), "{json}");
    }
}

/// Cached sound has another price. What is zero is left out of a list, and a list may be left out.
#[test]
fn cached_sound_is_told_by_its_list() {
    for (json, cached) in [
        (r#"{"cachedContentTokenCount":40}"#, None),
        (r#"{"cachedContentTokenCount":40,"cacheTokensDetails":[]}"#, None),
        (
            r#"{"cachedContentTokenCount":40,"cacheTokensDetails":[{"modality":"TEXT","tokenCount":40}]}"#,
            Some(0),
        ),
        (
            r#"{"cachedContentTokenCount":40,"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":35}]}"#,
            Some(35),
        ),
    ] {
        assert_eq!(counts(json).billing().audio_cached, cached, "{json}");
    }
}

#[test]
fn the_tier_that_served_is_told() {
    for (json, tier) in [
        (r#"{"promptTokenCount":1}"#, None),
        (r#"{"trafficType":"ON_DEMAND"}"#, Some("ON_DEMAND")),
        (r#"{"trafficType":"ON_DEMAND","serviceTier":"flex"}"#, Some("flex")),
        ("{\"serviceTier\":\"flex\"}\n{\"promptTokenCount\":1}", Some("flex")),
    ] {
        assert_eq!(counts(json).billing().tier.as_deref(), tier, "{json}");
    }
}

proptest! {
    /// Safety R65: what is told apart adds up to what the provider counts, and no part is larger
    /// than what it is a part of.
    #[test]
    fn the_kinds_add_up(
        prompt in 0_u64..1_000_000,
        cached in 0_u64..1_000_000,
        tool in proptest::option::of(0_u64..1_000),
        candidates in 0_u64..100_000,
        thoughts in proptest::option::of(0_u64..100_000),
        audio in proptest::collection::vec(0_u64..1_000_000, 4),
    ) {
        let cached = cached.min(prompt);
        let counts = Counts {
            prompt: Some(prompt),
            cached: Some(cached),
            tool_use: tool,
            candidates: Some(candidates),
            thoughts,
            audio_input: Some(audio[0]),
            audio_cached: Some(audio[1]),
            audio_output: Some(audio[2]),
            image_output: Some(audio[3]),
            ..Counts::default()
        };
        let tokens = counts.tokens(None);
        let total = prompt + tool.unwrap_or(0) + candidates + thoughts.unwrap_or(0);
        prop_assert_eq!(tokens.input_total().zip(tokens.output).map(|(i, o)| i + o), Some(total));
        prop_assert_eq!(tokens.input_total(), Some(prompt + tool.unwrap_or(0)));
        prop_assert!(tokens.reasoning <= tokens.output && tokens.audio_input <= tokens.input);
        prop_assert!(tokens.audio_output <= tokens.output && tokens.image_output <= tokens.output);
        // The same when the visible part is left out and the total is there.
        let without = Counts { candidates: None, total: Some(total), ..counts };
        let found = without.tokens(None);
        prop_assert_eq!((found.input_total(), found.output), (tokens.input_total(), tokens.output));
        prop_assert!(found.reasoning == tokens.reasoning || without.billing().guessed);
    }
}
