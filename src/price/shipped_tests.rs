//! What the shipped book can say beyond plain prices.

use super::*;

fn cost(model: &str, work: &Work) -> (Option<String>, Source) {
    let model: ModelRef = model.parse().expect("a model");
    let charge = PriceBook::default().charge(&model, work, Tariff::Metered);
    (charge.amount.map(Pico::usd), charge.source)
}

fn work(input: u64, output: u64, tier: Option<&str>) -> Work {
    let tokens = Tokens { input: Some(input), output: Some(output), ..Tokens::default() };
    let billing = Billing { tier: tier.map(str::to_owned), ..Billing::default() };
    Work { billing, ..Work::of(tokens) }
}

fn exactly(usd: &str) -> (Option<String>, Source) {
    (Some(usd.to_owned()), Source::Computed)
}

#[test]
fn the_tier_that_served_has_its_price() {
    for (tier, usd) in [
        (None, "0.01125"),
        (Some("default"), "0.01125"),
        (Some("Standard"), "0.01125"),
        (Some("auto"), "0.01125"),
        (Some("on_demand"), "0.01125"),
        (Some(""), "0.01125"),
        (Some("flex"), "0.005625"),
        (Some("PRIORITY"), "0.0225"),
    ] {
        assert_eq!(cost("openai/gpt-5.1", &work(1000, 1000, tier)), exactly(usd), "{tier:?}");
    }
    let unknown = cost("openai/gpt-5.1", &work(1000, 1000, Some("scale")));
    assert_eq!(unknown, (Some("0.01125".to_owned()), Source::Estimated), "a tier that nobody knows");
    let missing = cost("anthropic/claude-sonnet-4-5", &work(1000, 1000, Some("priority")));
    assert_eq!(missing.1, Source::Estimated, "a tier that this model has no price for");
}

#[test]
fn long_requests_of_a_tier_have_the_tiers_price_or_are_estimates() {
    let cost = |input, tier| cost("gemini/gemini-2.5-pro", &work(input, 0, Some(tier)));
    assert_eq!(cost(200_000, "priority"), exactly("0.45"));
    assert_eq!(cost(200_001, "priority"), exactly("0.9000045"));
    assert_eq!(cost(200_000, "flex"), exactly("0.125"));
    assert_eq!(cost(200_001, "flex").1, Source::Estimated);
    // Where the kind of capacity is told in place of a tier.
    assert_eq!(cost(200_000, "ON_DEMAND"), exactly("0.25"));
    assert_eq!(cost(200_000, "ON_DEMAND_FLEX"), exactly("0.125"));
    assert_eq!(cost(200_000, "ON_DEMAND_PRIORITY"), exactly("0.45"));
    assert_eq!(cost(200_000, "PROVISIONED_THROUGHPUT").1, Source::Estimated);
}

#[test]
fn reading_from_a_cache_without_a_price_for_it_is_an_estimate() {
    let mut work = work(1000, 0, None);
    work.tokens.cache_read = Some(0);
    assert_eq!(cost("openai/gpt-5-pro", &work), exactly("0.015"));
    work.tokens.cache_read = Some(1000);
    assert_eq!(cost("openai/gpt-5-pro", &work), (Some("0.03".to_owned()), Source::Estimated));
    assert_eq!(cost("openai/gpt-4.1", &work), exactly("0.0025"));
}

#[test]
fn a_count_that_was_partly_inferred_gives_an_estimate() {
    let mut work = work(1000, 1000, None);
    work.billing.guessed = true;
    assert_eq!(cost("openai/gpt-5.1", &work), (Some("0.01125".to_owned()), Source::Estimated));
    let free = ModelRef::new("ollama", "any");
    let charge = PriceBook::default().charge(&free, &work, Tariff::Local);
    assert_eq!(charge, Charge::of(Pico::ZERO, Source::Computed, Tariff::Local), "nothing is exact");
}

#[test]
fn hours_and_days_decide() {
    // 2026-11-22 is a Sunday.
    let at = |day: i64, hour: i64, minute: i64| {
        let millis = 1_795_305_600_000 + ((day * 24 + hour) * 60 + minute) * 60_000;
        cost("deepseek/deepseek-v4-pro", &Work { at: Some(Millis(millis)), ..work(1_000_000, 0, None) })
    };
    let (cheap, dear) = (exactly("0.66"), exactly("1.32"));
    for (day, hour, minute, expected) in [
        (0, 0, 0, &cheap),
        (0, 8, 0, &cheap),
        (0, 23, 59, &cheap),
        (1, 0, 59, &cheap),
        (1, 1, 0, &dear),
        (1, 3, 59, &dear),
        (1, 4, 0, &cheap),
        (1, 6, 0, &dear),
        (1, 9, 59, &dear),
        (1, 10, 0, &cheap),
        (1, 23, 59, &cheap),
        (5, 8, 0, &dear),
        (6, 8, 0, &cheap),
    ] {
        assert_eq!(&at(day, hour, minute), expected, "day {day}, {hour}:{minute}");
    }
}

#[test]
fn a_threshold_can_begin_at_itself() {
    let long = book::models().find(|(provider, id)| {
        *provider == "xai" && book::terms(provider, id).is_some_and(|terms| !terms.base.rules.is_empty())
    });
    let (provider, id) = long.expect("a model of xAI with a long price");
    let terms = book::terms(provider, id).expect("a price");
    assert!(terms.at_least);
    let above = terms.base.rules[0].above.expect("a threshold");
    let input = |input| terms.at(&Case { input, ..Case::default() }).0.input;
    assert!(input(above - 1) < input(above));
}

#[test]
fn searches_have_their_price() {
    let mut work = work(0, 0, None);
    work.tokens.searches = Some(3);
    assert_eq!(cost("anthropic/claude-sonnet-4-5", &work), exactly("0.03"));
    assert_eq!(cost("demo/eliza", &work).1, Source::Estimated, "a search without a price");
}
