//! Worked examples with their exact sums, and the rules of what is unknown.

use proptest::prelude::*;

use super::*;
use crate::price::terms::Change;
use crate::price::terms::Rule;

fn text(input: &str, output: &str) -> PriceText {
    PriceText { input: Some(input.into()), output: Some(output.into()), ..PriceText::default() }
}

fn full(input: &str, output: &str, cache_read: &str, cache_write: &str) -> PriceText {
    PriceText {
        cache_read: Some(cache_read.into()),
        cache_write: Some(cache_write.into()),
        ..text(input, output)
    }
}

fn own(price: PriceText) -> (PriceBook, ModelRef) {
    let model = ModelRef::new("lab", "model");
    let (book, notices) = PriceBook::new([(model.clone(), price)].into_iter());
    assert_eq!(notices, []);
    (book, model)
}

fn tokens(input: u64, cache_read: u64, cache_write: u64, output: u64) -> Tokens {
    Tokens {
        input: Some(input),
        cache_read: Some(cache_read),
        cache_write: Some(cache_write),
        output: Some(output),
        ..Tokens::default()
    }
}

fn usd_of(charge: Charge) -> (String, Source) {
    (charge.amount.expect("an amount").usd(), charge.source)
}

#[test]
fn sums_are_exact() {
    // Price in dollars per million, disjoint tokens, dollars. Each sum was worked out by hand.
    let table = [
        (full("3", "15", "0.3", "3.75"), tokens(47, 8192, 2100, 60), "0.0113736"),
        (full("2.5", "15", "0.25", "3.125"), tokens(3, 0, 20240, 1270), "0.0823075"),
        (full("2.5", "15", "0.25", "2.5"), tokens(30000, 180_000, 0, 520), "0.1278"),
        (full("0.30", "0.50", "0.075", "0.30"), tokens(1, 11, 0, 342), "0.000172125"),
        (text("1", "1"), tokens(1000, 0, 0, 200), "0.0012"),
        (text("0", "0"), tokens(1000, 0, 0, 200), "0"),
    ];
    for (price, tokens, sum) in table {
        let (book, model) = own(price);
        let charge = book.charge(&model, &Work::of(tokens), Tariff::Metered);
        assert_eq!(usd_of(charge), (sum.to_owned(), Source::Computed));
    }
}

#[test]
fn writes_for_an_hour_have_their_own_price() {
    let usage = Tokens { cache_write_1h: Some(1500), ..tokens(47, 8192, 600, 60) };
    let model = ModelRef::new("anthropic", "claude-sonnet-4-5");
    let charge = PriceBook::default().charge(&model, &Work::of(usage), Tariff::Metered);
    assert_eq!(usd_of(charge), ("0.0147486".to_owned(), Source::Computed));

    // Without one, the short time's price stands in for it, and the charge is an estimate.
    let (book, model) = own(full("3", "15", "0.3", "3.75"));
    let charge = book.charge(&model, &Work::of(usage), Tariff::Metered);
    assert_eq!(usd_of(charge), ("0.0113736".to_owned(), Source::Estimated));
}

#[test]
fn a_long_request_is_dearer_from_the_first_token_above_the_threshold() {
    let price = |input, output| Terms::read(&text(input, output)).expect("a price").base.price;
    let change = Change::to(price("6", "22.5"));
    let mut terms = Terms::flat(price("3", "15"));
    terms.base.rules.push(Rule { above: Some(200_000), change, ..Rule::default() });
    let cost = |terms: &Terms, input: u64| {
        let (price, _) = terms.at(&Case { input, ..Case::default() });
        let cost = price.cost(&Work::of(tokens(input, 0, 0, 100)), Reading::default());
        cost.expect("a sum").amount.usd()
    };
    assert_eq!(cost(&terms, 200_000), "0.6015");
    assert_eq!(cost(&terms, 200_001), "1.202256");
    let terms = Terms { at_least: true, ..terms };
    assert_eq!(cost(&terms, 199_999), "0.601497");
    assert_eq!(cost(&terms, 200_000), "1.20225");

    // The threshold counts what was cached, too.
    let (book, model) = (PriceBook::default(), ModelRef::new("gemini", "gemini-2.5-pro"));
    let charge = |usage| usd_of(book.charge(&model, &Work::of(usage), Tariff::Metered)).0;
    assert_eq!(charge(tokens(20_000, 180_000, 0, 520)), "0.0527");
    assert_eq!(charge(tokens(30_000, 180_000, 0, 520)), "0.1278");
}

#[test]
fn what_is_not_known_is_not_nothing() {
    let (book, model) = own(text("3", "15"));
    let unknown = Charge::unknown(Tariff::Metered);
    let known = tokens(1, 0, 0, 1);
    for (model, usage) in [
        (&model, Tokens::default()),
        (&model, Tokens { input: None, ..known }),
        (&model, Tokens { output: None, ..known }),
        (&model, Tokens { output: Some(u64::MAX), ..known }),
        (&ModelRef::new("lab", "other"), known),
    ] {
        assert_eq!(book.charge(model, &Work::of(usage), Tariff::Metered), unknown);
    }
    // What is not told of caches is nothing: the input is told in full then.
    let bare = Tokens { input: Some(1), output: Some(1), ..Tokens::default() };
    assert_eq!(usd_of(book.charge(&model, &Work::of(bare), Tariff::Metered)).0, "0.000018");
}

#[test]
fn local_models_cost_nothing_by_statement() {
    let book = PriceBook::default();
    let model = ModelRef::new("ollama", "qwen3:8b");
    let charge = book.charge(&model, &Work::default(), Tariff::Local);
    assert_eq!(charge, Charge::of(Pico::ZERO, Source::Computed, Tariff::Local));
    assert_eq!(book.price_at(&model, Tariff::Local, 9), Some((Price::default(), Origin::Local)));
    assert_eq!(book.price_at(&model, Tariff::Metered, 0), None);
}

#[test]
fn demo_money_is_play_money() {
    let charge = PriceBook::default().charge(
        &ModelRef::new("demo", "eliza"),
        &Work::of(tokens(100, 0, 0, 100)),
        Tariff::Play,
    );
    assert_eq!(charge, Charge::of(Pico(125_000_000), Source::Computed, Tariff::Play));
}

#[test]
fn the_users_price_wins_whole() {
    let model = ModelRef::new("anthropic", "claude-sonnet-4-5");
    let (book, _) = PriceBook::new([(model.clone(), text("1", "2"))].into_iter());
    let (price, origin) = book.price_at(&model, Tariff::Metered, 0).expect("a price");
    assert_eq!((price.input, price.cache_read, origin), (Pico(1_000_000), None, Origin::Config));
    let (price, origin) = PriceBook::default().price_at(&model, Tariff::Metered, 0).expect("a price");
    assert_eq!((price.input, price.cache_read, origin), (Pico(3_000_000), Some(Pico(300_000)), Origin::Book));
}

#[test]
fn a_price_that_cannot_be_read_is_told_once_and_never_replaced() {
    let model = ModelRef::new("anthropic", "claude-sonnet-4-5");
    let half = PriceText { input: Some("3".into()), ..PriceText::default() };
    for (price, told) in [
        (text("3,00", "15"), "input is not a decimal number: \"3,00\""),
        (text("3", "cheap"), "output is not a decimal number: \"cheap\""),
        (text("-3", "15"), "input is less than nothing: \"-3\""),
        (text("1e30", "15"), "input is too large an amount: \"1e30\""),
        (half, "output is missing"),
        (full("3", "15", "", "1"), "cache_read is not a decimal number: \"\""),
    ] {
        let (book, notices) = PriceBook::new([(model.clone(), price)].into_iter());
        assert_eq!(notices.len(), 1);
        assert!(notices[0].text.contains(told), "{}", notices[0].text);
        assert!(notices[0].text.contains("anthropic/claude-sonnet-4-5"));
        assert_eq!(book.price_at(&model, Tariff::Metered, 0), None);
        assert_eq!(book.charge(&model, &Work::of(tokens(1, 0, 0, 1)), Tariff::Metered).amount, None);
        assert_eq!(book.priced_as(&model, Some("claude-opus-5")), model);
        assert_eq!(book.prices_json(&model, None), None);
    }
    let (book, notices) = PriceBook::new([(model.clone(), PriceText::default())].into_iter());
    assert_eq!(notices, []);
    assert!(book.price_at(&model, Tariff::Metered, 0).is_some(), "nothing written is no price of the user's");
}

#[test]
fn the_served_name_helps_when_the_asked_one_is_not_priced() {
    let book = PriceBook::default();
    let alias = ModelRef::new("openrouter", "auto");
    assert_eq!(book.priced_as(&alias, Some("openai/gpt-5.1")), ModelRef::new("openrouter", "openai/gpt-5.1"));
    assert_eq!(book.priced_as(&alias, Some("nobody/knows")), alias);
    assert_eq!(book.priced_as(&alias, None), alias);
    let known = ModelRef::new("openai", "gpt-5.1");
    assert_eq!(book.priced_as(&known, Some("gpt-4o")), known);
}

#[test]
fn the_ledger_gets_the_prices_as_text() {
    let book = PriceBook::default();
    let json = book.prices_json(&ModelRef::new("gemini", "gemini-2.5-pro"), None).expect("a price");
    let expected = format!(
        r#"{{"origin":"book","dated":"{}","unit":"usd_per_million","input":"1.25","output":"10","cache_read":"0.125","search":"0.035","above":[{{"tokens":200000,"input":"2.5","output":"15","cache_read":"0.25"}}]}}"#,
        book.dated()
    );
    assert_eq!(json, expected);
    let json = book.prices_json(&ModelRef::new("openai", "gpt-5.1"), Some("flex")).expect("a price");
    assert!(json.contains(r#""tier":"flex","input":"0.625","output":"5""#), "{json}");
    let (book, model) = own(text("0.30", "15"));
    let expected = r#"{"origin":"config","unit":"usd_per_million","input":"0.3","output":"15"}"#;
    assert_eq!(book.prices_json(&model, None).as_deref(), Some(expected));
}

#[test]
fn models_are_listed_without_a_network() {
    let (book, model) = own(text("3", "15"));
    let models: Vec<ModelInfo> = book.models().collect();
    let eliza =
        models.iter().find(|info| info.model == ModelRef::new("demo", "eliza")).expect("a demo model");
    assert_eq!(eliza.context, Some(16_000));
    assert_eq!(book.info(&eliza.model).as_ref(), Some(eliza));
    assert_eq!(models.last().map(|info| &info.model), Some(&model));
    assert_eq!(book.info(&model), None);
}

proptest! {
    /// The kinds are disjoint: the charge of a whole is the sum of the charges of its kinds.
    #[test]
    fn a_charge_is_the_sum_of_its_kinds(
        prices in proptest::array::uniform4(0_u64..1_000_000_000),
        counts in proptest::array::uniform4(0_u64..1_000_000),
    ) {
        let write = |n: u64| Pico(i64::try_from(n).expect("small"));
        let [input, output, read, wrote] = prices.map(write);
        let price =
            Price { input, output, cache_read: Some(read), cache_write: Some(wrote), ..Price::default() };
        let cost = |tokens| price.cost(&Work::of(tokens), Reading::default()).expect("a sum").amount;
        let [a, b, c, d] = counts;
        let whole = cost(tokens(a, b, c, d));
        let parts: i64 = [tokens(a, 0, 0, 0), tokens(0, b, 0, 0), tokens(0, 0, c, 0), tokens(0, 0, 0, d)]
            .into_iter()
            .map(|part| cost(part).0)
            .sum();
        prop_assert_eq!(whole.0, parts);
    }
}
