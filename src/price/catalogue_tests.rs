//! What a catalogue tells, and what wins over what.

use super::*;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn amounts(input: &str, output: &str) -> Amounts {
    Amounts { input: text(input), output: text(output), ..Amounts::default() }
}

fn listing(provider: &str, id: &str, price: Option<Listed>) -> Listing {
    Listing { info: ModelInfo::bare(ModelRef::new(provider, id)), price }
}

fn priced(id: &str, base: Amounts, overrides: Vec<Override>) -> Listing {
    listing("openrouter", id, Some(Listed { unit: Unit::Token, base, overrides, ..Listed::default() }))
}

fn work(input: u64, output: u64) -> Work {
    Work::of(Tokens { input: Some(input), output: Some(output), ..Tokens::default() })
}

/// A moment of the 22nd of November 2026, by hour and minute in UTC.
fn at(hour: i64, minute: i64) -> Option<Millis> {
    Some(Millis(1_795_305_600_000 + (hour * 60 + minute) * 60_000))
}

fn model(id: &str) -> ModelRef {
    ModelRef::new("openrouter", id)
}

fn cost(book: &PriceBook, id: &str, work: &Work) -> (Option<String>, Source) {
    let charge = book.charge(&model(id), work, Tariff::Metered);
    (charge.amount.map(Pico::usd), charge.source)
}

fn some(usd: &str, source: Source) -> (Option<String>, Source) {
    (Some(usd.to_owned()), source)
}

#[test]
fn the_users_price_wins_over_the_catalogue_and_that_over_the_book() {
    let known = ModelRef::new("anthropic", "claude-sonnet-4-5");
    let list = |input, output| {
        let listed = Listed { unit: Unit::Million, base: amounts(input, output), ..Listed::default() };
        vec![listing("anthropic", "claude-sonnet-4-5", Some(listed))]
    };
    let input = |book: &PriceBook| {
        let (price, origin) = book.price_at(&known, Tariff::Metered, 0).expect("a price");
        (price.input.0, origin)
    };
    let book = PriceBook::default();
    let clone = book.clone();
    assert_eq!(input(&book), (3_000_000, Origin::Book));
    assert!(book.adopt("anthropic", list("4", "20"), Millis(1_795_305_600_000)));
    assert_eq!(input(&clone), (4_000_000, Origin::Catalogue), "clones share what came");
    let json = book.prices_json(&known, None).expect("a price");
    assert!(json.starts_with(r#"{"origin":"catalogue","dated":"2026-11-22","unit":"#), "{json}");

    assert!(!book.adopt("anthropic", list("5", "20"), Millis(1_795_305_599_999)), "it is older");
    assert_eq!(input(&book).0, 4_000_000);
    assert!(book.adopt("anthropic", list("6", "20"), Millis(1_795_305_600_001)));
    assert_eq!(input(&book).0, 6_000_000);

    let own = PriceText { input: text("1"), output: text("2"), ..PriceText::default() };
    let (book, _) = PriceBook::new([(known.clone(), own)].into_iter());
    book.adopt("anthropic", list("4", "20"), Millis(1));
    assert_eq!(input(&book), (1_000_000, Origin::Config));
}

#[test]
fn a_catalogue_without_prices_leaves_those_of_the_book() {
    let book = PriceBook::default();
    book.adopt("openai", vec![listing("openai", "gpt-5.1", None)], Millis(1));
    let found = book.price_at(&ModelRef::new("openai", "gpt-5.1"), Tariff::Metered, 0);
    assert_eq!(found.expect("a price").1, Origin::Book);
    let info = book.info(&ModelRef::new("openai", "gpt-5.1")).expect("known");
    assert!(info.context.is_some(), "sizes that the catalogue does not tell are the book's");
    let listed: Vec<ModelRef> =
        book.models().map(|info| info.model).filter(|model| model.provider == "openai").collect();
    assert_eq!(listed, [ModelRef::new("openai", "gpt-5.1")], "its list is the list of that provider");
}

#[test]
fn an_amount_that_nobody_knows_before_is_unknown_and_not_the_books() {
    let book = PriceBook::default();
    let rough = Amounts { search: text("-1"), ..amounts("0.000001", "0.000001") };
    let list = vec![
        priced("openrouter/auto", amounts("-1", "-1"), Vec::new()),
        priced("openai/gpt-5.1", amounts("-1", "0.00001"), Vec::new()),
        priced("a/served", amounts("0.000002", "0.000002"), Vec::new()),
        priced("a/rough", rough, Vec::new()),
        priced("a/odd", amounts("0.000001", "cheap"), Vec::new()),
    ];
    book.adopt("openrouter", list, Millis(1));
    for id in ["auto", "openai/gpt-5.1", "a/odd"] {
        assert_eq!(cost(&book, id, &work(1, 1)), (None, Source::Unknown), "{id}");
    }
    assert_eq!(book.priced_as(&model("auto"), Some("a/served")), model("a/served"));
    assert_eq!(cost(&book, "a/rough", &work(1, 1)), some("0.000002", Source::Estimated));
}

#[test]
fn aliases_are_priced_as_what_they_stand_for() {
    let book = PriceBook::default();
    let dearer = Override { above: Some(10), amounts: amounts("0.000006", "0.00002"), ..Override::default() };
    let alias = |id: &str, price| {
        let mut listing = listing("openrouter", id, price);
        listing.info.alias_of = text("k/large");
        listing
    };
    let same = Listed { base: amounts("0.000003", "0.00001"), ..Listed::default() };
    let other = Listed { base: amounts("0.000004", "0.00001"), ..Listed::default() };
    let list = vec![
        priced("k/large", amounts("0.000003", "0.00001"), vec![dearer]),
        alias("~k/bare", None),
        alias("~k/same", Some(same)),
        alias("~k/other", Some(other)),
    ];
    book.adopt("openrouter", list, Millis(1));
    for (id, usd) in
        [("k/large", "0.00009"), ("~k/bare", "0.00009"), ("~k/same", "0.00009"), ("~k/other", "0.00006")]
    {
        assert_eq!(cost(&book, id, &work(15, 0)), some(usd, Source::Computed), "{id}");
    }
}

#[test]
fn hours_are_those_of_the_requests_start() {
    let night = |from, until, input: &str| Override {
        hours: Some((from, until)),
        amounts: Amounts { input: text(input), ..Amounts::default() },
        ..Override::default()
    };
    let book = PriceBook::default();
    let list = vec![
        // The two windows are the whole day.
        priced("q/tiled", amounts("9", "0"), vec![night(30, 1630, "2"), night(1630, 30, "1")]),
        priced("q/night", amounts("2", "0"), vec![night(1630, 30, "1")]),
    ];
    book.adopt("openrouter", list.clone(), at(12, 0).expect("a time"));
    for (hour, minute, usd) in
        [(0, 29, "1"), (0, 30, "2"), (16, 29, "2"), (16, 30, "1"), (23, 59, "1"), (0, 0, "1")]
    {
        let work = Work { at: at(hour, minute), ..work(1, 1) };
        for id in ["q/tiled", "q/night"] {
            assert_eq!(cost(&book, id, &work), some(usd, Source::Computed), "{id} {hour}:{minute}");
        }
    }
    // A plain price that was read at night is the price of the night.
    book.adopt("openrouter", list, at(20, 0).expect("a time"));
    let noon = Work { at: at(12, 0), ..work(1, 1) };
    assert_eq!(cost(&book, "q/night", &noon).1, Source::Estimated);
    assert_eq!(cost(&book, "q/tiled", &noon), some("2", Source::Computed));
    let midnight = Work { at: at(0, 0), ..work(1, 1) };
    assert_eq!(cost(&book, "q/night", &midnight), some("1", Source::Computed));
}

#[test]
fn a_condition_that_nobody_understands_makes_an_estimate() {
    let odd =
        |above| Override { is_odd: true, above, amounts: amounts("0.0000001", "0"), ..Override::default() };
    let book = PriceBook::default();
    let list = vec![
        priced("a/odd", amounts("0.000001", "0.000002"), vec![odd(None)]),
        priced("a/odd-when-long", amounts("0.000001", "0.000002"), vec![odd(Some(1000))]),
    ];
    book.adopt("openrouter", list, Millis(1));
    assert_eq!(cost(&book, "a/odd", &work(10, 10)), some("0.00003", Source::Estimated));
    assert_eq!(cost(&book, "a/odd-when-long", &work(1000, 0)), some("0.001", Source::Computed));
    assert_eq!(cost(&book, "a/odd-when-long", &work(1001, 0)).1, Source::Estimated);
}

/// It is not told whether the amounts contain it already, so that they are charged as they stand.
#[test]
fn a_discount_makes_an_estimate_of_what_costs_anything() {
    let cheap = |id: &str, input: &str| {
        let price = Listed { base: amounts(input, input), is_discounted: true, ..Listed::default() };
        listing("openrouter", id, Some(price))
    };
    let book = PriceBook::default();
    book.adopt("openrouter", vec![cheap("a/cheap", "0.000001"), cheap("a/gift", "0")], Millis(1));
    assert_eq!(cost(&book, "a/cheap", &work(10, 10)), some("0.00002", Source::Estimated));
    assert_eq!(cost(&book, "a/gift", &work(10, 10)), some("0", Source::Computed));
}

#[test]
fn every_kind_has_its_price() {
    let base = Amounts {
        cache_read: text("0.1"),
        cache_write: text("1.25"),
        cache_write_1h: text("2"),
        reasoning: text("5"),
        audio_input: text("3"),
        audio_output: text("7"),
        image_output: text("11"),
        image: text("100"),
        request: text("1000"),
        search: text("10000"),
        ..amounts("1", "4")
    };
    let book = PriceBook::default();
    book.adopt("openrouter", vec![priced("a/all", base, Vec::new())], Millis(1));
    let of = |tokens: Tokens, images| {
        let tokens = Tokens { input: tokens.input.or(Some(0)), output: tokens.output.or(Some(0)), ..tokens };
        cost(&book, "a/all", &Work { images, ..Work::of(tokens) }).0.expect("an amount")
    };
    let none = Tokens::default();
    assert_eq!(of(none, 0), "1000");
    assert_eq!(of(none, 2), "1200");
    assert_eq!(of(Tokens { input: Some(10), ..none }, 0), "1010");
    assert_eq!(of(Tokens { input: Some(10), audio_input: Some(4), ..none }, 0), "1018");
    assert_eq!(of(Tokens { cache_read: Some(10), ..none }, 0), "1001");
    assert_eq!(of(Tokens { cache_write: Some(4), ..none }, 0), "1005");
    assert_eq!(of(Tokens { cache_write_1h: Some(4), ..none }, 0), "1008");
    assert_eq!(of(Tokens { output: Some(10), ..none }, 0), "1040");
    assert_eq!(of(Tokens { output: Some(10), reasoning: Some(4), ..none }, 0), "1044");
    assert_eq!(of(Tokens { output: Some(10), audio_output: Some(4), ..none }, 0), "1052");
    assert_eq!(of(Tokens { output: Some(10), image_output: Some(4), ..none }, 0), "1068");
    assert_eq!(of(Tokens { searches: Some(2), ..none }, 0), "21000");
}

#[test]
fn parts_without_a_price_of_their_own_cost_what_the_whole_costs() {
    let zero = Amounts { reasoning: text("0"), ..amounts("1", "4") };
    let book = PriceBook::default();
    book.adopt("openrouter", vec![priced("a/plain", zero, Vec::new())], Millis(1));
    let whole = Tokens {
        input: Some(10),
        audio_input: Some(10),
        cache_read: Some(10),
        output: Some(10),
        reasoning: Some(10),
        image_output: Some(10),
        ..Tokens::default()
    };
    assert_eq!(cost(&book, "a/plain", &Work::of(whole)), some("60", Source::Computed));
    let searched = Tokens { searches: Some(1), ..whole };
    assert_eq!(cost(&book, "a/plain", &Work::of(searched)), some("60", Source::Estimated));
}

#[test]
fn writes_for_an_hour_without_a_price_are_estimates_and_dearer_at_claude() {
    let base = || Amounts { cache_write: text("1.25"), ..amounts("1", "4") };
    let book = PriceBook::default();
    let list = vec![priced("anthropic/claude-x", base(), vec![]), priced("b/other", base(), vec![])];
    book.adopt("openrouter", list, Millis(1));
    let hour = Tokens { input: Some(0), output: Some(0), cache_write_1h: Some(10), ..Tokens::default() };
    assert_eq!(cost(&book, "anthropic/claude-x", &Work::of(hour)), some("20", Source::Estimated));
    assert_eq!(cost(&book, "b/other", &Work::of(hour)), some("12.5", Source::Estimated));
}

#[test]
fn tokens_of_other_models_are_charged_at_their_own_price() {
    let book = PriceBook::default();
    let list = vec![
        priced("a/main", amounts("1", "1"), Vec::new()),
        priced("a/advisor", amounts("10", "10"), Vec::new()),
    ];
    book.adopt("openrouter", list, Millis(1));
    let tokens = |input, output| Tokens { input: Some(input), output: Some(output), ..Tokens::default() };
    let with = |id: &str, part| {
        let mut work = work(100, 50);
        work.billing.apart.push((id.to_owned(), part));
        cost(&book, "a/main", &work)
    };
    assert_eq!(with("a/advisor", tokens(10, 5)), some("285", Source::Computed));
    assert_eq!(with("a/nobody", tokens(10, 5)), (None, Source::Unknown));
    assert_eq!(with("a/advisor", tokens(101, 0)).1, Source::Estimated, "a part is more than the whole");
}

#[test]
fn variants_are_priced_by_their_name_or_as_their_model() {
    let book = PriceBook::default();
    book.adopt("openrouter", vec![priced("a/main", amounts("1", "1"), Vec::new())], Millis(1));
    assert_eq!(cost(&book, "a/main:nitro", &work(1, 1)), some("2", Source::Estimated));
    assert_eq!(cost(&book, "a/main:free", &work(1, 1)).0.as_deref(), Some("0"));
    assert_eq!(cost(&book, "a/nobody:nitro", &work(1, 1)), (None, Source::Unknown));
}

#[test]
fn a_provider_under_another_name_finds_the_prices_of_the_book() {
    let book = PriceBook::default().with_names([("work".to_owned(), "anthropic".to_owned())].into_iter());
    let named = ModelRef::new("work", "claude-sonnet-4-5");
    let (price, origin) = book.price_at(&named, Tariff::Metered, 0).expect("a price");
    assert_eq!((price.input, origin), (Pico(3_000_000), Origin::Book));
    assert!(book.info(&named).is_some_and(|info| info.model == named && info.context.is_some()));
}

/// Ollama at home passes requests for some models on to a cloud, which is not for nothing.
#[test]
fn a_model_that_is_elsewhere_is_not_local() {
    let (here, there) = (ModelRef::new("ollama", "here"), ModelRef::new("ollama", "there"));
    let own = PriceText { input: text("1"), output: text("2"), ..PriceText::default() };
    let (priced, _) = PriceBook::new([(there.clone(), own)].into_iter());
    let mut list = ["here", "there"].map(|id| listing("ollama", id, None));
    list[1].info.is_elsewhere = true;
    for book in [&PriceBook::default(), &priced] {
        book.adopt("ollama", list.to_vec(), Millis(1));
    }
    let nothing = Charge::of(Pico::ZERO, Source::Computed, Tariff::Local);
    let paid = Charge::of(Pico(1_000_000 * 10 + 2_000_000 * 5), Source::Computed, Tariff::Metered);
    for (book, model, charge) in
        [(&priced, &here, nothing), (&PriceBook::default(), &there, nothing), (&priced, &there, paid)]
    {
        assert_eq!(book.charge(model, &work(10, 5), Tariff::Local), charge, "{model}");
    }
    let book = PriceBook::default();
    book.adopt("ollama", list.to_vec(), Millis(1));
    assert_eq!(book.charge(&there, &work(10, 5), Tariff::Local), Charge::unknown(Tariff::Metered));
    assert_eq!(book.price_at(&there, Tariff::Local, 0), None, "in the list of models too");
    assert_eq!(book.charge(&there, &work(10, 5), Tariff::Subscription).amount, Some(Pico::ZERO));
}

#[test]
fn what_the_catalogue_gives_for_nothing_is_free_and_not_unknown() {
    let book = PriceBook::default();
    let searched = Amounts { search: text("0.01"), ..amounts("0", "0") };
    let long = Override { above: Some(10), amounts: amounts("1", "1"), ..Override::default() };
    let list = vec![
        priced("a/gift", Amounts { request: text("0"), ..amounts("0", "0.0") }, Vec::new()),
        priced("a/searched", searched, Vec::new()),
        priced("a/short", amounts("0", "0"), vec![long]),
    ];
    book.adopt("openrouter", list, Millis(1));
    let paid = |id: &str, tokens: &Tokens| book.tariff(&model(id), tokens, Tariff::Metered);
    let none = Tokens::default();
    for (id, tariff) in [
        ("a/gift", Tariff::Free),
        ("b/unlisted:free", Tariff::Free),
        ("a/searched", Tariff::Metered),
        ("a/short", Tariff::Metered),
        ("b/unlisted", Tariff::Metered),
    ] {
        assert_eq!(paid(id, &none), tariff, "{id}");
    }
    let free = Charge::of(Pico::ZERO, Source::Computed, Tariff::Free);
    assert_eq!(
        book.charge(&model("a/gift"), &Work::default(), Tariff::Metered),
        free,
        "also without a count"
    );
    let searched = Tokens { searches: Some(1), ..work(1, 1).tokens };
    assert_eq!(paid("a/gift", &searched), Tariff::Metered, "a search may cost where tokens do not");
    assert_eq!(book.charge(&model("a/gift"), &Work::of(searched), Tariff::Metered).source, Source::Estimated);
    for tariff in [Tariff::Local, Tariff::Subscription, Tariff::Free] {
        let charge = book.charge(&model("a/searched"), &work(1, 1), tariff);
        assert_eq!(charge, Charge::of(Pico::ZERO, Source::Computed, tariff));
    }
}
