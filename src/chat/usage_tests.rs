//! Tables and laws of tokens and money.

use proptest::prelude::*;

use super::*;

#[test]
fn dollars_from_text() {
    for (text, pico) in [
        ("0", 0),
        ("0.0143", 14_300_000_000),
        ("2.8e-05", 28_000_000),
        ("5e-7", 500_000),
        ("1E2", 100_000_000_000_000),
        ("-0.5", -500_000_000_000),
        ("0.0000000000005", 0),
        ("0.0000000000015", 2),
        ("0.00000000000051", 1),
        ("0.00000000000005", 0),
        ("9.499999999999999E-7", 950_000),
        ("0e999999", 0),
        ("1e-999999", 0),
    ] {
        assert_eq!(Pico::from_usd(text), Ok(Pico(pico)), "{text}");
    }
}

#[test]
fn prices_from_text() {
    assert_eq!(Pico::from_usd_per_million("3.00"), Ok(Pico(3_000_000)));
    assert_eq!(Pico::from_usd_per_million("0.075"), Ok(Pico(75_000)));
}

#[test]
fn what_is_no_amount() {
    for text in ["", ".", "-", "1,5", "0x10", "1e", "NaN", "inf", "1.2.3", "١", "1e99999999999"] {
        assert!(matches!(Pico::from_usd(text), Err(PicoError::NotDecimal(_))), "{text}");
    }
    for text in ["9223373", "1e300", "1e2147483647"] {
        assert!(matches!(Pico::from_usd(text), Err(PicoError::TooLarge(_))), "{text}");
    }
}

#[test]
fn as_people_read_it() {
    for (pico, text) in [
        (0, "$0"),
        (99_999_999, "<$0.0001"),
        (14_300_000_000, "$0.0143"),
        (999_940_000_000, "$0.9999"),
        (999_960_000_000, "$1.00"),
        (12_345_000_000_000, "$12.35"),
    ] {
        assert_eq!(short_usd(pico), text);
    }
}

#[test]
fn a_sum_carries_the_weakest_mark_and_counts_the_unknown() {
    let mut sum = Sum::default();
    sum.add(&Charge::of(Pico(14_300_000_000), Source::Reported, Tariff::Metered));
    assert_eq!(sum.to_string(), "$0.0143");
    sum.add(&Charge::of(Pico(1_000_000_000), Source::Computed, Tariff::Metered));
    assert_eq!(sum.to_string(), "~$0.0153");
    sum.add(&Charge::of(Pico::ZERO, Source::Estimated, Tariff::Metered));
    assert_eq!(sum.to_string(), "≈$0.0153");
    sum.add(&Charge::unknown(Tariff::Metered));
    sum.add(&Charge::of(Pico::DOLLAR, Source::Computed, Tariff::Play));
    assert_eq!(sum.to_string(), "≈$0.0153 +1 ?");
    assert_eq!(sum.usd().as_deref(), Some("0.0153"));
    assert_eq!(sum.play, i128::from(Pico::DOLLAR.0));
}

#[test]
fn nothing_by_the_price_list_is_nothing() {
    let refused = Charge::of(Pico::ZERO, Source::Computed, Tariff::Metered);
    assert_eq!(refused.to_string(), "$0");
    let mut sum = Sum::default();
    sum.add(&refused);
    assert_eq!(sum.to_string(), "$0");
    sum.add(&Charge::of(Pico(14_300_000_000), Source::Reported, Tariff::Metered));
    assert_eq!(sum.to_string(), "$0.0143", "a figure of the provider stays one");
}

#[test]
fn free_local_subscription_and_unknown_are_four_different_things() {
    let of = |tariff| Charge::of(Pico::ZERO, Source::Computed, tariff);
    let table = [
        (of(Tariff::Free), "free", "$0", Some("0")),
        (of(Tariff::Local), "local", "$0", Some("0")),
        (of(Tariff::Subscription), "subscription", "subscription", None),
        (Charge::unknown(Tariff::Metered), "?", "1 ?", None),
    ];
    let mut all = Sum::default();
    for (charge, footer, line, usd) in table {
        let mut sum = Sum::default();
        sum.add(&charge);
        assert_eq!((charge.to_string().as_str(), sum.to_string().as_str()), (footer, line));
        assert_eq!(sum.usd().as_deref(), usd, "{footer}");
        all.add(&charge);
    }
    assert_eq!((all.known, all.unknown, all.covered, all.total()), (2, 1, 1, 0));
    assert_eq!(all.to_string(), "$0 +1 ?");
    all.add(&Charge::of(Pico(14_300_000_000), Source::Reported, Tariff::Metered));
    assert_eq!(all.to_string(), "$0.0143 +1 ?", "none of them weakens or changes what is paid");
    for (tariff, name) in Tariff::ALL {
        assert_eq!(Tariff::from_name(name), Some(tariff));
    }
}

#[test]
fn figures_that_are_far_apart_are_told() {
    for (told, own, is_far) in [
        (14_300_000_000, 13_000_000_000, true),
        (13_000_000_000, 14_300_000_000, true),
        (14_300_000_000, 14_200_000_000, false),
        (1_000_000_000, 990_000_000, false),
        (1_000_000_000, 989_999_999, true),
        (1_000_000, 0, false),
        (1_000_001, 0, true),
        (0, 1_000_001, true),
    ] {
        let charge = Charge::of(Pico(told), Source::Reported, Tariff::Metered);
        assert_eq!(apart(&charge, Some(Pico(own))).is_some(), is_far, "{told} {own}");
        assert_eq!(apart(&charge, None), None);
        let computed = Charge { source: Source::Computed, ..charge };
        assert_eq!(apart(&computed, Some(Pico(own))), None, "only a figure of the provider is checked");
    }
}

fn any_charge() -> impl Strategy<Value = Charge> {
    (any::<i64>(), 0..4_usize, 0..5_usize).prop_map(|(amount, source, tariff)| {
        let (source, tariff) = (Source::ALL[source].0, Tariff::ALL[tariff].0);
        match source {
            Source::Unknown => Charge::unknown(tariff),
            _ => Charge::of(Pico(amount), source, tariff),
        }
    })
}

proptest! {
    #[test]
    fn text_and_back(pico in any::<i64>()) {
        prop_assert_eq!(Pico::from_usd(&Pico(pico).usd()), Ok(Pico(pico)));
    }

    #[test]
    fn never_panics(text in "[-+0-9.eE]{0,40}") {
        let _ = Pico::from_usd(&text);
    }

    #[test]
    fn the_order_of_adding_does_not_matter(charges in prop::collection::vec(any_charge(), 0..40), cut in 0..40_usize) {
        let fold = |charges: &mut dyn Iterator<Item = &Charge>| {
            let mut sum = Sum::default();
            charges.for_each(|charge| sum.add(charge));
            sum
        };
        let cut = cut.min(charges.len());
        let turned = fold(&mut charges[cut..].iter().chain(&charges[..cut]).rev());
        prop_assert_eq!(turned, fold(&mut charges.iter()));
    }
}
