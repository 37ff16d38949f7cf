//! Charges by what is known of an attempt, and sums by their weakest part.

use crate::engine::fake::RoundRates;

use super::*;

fn told(input: Option<u64>, output: Option<u64>) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

fn priced() -> ModelRef {
    ModelRef::new("lab", "m")
}

#[test]
fn charges_by_what_is_known() {
    let (whole, none) = (told(Some(2), Some(3)), Tokens::default());
    let real = |pico, source| Charge::of(Pico(pico), source, Tariff::Metered);
    for (reach, tokens, settled, cost, charge) in [
        (Reach::Served, whole, true, None, real(36, Source::Computed)),
        (Reach::Served, whole, true, Some(Pico(5)), real(5, Source::Reported)),
        // Text after the count: what was told is a lower bound.
        (Reach::Served, whole, false, None, real(76, Source::Estimated)),
        (Reach::Served, none, true, None, real(100, Source::Estimated)),
        (Reach::Served, told(Some(2), None), true, None, real(76, Source::Estimated)),
        (Reach::Served, told(None, Some(3)), true, None, real(100, Source::Estimated)),
        // A count of nothing at all is no count.
        (Reach::Served, told(Some(0), Some(0)), true, None, real(100, Source::Estimated)),
        (Reach::Unsent, none, true, None, real(0, Source::Computed)),
        (Reach::Refused, none, true, None, real(0, Source::Computed)),
        // A server that counts before it fails has worked.
        (Reach::Refused, whole, true, None, real(36, Source::Computed)),
        (Reach::Refused, none, true, Some(Pico(7)), real(7, Source::Reported)),
    ] {
        let model = priced();
        let facts = Facts {
            model: &model,
            tariff: Tariff::Metered,
            reach,
            told: &tokens,
            settled,
            cost,
            guess: told(Some(10), Some(7)),
            billing: &Billing::default(),
            at: None,
            images: 0,
        };
        let bill = settle(&RoundRates, &facts);
        assert_eq!(bill.charge, charge, "{facts:?}");
        assert_eq!(bill.tokens != tokens, charge.source == Source::Estimated, "{facts:?}");
        assert_eq!(bill.computed, (cost.is_some() && tokens == whole).then_some(36), "{facts:?}");
    }
}

#[test]
fn no_price_is_unknown_and_keeps_what_was_told() {
    let model = ModelRef::new("lab", "unpriced");
    for tokens in [told(Some(2), Some(3)), Tokens::default()] {
        let bill = settle(
            &RoundRates,
            &Facts {
                model: &model,
                tariff: Tariff::Metered,
                reach: Reach::Served,
                told: &tokens,
                settled: true,
                cost: None,
                guess: told(Some(10), Some(7)),
                billing: &Billing::default(),
                at: None,
                images: 0,
            },
        );
        assert_eq!((bill.charge, bill.tokens), (Charge::unknown(Tariff::Metered), tokens));
        assert_eq!(bill.prices, None);
    }
}

#[test]
fn cached_input_is_not_counted_twice_in_an_estimate() {
    let partly = Tokens { cache_read: Some(6), ..Tokens::default() };
    let filled = filled(&partly, &told(Some(10), Some(7)));
    assert_eq!((filled.input, filled.cache_read, filled.output), (Some(4), Some(6), Some(7)));
}

#[test]
fn how_far_a_failure_came() {
    let status = |code| Fault { http_status: Some(code), ..Fault::new(FaultClass::Provider, "") };
    for (fault, output, expected) in [
        (Fault::new(FaultClass::Network, "").unsent(), false, Reach::Unsent),
        (status(500), false, Reach::Refused),
        (status(500), true, Reach::Served),
        (Fault { http_status: Some(504), ..Fault::new(FaultClass::Timeout, "") }, false, Reach::Refused),
        (Fault::new(FaultClass::Timeout, ""), false, Reach::Served),
        (Fault::new(FaultClass::Network, ""), false, Reach::Served),
        (Fault { http_status: Some(200), ..Fault::new(FaultClass::Protocol, "") }, false, Reach::Served),
        (Fault::new(FaultClass::Rate, "an error inside the stream"), false, Reach::Refused),
        (Fault::cut(""), false, Reach::Served),
    ] {
        assert_eq!(reach(&fault, output), expected, "{fault:?} {output}");
    }
}

#[test]
fn sums_carry_the_weakest_source() {
    let of = |pico, source| Charge::of(Pico(pico), source, Tariff::Metered);
    let unknown = Charge::unknown(Tariff::Metered);
    for (charges, expected) in [
        (vec![], of(0, Source::Computed)),
        (vec![of(3, Source::Reported)], of(3, Source::Reported)),
        (vec![of(0, Source::Computed), of(3, Source::Reported)], of(3, Source::Computed)),
        (vec![of(3, Source::Reported), of(4, Source::Estimated)], of(7, Source::Estimated)),
        (vec![of(3, Source::Reported), unknown], unknown),
        (vec![of(i64::MAX, Source::Reported), of(1, Source::Reported)], unknown),
    ] {
        assert_eq!(total(&charges, Tariff::Metered), expected);
    }
}

#[test]
fn ways_to_pay_nothing_are_told_apart() {
    let whole = told(Some(2), Some(3));
    let nothing = |tariff| Charge::of(Pico::ZERO, Source::Computed, tariff);
    for (id, tariff, cost, charge) in [
        ("m", Tariff::Subscription, None, nothing(Tariff::Subscription)),
        ("m", Tariff::Subscription, Some(Pico(9)), nothing(Tariff::Subscription)),
        ("m", Tariff::Local, Some(Pico(9)), nothing(Tariff::Local)),
        ("m", Tariff::Free, None, nothing(Tariff::Free)),
        ("gratis", Tariff::Metered, None, nothing(Tariff::Free)),
        ("gratis", Tariff::Metered, Some(Pico::ZERO), nothing(Tariff::Free)),
        // What the provider says was paid, was paid.
        ("gratis", Tariff::Metered, Some(Pico(9)), Charge::of(Pico(9), Source::Reported, Tariff::Metered)),
        ("m", Tariff::Free, Some(Pico(9)), Charge::of(Pico(9), Source::Reported, Tariff::Metered)),
    ] {
        let model = ModelRef::new("lab", id);
        let bill = settle(
            &RoundRates,
            &Facts {
                model: &model,
                tariff,
                reach: Reach::Served,
                told: &whole,
                settled: true,
                cost,
                guess: told(Some(10), Some(7)),
                billing: &Billing::default(),
                at: None,
                images: 0,
            },
        );
        assert_eq!((bill.charge, bill.tokens), (charge, whole), "{id} {tariff:?} {cost:?}");
    }
}
