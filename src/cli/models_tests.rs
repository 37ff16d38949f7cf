//! What `salon models` prints: which models fit, what stands in the cells, and what goes when the
//! terminal is narrow.

use super::*;
use crate::chat::Abilities;
use crate::chat::ModelRef;
use crate::cli::filter::InputKind;
use crate::cli::filter::OutputKind;
use crate::cli::filter::{max_price, tokens};
use crate::cli::out::tests::pages;

fn model(name: &str, price: Option<(i64, i64)>) -> ModelLine {
    let model: ModelRef = name.parse().expect("a model");
    let price = price.map(|(input, output)| {
        (Price { input: Pico(input), output: Pico(output), ..Price::default() }, Origin::Catalogue)
    });
    let tariff = match (model.provider.as_str(), &price) {
        ("ollama", _) => Tariff::Local,
        ("plan", _) => Tariff::Subscription,
        (_, Some((price, _))) if price.is_free() => Tariff::Free,
        _ => Tariff::Metered,
    };
    ModelLine { info: ModelInfo::bare(model), alias: None, price, tariff, ready: true }
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

/// Five models that differ in everything.
fn five() -> Vec<ModelLine> {
    let mut large = model("or/kestrel/large-2", Some((3_000_000, 15_000_000)));
    large.info.name = Some("Kestrel: Large 2".to_owned());
    large.info.context = Some(1_000_000);
    large.info.max_output = Some(128_000);
    large.alias = Some("big".to_owned());
    large.info.abilities = Abilities {
        input: words(&["text", "image", "file"]),
        output: words(&["text"]),
        tools: Some(true),
        reasoning: Some(true),
        always_reasons: Some(true),
        ..Abilities::default()
    };
    let mut free = model("or/kestrel/small-2:free", Some((0, 0)));
    free.info.context = Some(131_072);
    free.info.abilities.tools = Some(true);
    free.info.expires = Some("2026-12-31".to_owned());
    let mut draws = model("or/pine/image-1", Some((300_000, 2_500_000)));
    draws.info.abilities.output = words(&["image", "text"]);
    draws.ready = false;
    vec![large, free, draws, model("or/auto", None), model("ollama/quill:8b", None)]
}

fn ids(args: &ModelsArgs) -> String {
    let all = five();
    fitting(args, &all).iter().map(|model| model.info.model.short().to_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn filters_keep_what_is_known_to_fit() {
    let none = ModelsArgs::default;
    let price = |text: &str| ModelsArgs { max_price: max_price(text).ok(), ..none() };
    let context = |text: &str| ModelsArgs { min_context: tokens(text).ok(), ..none() };
    let query = |text: &str| ModelsArgs { query: vec![text.to_owned()], ..none() };
    for (args, found) in [
        (none(), "large-2 small-2:free image-1 auto quill:8b"),
        (ModelsArgs { free: true, ..none() }, "small-2:free"),
        (price("0"), "small-2:free quill:8b"),
        (price("2.5"), "small-2:free image-1 quill:8b"),
        (price("0.2/2.5"), "small-2:free quill:8b"),
        (price("3/15"), "large-2 small-2:free image-1 quill:8b"),
        (context("128k"), "large-2 small-2:free"),
        (context("1m"), "large-2"),
        (ModelsArgs { input: vec![InputKind::Image, InputKind::File], ..none() }, "large-2"),
        (ModelsArgs { input: vec![InputKind::Video], ..none() }, ""),
        (ModelsArgs { output: vec![OutputKind::Image], ..none() }, "image-1"),
        (ModelsArgs { output: vec![OutputKind::Audio], ..none() }, ""),
        (ModelsArgs { tools: true, ..none() }, "large-2 small-2:free"),
        (ModelsArgs { tools: true, reasoning: true, ..none() }, "large-2"),
        (ModelsArgs { expiring: true, ..none() }, "small-2:free"),
        (ModelsArgs { provider: vec!["ollama".to_owned()], ..none() }, "quill:8b"),
        (query("KESTREL 2"), "large-2 small-2:free"),
        (query("Kestrel: Large"), "large-2"),
        (query("big"), "large-2"),
        (query("krlrg"), "large-2"),
        (query("zebra"), ""),
    ] {
        assert_eq!(ids(&args), found, "{args:?}");
    }
}

#[test]
fn free_local_and_unknown_are_different_things() {
    let (mut out, stdout, stderr) = pages(false);
    assert_eq!(run(&ModelsArgs::default(), &five(), &mut out), 0);
    out.flush();
    let text = stdout.text();
    let row = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}:\n{text}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("large-2"), "or/kestrel/large-2 big 3 15 1m 128k image file tools thinks always");
    assert_eq!(row("small-2:free"), "or/kestrel/small-2:free free free 131k tools until 2026-12-31");
    assert_eq!(row("image-1"), "or/pine/image-1 0.3 2.5 → image no key");
    assert_eq!(row("auto"), "or/auto ? ?");
    assert_eq!(row("quill"), "ollama/quill:8b local local");
    let planned = model("plan/x", Some((1, 1)));
    assert_eq!(price(&planned, |price| price.input), "subscription");
    assert!(stderr.text().contains("models: 5 of 5"), "{}", stderr.text());
}

#[test]
fn a_narrow_terminal_has_fewer_columns_and_whole_figures() {
    let all = five();
    let models: Vec<&ModelLine> = all.iter().collect();
    let widest = |lines: &[String]| lines.iter().map(|line| cell_width(line)).max().unwrap_or(0);
    let whole = fitted(&models, None);
    assert!(whole[0].contains("takes") && whole[0].contains("reply"), "{}", whole[0]);
    let mut columns = usize::MAX;
    for width in (24..=widest(&whole)).rev() {
        let lines = fitted(&models, Some(width));
        assert!(widest(&lines) <= width.max(30), "{width}: {lines:#?}");
        let now = lines[0].split("  ").filter(|head| !head.trim().is_empty()).count();
        assert!(now <= columns);
        columns = now;
        let large = lines.iter().find(|line| line.contains("15")).expect("its price is there");
        assert!(large.split_whitespace().any(|cell| cell == "15"), "{width}: {large}");
    }
    assert!(
        fitted(&models, Some(40))
            .iter()
            .any(|line| line.contains('…') || widest(&whole) <= 40 || line.contains("or/kestrel/large-2"))
    );
    assert_eq!(shortened("or/kestrel/large-2", 9), "or/k…ge-2");
}

#[test]
fn the_json_has_all_its_members_always() {
    let (mut out, stdout, _) = pages(false);
    let args = ModelsArgs { format: ListFormat::Json, ..ModelsArgs::default() };
    assert_eq!(run(&args, &five(), &mut out), 0);
    out.flush();
    let list: Value = serde_json::from_str(&stdout.text()).expect("JSON");
    let names = "model name alias price context max_output ready cost input output tools reasoning efforts alias_of expires";
    for model in list.as_array().expect("a list") {
        let keys: Vec<&str> = model.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys.join(" "), names);
    }
    let costs: Vec<&str> = (0..5).filter_map(|at| list[at]["cost"].as_str()).collect();
    assert_eq!(costs, ["priced", "free", "priced", "unknown", "local"]);
    assert_eq!(list[0]["price"]["output"], "15");
    assert_eq!(list[0]["price"]["source"], "catalogue");
    assert_eq!(list[3]["price"], Value::Null);
}

#[test]
fn nothing_found_is_1() {
    let (mut out, _, stderr) = pages(false);
    let args = ModelsArgs { query: vec!["zebra".to_owned()], ..ModelsArgs::default() };
    assert_eq!(run(&args, &five(), &mut out), 1);
    assert!(stderr.text().contains("zebra"));
}
