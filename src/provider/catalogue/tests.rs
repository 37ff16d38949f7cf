//! The lists that were recorded, and what must come out of them; and that nothing makes a reader
//! fall over or loses one model for another.

use proptest::prelude::*;

use super::*;
use crate::chat::Effort;
use crate::chat::Millis;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Unit;
use crate::provider::openai::tests::endpoint;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{name}.json")).expect("a recording")
}

fn list(provider: &str, dialect: Dialect, body: &str) -> Catalogue {
    read(provider, dialect, &[body.to_owned()]).expect("a list")
}

fn of<'a>(catalogue: &'a Catalogue, id: &str) -> &'a Listing {
    let found = catalogue.listings.iter().find(|listing| listing.info.model.id == id);
    found.unwrap_or_else(|| panic!("{id} is not there"))
}

fn ids(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.listings.iter().map(|listing| listing.info.model.id.as_str()).collect()
}

fn price<'a>(catalogue: &'a Catalogue, id: &str) -> &'a Listed {
    of(catalogue, id).price.as_ref().expect("a price")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn openrouter_tells_everything() {
    let all = list("openrouter", Dialect::OpenRouter, &page("or-models"));
    assert_eq!((all.listings.len(), all.odd), (13, 0), "14 without the batch variant");
    assert!(!ids(&all).iter().any(|id| id.ends_with(":batch")));

    let large = &of(&all, "kestrel/kestrel-large-2").info;
    assert_eq!(large.model, ModelRef::new("openrouter", "kestrel/kestrel-large-2"));
    assert_eq!(large.name.as_deref(), Some("Kestrel: Kestrel Large 2"));
    assert_eq!((large.context, large.max_output), (Some(1_000_000), Some(128_000)));
    let can = &large.abilities;
    assert_eq!(
        (can.input.clone(), can.output.clone()),
        (words(&["text", "image", "file"]), words(&["text"]))
    );
    assert_eq!((can.tools, can.reasoning, can.always_reasons), (Some(true), Some(true), Some(false)));
    let efforts = vec![Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
    assert_eq!(can.efforts, Some(efforts), "weakest first");
    assert_eq!(can.parameters.as_ref().map(Vec::len), Some(14));

    let forced = &of(&all, "quill/quill-r2").info;
    assert_eq!((forced.abilities.always_reasons, &forced.abilities.efforts), (Some(true), &None));
    assert_eq!(forced.max_output, None);
    let plain = &of(&all, "ember/ember-12b").info;
    assert_eq!((plain.abilities.tools, plain.abilities.reasoning), (Some(false), Some(false)));
    assert_eq!(plain.expires.as_deref(), Some("2026-09-30"));
    let alias = &of(&all, "~kestrel/kestrel-large-latest").info;
    assert_eq!(alias.alias_of.as_deref(), Some("kestrel/kestrel-large-2"));
    assert_eq!(of(&all, "hear/hear-1").info.abilities.output, words(&["text", "audio"]));
    // OpenRouter's own router is named without its author, and means the same on the wire.
    assert_eq!(of(&all, "auto").info.model.wire_id(), "openrouter/auto");
    let other = list("proxy", Dialect::OpenRouter, &page("or-models"));
    assert_eq!(of(&other, "openrouter/auto").info.model.wire_id(), "openrouter/auto");
    assert!(all.others.contains(&"kestrel/kestrel-large-2-20260611".to_owned()));
    assert!(!all.others.contains(&"ember/ember-12b".to_owned()), "its name with a day is its name");
}

#[test]
fn openrouter_prices_keep_every_amount_and_condition() {
    let all = list("openrouter", Dialect::OpenRouter, &page("or-models"));
    let large = price(&all, "kestrel/kestrel-large-2");
    let base = Amounts {
        input: some("0.000003"),
        output: some("0.000015"),
        cache_read: some("0.0000003"),
        cache_write: some("0.00000375"),
        cache_write_1h: some("0.000006"),
        search: some("0.01"),
        ..Amounts::default()
    };
    assert_eq!((large.unit, &large.base), (Unit::Token, &base));
    assert_eq!(large.overrides.len(), 1);
    assert_eq!((large.overrides[0].above, large.overrides[0].is_odd), (Some(200_000), false));
    assert_eq!(large.overrides[0].amounts.cache_write_1h, some("0.000012"));

    let night = price(&all, "quill/quill-night");
    let told: Vec<_> = night.overrides.iter().map(|one| (one.hours, one.is_odd)).collect();
    assert_eq!(told, [(Some((30, 1630)), false), (Some((1630, 30)), false), (Some((0, 2400)), true)]);

    let pine = &price(&all, "pine/pine-pro-3").base;
    assert_eq!((&pine.image, &pine.audio_input), (&some("0.00516"), &some("0.00000125")));
    assert_eq!(pine.reasoning, some("0.00001"));
    assert_eq!(pine.audio_cache_read, some("0.000000125"));
    let drawn = price(&all, "pine/pine-image-1");
    assert_eq!((&drawn.base.image_output, &drawn.base.image_token), (&some("0.00003"), &some("0.00003")));
    assert!(!drawn.is_discounted && price(&all, "quill/quill-r2").is_discounted);
    assert_eq!(price(&all, "hear/hear-1").base.audio_output, some("0.00008"));
    assert_eq!(price(&all, "mosaic/mosaic-search").base.request, some("0.005"));
    let auto = &price(&all, "auto").base;
    assert_eq!((&auto.input, &auto.output), (&some("-1"), &some("-1")));
    let free = &price(&all, "kestrel/kestrel-small-2:free").base;
    assert_eq!((&free.input, &free.output, &free.cache_read), (&some("0"), &some("0"), &None));
}

#[test]
fn amounts_never_pass_through_a_float() {
    let body = r#"{"data":[{"id":"a/b","pricing":{"prompt":0.1000000000000000055511151231257827,
        "completion":3e-7,"request":null,"image":{"a":1},"internal_reasoning":"0"}},{"id":"a/c","pricing":[1]}]}"#;
    let all = list("openrouter", Dialect::OpenRouter, body);
    let base = &price(&all, "a/b").base;
    assert_eq!(base.input, some("0.1000000000000000055511151231257827"));
    assert_eq!((&base.output, &base.request, &base.reasoning), (&some("3e-7"), &None, &None));
    assert_eq!(base.image, some("{\"a\":1}"), "what is no amount stays, so that nobody takes it for none");
    assert_eq!(price(&all, "a/c"), &Listed::default(), "a price that cannot be read is not known");
}

#[test]
fn conditions_that_are_not_understood_are_odd() {
    let one = |condition: &str| {
        let body = format!(
            r#"{{"data":[{{"id":"a/b","pricing":{{"prompt":"1","completion":"1","overrides":[{condition}]}}}}]}}"#
        );
        price(&list("openrouter", Dialect::OpenRouter, &body), "a/b").overrides[0].clone()
    };
    for odd in [
        r#"{"utc_days":["sunday"],"prompt":"0"}"#,
        r#"{"utc_start":30,"prompt":"0"}"#,
        r#"{"utc_start":30,"utc_end":"soon","prompt":"0"}"#,
        r#"{"utc_start":30,"utc_end":2960,"prompt":"0"}"#,
        r#"{"min_prompt_tokens":"many","prompt":"0"}"#,
        r#"{"min_prompt_tokens":null,"prompt":"0"}"#,
        r#"{"min_prompt_tokens":1,"prompt":"0","discount":0.1}"#,
        "7",
    ] {
        assert!(one(odd).is_odd, "{odd}");
    }
    for plain in [r#"{"min_prompt_tokens":1,"prompt":"0","discount":0,"input_audio_cache":"0"}"#, "{}"] {
        assert!(!one(plain).is_odd, "{plain}");
    }
    assert_eq!(one(r#"{"min_prompt_tokens":"272000"}"#).above, Some(272_000));
}

#[test]
fn pages_are_one_list() {
    let first = page("or-models-page1");
    let (told, _) = models::page(&first).expect("a page");
    assert_eq!(openrouter::next(&told).as_deref(), Some("offset=2&limit=2"));
    let both = read("openrouter", Dialect::OpenRouter, &[first, page("or-models")]).expect("a list");
    assert_eq!(both.listings.len(), 13, "what stands on two pages is there once");
    for (links, next) in [
        (r#"{"next":"https://evil.example/models?offset=2"}"#, Some("offset=2")),
        (r#"{"next":"/models?a=b#\r\nx: y"}"#, None),
        (r#"{"next":"/models"}"#, None),
        (r#"{"next":null}"#, None),
        ("7", None),
    ] {
        let body = format!(r#"{{"data":[],"links":{links}}}"#);
        let (told, _) = models::page(&body).expect("a page");
        assert_eq!(openrouter::next(&told).as_deref(), next, "{links}");
    }
    let body = r#"{"data":[],"has_more":true,"last_id":"a b&c"}"#;
    let (told, _) = models::page(body).expect("a page");
    assert_eq!(vendors::anthropic_next(&told).as_deref(), Some("limit=1000&after_id=a%20b%26c"));
    let (told, _) = models::page(r#"{"data":[],"has_more":false,"last_id":"a"}"#).expect("a page");
    assert_eq!(vendors::anthropic_next(&told), None);
    let gemini = page("gemini-models");
    let (told, _) = models::page(&gemini).expect("a page");
    assert_eq!(vendors::gemini_next(&told).as_deref(), Some("pageSize=1000&pageToken=ExNext"));
}

#[test]
fn the_other_vendors_tell_what_they_tell() {
    let openai = list("openai", Dialect::OpenAi, &page("openai-models"));
    assert_eq!(ids(&openai), ["gpt-example-5", "gpt-example-4"]);
    assert_eq!(of(&openai, "gpt-example-4").info.expires.as_deref(), Some("2026-12-31"));
    assert!(openai.listings.iter().all(|one| one.price.is_none() && one.info.context.is_none()));

    let anthropic = list("anthropic", Dialect::Anthropic, &page("anthropic-models"));
    let info = &of(&anthropic, "kestrel-large-2-20260611").info;
    assert_eq!((info.context, info.max_output), (Some(1_000_000), Some(128_000)));
    assert_eq!(info.name.as_deref(), Some("Kestrel Large 2"));

    let gemini = list("gemini", Dialect::Gemini, &page("gemini-models"));
    assert_eq!(ids(&gemini), ["pine-pro-3"], "what embeds is no model to chat with");
    let info = &of(&gemini, "pine-pro-3").info;
    assert_eq!((info.context, info.max_output), (Some(1_048_576), Some(65_536)));
    assert_eq!(info.abilities.reasoning, Some(true));

    let ollama = list("ollama", Dialect::Ollama, &page("ollama-tags"));
    assert_eq!(ids(&ollama), ["quill-r2:8b", "orbit-oss:120b-cloud"]);
    let info = &of(&ollama, "quill-r2:8b").info;
    assert_eq!((info.abilities.tools, info.abilities.reasoning), (Some(true), Some(true)));
    assert_eq!(info.abilities.input, words(&["text"]));
    assert_eq!((info.context, info.is_elsewhere), (None, false));
    assert!(of(&ollama, "orbit-oss:120b-cloud").info.is_elsewhere);
}

#[test]
fn servers_with_members_of_their_own() {
    let llamacpp = list("llamacpp", Dialect::OpenAi, &page("llamacpp-models"));
    assert_eq!(of(&llamacpp, "quill-8b-q4.gguf").info.context, Some(131_072));
    let vllm = list("vllm", Dialect::OpenAi, &page("vllm-models"));
    assert_eq!(of(&vllm, "quill-lab/Quill-R2").info.context, Some(32_768));
    let together = list("together", Dialect::OpenAi, &page("compat-models-bare-array"));
    assert_eq!(of(&together, "meta-quill/Quill-70B").info.context, Some(131_072));
    let told = price(&together, "meta-quill/Quill-70B");
    assert_eq!(
        (told.unit, &told.base.input, &told.base.output),
        (Unit::Million, &some("0.88"), &some("0.88"))
    );

    let body = r#"{"data":[
        {"id":"groq-a","active":true,"context_window":131072,"max_completion_tokens":8192},
        {"id":"groq-gone","active":false},
        {"id":"mistral-a","max_context_length":32768,"aliases":["mistral-latest"],"deprecation":"2026-12-01T00:00:00Z",
         "capabilities":{"completion_chat":true,"function_calling":true,"vision":true}},
        {"id":"mistral-embed","capabilities":{"completion_chat":false}},
        {"id":"fire-a","supports_chat":true,"supports_tools":false,"supports_image_input":false},
        {"id":"tog-embed","type":"embedding"},
        {"id":"tog-machine","type":"chat","pricing":{"hourly":1.5,"input":0,"output":0}}]}"#;
    let all = list("lab", Dialect::OpenAi, body);
    assert_eq!(ids(&all), ["groq-a", "mistral-a", "fire-a", "tog-machine"]);
    let groq = &of(&all, "groq-a").info;
    assert_eq!((groq.context, groq.max_output), (Some(131_072), Some(8192)));
    let mistral = &of(&all, "mistral-a").info;
    assert_eq!((mistral.context, mistral.abilities.tools), (Some(32_768), Some(true)));
    assert_eq!(mistral.abilities.input, words(&["text", "image"]));
    assert_eq!(mistral.expires.as_deref(), Some("2026-12-01"));
    assert_eq!(all.others, ["mistral-latest"]);
    assert_eq!(of(&all, "fire-a").info.abilities.tools, Some(false));
    assert_eq!(of(&all, "tog-machine").price, None, "a machine by the hour is not free");
}

#[test]
fn anthropic_may_tell_what_its_models_can() {
    let body = r#"{"data":[{"id":"k","capabilities":{"image_input":{"supported":true},"pdf_input":{"supported":false},
        "thinking":{"supported":true},"effort":{"supported":true,"high":{"supported":true},"low":{"supported":true},
        "max":{"supported":false}}}}],"has_more":false}"#;
    let can = of(&list("anthropic", Dialect::Anthropic, body), "k").info.abilities.clone();
    assert_eq!((can.input, can.reasoning), (words(&["text", "image"]), Some(true)));
    assert_eq!(can.efforts, Some(vec![Effort::Low, Effort::High]));
}

#[test]
fn one_odd_element_never_loses_the_others() {
    let body = r#"{"data":[7,null,"x",[],{"id":null},{"id":""},{"id":"has space"},{"id":"esc\u001b"},
        {"id":"lone\ud800"},{"id":"good","context_length":[],"architecture":7,"supported_parameters":{},"reasoning":"yes",
        "top_provider":[1],"name":{"a":1},"expiration_date":"soon","alias_target":"x"},{"id":"good","name":"Good One"}]}"#;
    for dialect in [Dialect::OpenRouter, Dialect::OpenAi] {
        let all = list("lab", dialect, body);
        assert_eq!((ids(&all), all.odd), (vec!["good"], 9), "{dialect:?}");
        assert_eq!(all.listings[0].info.name.as_deref(), Some("Good One"), "the second fills in");
        assert_eq!(all.listings[0].info.expires, None);
    }
}

#[test]
fn a_list_that_is_kept_comes_back() {
    let mut endpoint = endpoint();
    endpoint.dialect = Dialect::OpenRouter;
    let kept = Kept {
        at: Millis(1_795_000_000_123),
        dialect: Dialect::OpenRouter,
        base_url: endpoint.base_url.clone(),
        pages: vec![
            page("or-models-page1").trim().to_owned(),
            r#"{"data":[{"id":"a/b","n":0.10}]}"#.to_owned(),
        ],
    };
    let text = kept.text().expect("written");
    let back = Kept::from_text(&text).expect("read");
    assert_eq!(back, kept);
    assert!(back.is_of(&endpoint));
    endpoint.base_url = "https://other.example/v1".to_owned();
    assert!(!back.is_of(&endpoint), "the list of another server");
    assert_eq!(Kept { pages: vec!["<html>".to_owned()], ..kept }.text(), None);
    for cut in (0..text.len()).step_by(97) {
        assert_eq!(Kept::from_text(text.get(..cut).unwrap_or_default()), None, "cut at {cut}");
    }
    assert_eq!(Kept::from_text(&text.replace("\"form\":1", "\"form\":2")), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Whatever happens to a list on its way, reading it ends, and what comes out has ids.
    #[test]
    fn no_damage_makes_a_reader_fall_over(
        which in 0_usize..10,
        at in 0.0_f64..1.0,
        with in proptest::collection::vec(any::<u8>(), 0..4),
        cut in 0_usize..12,
    ) {
        let names = ["or-models", "or-models-page1", "openai-models", "anthropic-models", "gemini-models",
            "ollama-tags", "ollama-show", "llamacpp-models", "vllm-models", "compat-models-bare-array"];
        let mut body = page(names[which]).into_bytes();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (at * body.len() as f64) as usize;
        let end = (at + cut).min(body.len());
        body.splice(at..end, with);
        let body = String::from_utf8_lossy(&body).into_owned();
        for shape in SHAPES {
            if let Ok(all) = read("lab", shape.dialect, std::slice::from_ref(&body)) {
                prop_assert!(all.listings.iter().all(|one| is_id(&one.info.model.id)));
            }
            if let Ok((page, _)) = models::page(&body) {
                let _ = (shape.next)(&page);
            }
        }
    }
}
