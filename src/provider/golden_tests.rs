//! From a provider's own usage to the exact amount: worked examples, the known wrong figures of
//! other programs, and laws. Prices are those of a catalogue that a test makes up.

use proptest::prelude::*;

use crate::chat::Billing;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Listing;
use crate::price::Override;
use crate::price::PriceBook;
use crate::price::Unit;
use crate::price::Work;
use crate::provider::openai;
use crate::provider::openai::tests::{asked, endpoint};
use crate::provider::tokens;
use crate::wire::openai::Usage;

/// Amounts by their names, in dollars for a token or a piece.
fn amounts(named: &[(&str, &str)]) -> Amounts {
    let of = |name: &str| named.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    Amounts {
        input: of("in"),
        output: of("out"),
        cache_read: of("read"),
        cache_write: of("write"),
        cache_write_1h: of("hour"),
        reasoning: of("think"),
        audio_input: of("heard"),
        audio_cache_read: of("heard-again"),
        audio_output: of("said"),
        image_token: of("picture"),
        image_output: of("drawn"),
        image: of("image"),
        request: of("request"),
        search: of("search"),
    }
}

const CLAUDE: &[(&str, &str)] = &[
    ("in", "0.000003"),
    ("out", "0.000015"),
    ("read", "0.0000003"),
    ("write", "0.00000375"),
    ("hour", "0.000006"),
    ("search", "0.01"),
];

fn book(base: &[(&str, &str)], long: &[(&str, &str)]) -> PriceBook {
    let overrides = match long {
        [] => Vec::new(),
        long => vec![Override { above: Some(200_000), amounts: amounts(long), ..Override::default() }],
    };
    let price = Some(Listed { unit: Unit::Token, base: amounts(base), overrides, ..Listed::default() });
    let book = PriceBook::default();
    let info = ModelInfo::bare(ModelRef::new("lab", "m"));
    book.adopt("lab", vec![Listing { info, price }], crate::chat::Millis(1));
    book
}

/// The exact dollars of these tokens.
fn dollars(book: &PriceBook, tokens: Tokens) -> String {
    let charge = book.charge(&ModelRef::new("lab", "m"), &Work::of(tokens), Tariff::Metered);
    assert_eq!(charge.source, Source::Computed, "{tokens:?}");
    charge.amount.expect("an amount").usd()
}

/// The tokens that a usage of the chat format tells.
fn told(json: &str) -> Tokens {
    tokens::tokens(&serde_json::from_str::<Usage<'_>>(json).expect(json))
}

fn reported(json: &str) -> Option<Pico> {
    tokens::openrouter_cost(&serde_json::from_str::<Usage<'_>>(json).expect(json))
}

#[test]
fn example_1_a_cache_is_read_and_written() {
    let usage = r#"{"prompt_tokens":10339,"completion_tokens":60,"total_tokens":10399,
        "prompt_tokens_details":{"cached_tokens":8192,"cache_write_tokens":2100}}"#;
    assert_eq!(dollars(&book(CLAUDE, &[]), told(usage)), "0.0113736");
}

#[test]
fn example_2_writes_for_an_hour_are_dearer() {
    let tokens = Tokens {
        input: Some(47),
        cache_read: Some(8192),
        cache_write: Some(600),
        cache_write_1h: Some(1500),
        output: Some(60),
        ..Tokens::default()
    };
    assert_eq!(dollars(&book(CLAUDE, &[]), tokens), "0.0147486");
}

#[test]
fn example_3_the_edge_of_a_long_request() {
    let book = book(&[("in", "0.000003"), ("out", "0.000015")], &[("in", "0.000006"), ("out", "0.0000225")]);
    let usage = |prompt: u64| format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":100}}"#);
    assert_eq!(dollars(&book, told(&usage(200_000))), "0.6015");
    assert_eq!(dollars(&book, told(&usage(200_001))), "1.202256");
}

#[test]
fn example_4_a_cache_write_of_a_live_record() {
    let usage = r#"{"prompt_tokens":20243,"completion_tokens":1270,"total_tokens":21513,
        "prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":20240},
        "completion_tokens_details":{"reasoning_tokens":516}}"#;
    let prices = [("in", "0.0000025"), ("out", "0.000015"), ("read", "0.00000025"), ("write", "0.000003125")];
    assert_eq!(dollars(&book(&prices, &[]), told(usage)), "0.0823075");
}

#[test]
fn example_5_thoughts_above_the_threshold() {
    let short = [("in", "0.00000125"), ("out", "0.00001"), ("read", "0.000000125"), ("think", "0.00001")];
    let long = [("in", "0.0000025"), ("out", "0.000015"), ("read", "0.00000025"), ("think", "0.000015")];
    let tokens = Tokens {
        input: Some(30_000),
        cache_read: Some(180_000),
        output: Some(520),
        reasoning: Some(400),
        ..Tokens::default()
    };
    assert_eq!(dollars(&book(&short, &long), tokens), "0.1278");
}

#[test]
fn example_6_ticks_and_thinking_outside_of_the_completion() {
    let usage = r#"{"prompt_tokens":12,"completion_tokens":2,"total_tokens":354,
        "prompt_tokens_details":{"cached_tokens":11},
        "completion_tokens_details":{"reasoning_tokens":340},"cost_in_usd_ticks":1721250}"#;
    let book = book(&[("in", "0.0000003"), ("read", "0.000000075"), ("out", "0.0000005")], &[]);
    assert_eq!(dollars(&book, told(usage)), "0.000172125");
    let ticks = tokens::tick_cost(&serde_json::from_str::<Usage<'_>>(usage).expect("usage"));
    assert_eq!(ticks.map(Pico::usd).as_deref(), Some("0.000172125"), "both ways come to the same");
}

#[test]
fn example_7_a_key_of_the_users_own() {
    let usage = |cost: &str| {
        format!(
            r#"{{"prompt_tokens":9745,"completion_tokens":709,"cost":{cost},"is_byok":true,
                "cost_details":{{"upstream_inference_cost":0.0349975}}}}"#
        )
    };
    assert_eq!(reported(&usage("0.001749875")).map(Pico::usd).as_deref(), Some("0.036747375"));
    assert_eq!(reported(&usage("0")).map(Pico::usd).as_deref(), Some("0.0349975"), "inside the allowance");
    let book = book(&[("in", "0.0000025"), ("out", "0.000015")], &[]);
    assert_eq!(dollars(&book, told(&usage("0"))), "0.0349975");
}

#[test]
fn example_8_a_request_and_a_search() {
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":200,
        "server_tool_use_details":{"web_search_requests":1}}"#;
    let prices = [("in", "0.000001"), ("out", "0.000001"), ("request", "0.005"), ("search", "0.005")];
    assert_eq!(dollars(&book(&prices, &[]), told(usage)), "0.0112");
    let older = usage.replace("server_tool_use_details", "server_tool_use");
    assert_eq!(told(&older), told(usage));
}

#[test]
fn example_9_pictures_that_are_answered() {
    let usage = r#"{"prompt_tokens":18,"completion_tokens":1301,"total_tokens":1319,
        "completion_tokens_details":{"image_tokens":1290},"server_tool_use":{"web_search_requests":1}}"#;
    let prices = [("in", "0.0000003"), ("out", "0.0000025"), ("drawn", "0.00003"), ("search", "0.007")];
    assert_eq!(dollars(&book(&prices, &[]), told(usage)), "0.0457329");
}

#[test]
fn example_10_hits_and_misses() {
    let usage = r#"{"prompt_tokens":339,"completion_tokens":83,"total_tokens":422,
        "prompt_cache_hit_tokens":320,"prompt_cache_miss_tokens":19,
        "completion_tokens_details":{"reasoning_tokens":39}}"#;
    let tokens = told(usage);
    assert_eq!((tokens.input, tokens.cache_read, tokens.output), (Some(19), Some(320), Some(83)));
    let prices = [("in", "0.00000028"), ("read", "0.000000028"), ("out", "0.00000042")];
    // 19 × 0.28 + 320 × 0.028 + 83 × 0.42 millionths.
    assert_eq!(dollars(&book(&prices, &[]), tokens), "0.00004914");
}

/// What an OpenRouter request costs by its list, from its usage and the number of its pictures.
fn charged(prices: &[(&str, &str)], usage: &str, images: u64) -> (String, Source) {
    let read: Usage<'_> = serde_json::from_str(usage).expect(usage);
    let billing = tokens::billing(&read, None);
    let work = Work { billing, images, ..Work::of(told(usage)) };
    let charge = book(prices, &[]).charge(&ModelRef::new("lab", "m"), &work, Tariff::Metered);
    (charge.amount.expect("an amount").usd(), charge.source)
}

/// Sound from a cache has its own price. Usage tells all the sound and all that was cached, so that
/// the sum is exact where these two leave no choice, or where the choice makes no difference.
#[test]
fn cached_sound_is_priced_where_the_counts_tell_it() {
    let usage = |prompt: u64, cached: u64, heard: u64| {
        format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":10,"prompt_tokens_details":
                {{"cached_tokens":{cached},"audio_tokens":{heard}}}}}"#
        )
    };
    // In millionths of a dollar: input 1, cached 0.1, sound 3, cached sound 0.5, output 10.
    let apart = [
        ("in", "0.000001"),
        ("read", "0.0000001"),
        ("heard", "0.000003"),
        ("heard-again", "0.0000005"),
        ("out", "0.00001"),
    ];
    // Cached or not, sound costs the same more: 2.
    let even = [
        ("in", "0.000001"),
        ("heard", "0.000003"),
        ("read", "0.0000001"),
        ("heard-again", "0.0000021"),
        ("out", "0.00001"),
    ];
    let (exact, about) = (Source::Computed, Source::Estimated);
    for (prices, prompt, cached, heard, dollars, source) in [
        // 600 × 1 + 400 × 3 + 10 × 10.
        (&apart, 1000, 0, 400, "0.0019", exact),
        // 1000 × 0.1 + 10 × 10: no sound.
        (&apart, 1000, 1000, 0, "0.0002", exact),
        // All was cached: 600 × 0.1 + 400 × 0.5 + 10 × 10.
        (&apart, 1000, 1000, 400, "0.00036", exact),
        // All was sound: 300 × 3 + 700 × 0.5 + 10 × 10.
        (&apart, 1000, 700, 1000, "0.00135", exact),
        // Nobody knows how much of it was cached; taken for none: 100 × 1 + 400 × 3 + 500 × 0.1 + 10 × 10.
        (&apart, 1000, 500, 400, "0.00145", about),
        // 300 of it were cached at least: 200 × 3 + 800 × 0.1 + 10 × 10.
        (&apart, 1000, 800, 500, "0.00078", about),
        // Whichever part was cached: 500 × 1 + 500 × 0.1 + 400 × 2 + 10 × 10.
        (&even, 1000, 500, 400, "0.00145", exact),
    ] {
        let found = charged(prices, &usage(prompt, cached, heard), 0);
        assert_eq!(found, (dollars.to_owned(), source), "{prompt} {cached} {heard}");
    }
}

/// Tokens of pictures that are sent have their own price; how many there were is not told by all.
#[test]
fn tokens_of_pictures_are_priced_where_they_are_counted() {
    let prices = [("in", "0.000001"), ("picture", "0.000004"), ("out", "0.00001")];
    let counted =
        r#"{"prompt_tokens":1000,"completion_tokens":10,"prompt_tokens_details":{"image_tokens":258}}"#;
    // 742 × 1 + 258 × 4 + 10 × 10 millionths.
    assert_eq!(charged(&prices, counted, 1), ("0.001874".to_owned(), Source::Computed));
    let uncounted = r#"{"prompt_tokens":1000,"completion_tokens":10}"#;
    assert_eq!(charged(&prices, uncounted, 1), ("0.0011".to_owned(), Source::Estimated));
    assert_eq!(charged(&prices, uncounted, 0), ("0.0011".to_owned(), Source::Computed));
    let same = [("in", "0.000001"), ("picture", "0.000001"), ("out", "0.00001")];
    assert_eq!(charged(&same, uncounted, 1), ("0.0011".to_owned(), Source::Computed));
    // Some of the pictures may have come from the cache.
    let cached = r#"{"prompt_tokens":1000,"completion_tokens":10,
        "prompt_tokens_details":{"image_tokens":258,"cached_tokens":100}}"#;
    assert_eq!(charged(&prices, cached, 1).1, Source::Estimated);
    // Pictures that are answered cost as those that are sent, when there is no other price.
    let drawn =
        r#"{"prompt_tokens":10,"completion_tokens":100,"completion_tokens_details":{"image_tokens":90}}"#;
    assert_eq!(charged(&prices, drawn, 0), ("0.00047".to_owned(), Source::Estimated));
}

/// A program charged the cached part of the input twice: once as input and once as cache.
#[test]
fn cached_input_is_not_charged_twice() {
    let usage = r#"{"prompt_tokens":100000,"completion_tokens":0,
        "prompt_tokens_details":{"cached_tokens":100000}}"#;
    assert_eq!(dollars(&book(CLAUDE, &[]), told(usage)), "0.03");
}

/// A program took the cached part off an input that did not contain it any more.
#[test]
fn cached_input_is_not_taken_off_twice() {
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":0,
        "prompt_tokens_details":{"cached_tokens":400,"cache_write_tokens":100}}"#;
    let tokens = told(usage);
    assert_eq!((tokens.input, tokens.input_total()), (Some(500), Some(1000)));
    assert_eq!(dollars(&book(CLAUDE, &[]), tokens), "0.001995");
}

/// A program added the thinking to an output that contains it.
#[test]
fn thinking_is_not_counted_twice() {
    let usage = r#"{"prompt_tokens":10,"completion_tokens":1000,"total_tokens":1010,
        "completion_tokens_details":{"reasoning_tokens":900}}"#;
    for think in ["0.000015", "0"] {
        let mut prices = CLAUDE.to_vec();
        prices.push(("think", think));
        assert_eq!(dollars(&book(&prices, &[]), told(usage)), "0.01503", "{think}");
    }
    let dearer = [("in", "0.000003"), ("out", "0.000015"), ("think", "0.00002")];
    assert_eq!(dollars(&book(&dearer, &[]), told(usage)), "0.01953", "its own price replaces the other");
}

/// A program charged writes for an hour like short ones, and another one the other way round.
#[test]
fn short_and_long_writes_keep_their_prices() {
    let of = |short, hour| Tokens {
        input: Some(0),
        output: Some(0),
        cache_write: Some(short),
        cache_write_1h: Some(hour),
        ..Tokens::default()
    };
    let book = book(CLAUDE, &[]);
    assert_eq!(dollars(&book, of(1_000_000, 0)), "3.75");
    assert_eq!(dollars(&book, of(0, 1_000_000)), "6");
    assert_eq!(dollars(&book, of(400_000, 600_000)), "5.1");
}

/// A program added up counts that were cumulative.
#[test]
fn cumulative_counts_replace_each_other() {
    let chunk = |prompt: u64, output: u64| {
        format!(
            "data: {{\"id\":\"g\",\"choices\":[{{\"delta\":{{\"content\":\"x\"}}}}],\
             \"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{output}}}}}\n\n"
        )
    };
    let mut stream: String = (1..=20).map(|count| chunk(100, count)).collect();
    stream.push_str(
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: [DONE]\n\n",
    );
    let mut decoder = (openai::HALVES.decoder)(&endpoint(), &asked("lab/m"));
    let mut events = Vec::new();
    decoder.push(stream.as_bytes(), &mut events).expect("a stream");
    decoder.end(&mut events).expect("an end");
    let last = events.iter().rev().find_map(|event| match event {
        StreamEvent::Usage { tokens, .. } => Some(*tokens),
        _ => None,
    });
    assert_eq!(dollars(&book(CLAUDE, &[]), last.expect("a count")), "0.0006");
}

#[test]
fn the_tier_that_served_comes_with_the_count() {
    let stream = "data: {\"id\":\"g\",\"service_tier\":\"flex\",\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n\
                  data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
    let mut decoder = (openai::HALVES.decoder)(&endpoint(), &asked("lab/m"));
    let mut events = Vec::new();
    decoder.push(stream.as_bytes(), &mut events).expect("a stream");
    let billing = events.iter().find_map(|event| match event {
        StreamEvent::Usage { billing, .. } => Some(billing.clone()),
        _ => None,
    });
    assert_eq!(billing, Some(Billing { tier: Some("flex".to_owned()), ..Billing::default() }));
}

#[test]
fn output_that_only_the_total_knows_of_is_charged_as_an_estimate() {
    let charge = |usage: &str| {
        let stream = format!(
            "data: {{\"id\":\"g\",\"choices\":[{{\"delta\":{{\"content\":\"x\"}},\"finish_reason\":\"stop\"}}]}}\n\n\
             data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n"
        );
        let mut decoder = (openai::HALVES.decoder)(&endpoint(), &asked("lab/m"));
        let mut events = Vec::new();
        decoder.push(stream.as_bytes(), &mut events).expect("a stream");
        let work = events.into_iter().find_map(|event| match event {
            StreamEvent::Usage { tokens, billing, .. } => Some(Work { billing, ..Work::of(tokens) }),
            _ => None,
        });
        let charge =
            book(CLAUDE, &[]).charge(&ModelRef::new("lab", "m"), &work.expect("a count"), Tariff::Metered);
        (charge.amount.map(Pico::usd), charge.source)
    };
    let told = r#"{"prompt_tokens":55,"completion_tokens":30,"total_tokens":130,"completion_tokens_details":{"reasoning_tokens":45}}"#;
    let untold = r#"{"prompt_tokens":55,"completion_tokens":30,"total_tokens":130}"#;
    assert_eq!(charge(told), (Some("0.00129".to_owned()), Source::Computed));
    assert_eq!(charge(untold), (Some("0.00129".to_owned()), Source::Estimated));
}

/// What a member may turn out to be.
fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("-1".to_owned()),
        Just("9223372036854775808".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just("\"12\"".to_owned()),
        Just("\"1e999\"".to_owned()),
        Just("1.5".to_owned()),
        Just("-0.5".to_owned()),
        Just("true".to_owned()),
        Just("{}".to_owned()),
        Just("[7]".to_owned()),
        (0_u64..1_000_000).prop_map(|count| count.to_string()),
    ]
}

proptest! {
    /// The kinds are all of what the provider counted, and nothing more.
    #[test]
    fn the_kinds_are_the_whole(
        prompt in 0_u64..1_000_000,
        parts in (0.0..1.0, 0.0..1.0),
        output in 0_u64..100_000,
        thinking in 0_u64..100_000,
    ) {
        let read = (prompt as f64 * parts.0) as u64;
        let written = ((prompt - read) as f64 * parts.1) as u64;
        let thinking = thinking.min(output);
        let told = told(&format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{output},"total_tokens":{},
                "prompt_tokens_details":{{"cached_tokens":{read},"cache_write_tokens":{written}}},
                "completion_tokens_details":{{"reasoning_tokens":{thinking}}}}}"#,
            prompt + output
        ));
        prop_assert_eq!(told.input_total(), Some(prompt));
        prop_assert_eq!(told.output, Some(output));
        let flat = book(&[("in", "0.000001"), ("out", "0.000002")], &[]);
        let expected = Pico(i64::try_from(prompt + 2 * output).expect("small") * 1_000_000);
        prop_assert_eq!(dollars(&flat, told), expected.usd());
    }

    /// Whatever a member turns out to be: no panic, and no money that the counts do not carry.
    #[test]
    fn odd_members_invent_no_money(members in prop::collection::vec(odd(), 9)) {
        let [p, c, t, read, wrote, think, drawn, cost, up] = &members[..] else { unreachable!("nine") };
        let json = format!(
            r#"{{"prompt_tokens":{p},"completion_tokens":{c},"total_tokens":{t},"cost":{cost},"is_byok":true,
                "prompt_tokens_details":{{"cached_tokens":{read},"cache_write_tokens":{wrote}}},
                "completion_tokens_details":{{"reasoning_tokens":{think},"image_tokens":{drawn}}},
                "cost_details":{{"upstream_inference_cost":{up}}}}}"#
        );
        let whole = |text: &String| text.parse::<u64>().ok();
        let tokens = told(&json);
        let sum = [p, read, wrote].into_iter().filter_map(whole).fold(0, u64::saturating_add);
        prop_assert!(tokens.input_total().unwrap_or(0) <= sum, "{json}");
        let most = whole(c).unwrap_or(0).max(whole(t).unwrap_or(0));
        prop_assert!(tokens.output.unwrap_or(0) <= most, "{json}");
        let book = book(CLAUDE, &[]);
        let charge = book.charge(&ModelRef::new("lab", "m"), &Work::of(tokens), Tariff::Metered);
        if tokens.input.is_none() || tokens.output.is_none() {
            prop_assert_eq!(charge.amount, None, "what is not told is unknown: {}", json);
        }
        prop_assert!(charge.amount.is_none_or(|amount| amount >= Pico::ZERO), "{json}");
        if let Some(cost) = reported(&json) {
            prop_assert!(cost >= Pico::ZERO, "{json}");
            prop_assert!([cost_of(cost_text(&json, "cost")), cost_of(up.clone())].iter().all(Option::is_some), "{json}");
        }
    }

    /// Nothing counted is nothing charged, whatever the prices.
    #[test]
    fn nothing_is_charged_for_nothing(input in 0_u64..1_000_000, output in 0_u64..1_000_000) {
        let price = |pico: u64| Pico(i64::try_from(pico).expect("small")).usd();
        let book = book(&[("in", &price(input)), ("out", &price(output))], &[]);
        let model = ModelRef::new("lab", "m");
        let free = input == 0 && output == 0;
        let untold = book.charge(&model, &Work::default(), Tariff::Metered);
        prop_assert_eq!(untold.amount.is_some(), free, "not told is unknown");
        let zero = Tokens { input: Some(0), output: Some(0), ..Tokens::default() };
        let charge = book.charge(&model, &Work::of(zero), Tariff::Metered);
        prop_assert_eq!(charge.amount, Some(Pico::ZERO));
    }
}

/// The text of a member.
fn cost_text(json: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    value[name].to_string()
}

/// What a text is worth, when it is an amount at all.
fn cost_of(text: String) -> Option<Pico> {
    Pico::from_usd(text.trim_matches('"')).ok().filter(|pico| *pico >= Pico::ZERO)
}
