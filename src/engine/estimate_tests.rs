//! Estimates by script, and that no split changes them.

use proptest::prelude::*;

use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Role;
use crate::chat::SeatId;
use crate::engine::fake::RoundRates;

use super::*;

fn tokens(text: &str) -> u64 {
    let mut estimator = Estimator::default();
    estimator.push(text);
    estimator.tokens()
}

/// Characters for a token, in hundredths.
fn density(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap() * 100 / tokens(text)
}

#[test]
fn scripts_have_their_densities() {
    let prose = "The borrow checker makes sure that a reference never outlives what it points to. It \
                 does so at compile time, and it costs nothing when the program runs.";
    let code = "fn main() {\n    let x: Vec<u32> = (0..10).map(|n| n * 2).collect();\n    \
                assert_eq!(x[3], 6);\n    for (i, v) in x.iter().enumerate() {\n        \
                println!(\"{i}: {v}\");\n    }\n}\n";
    let (prose, code) = (density(prose), density(code));
    assert!((380..=430).contains(&prose), "{prose}");
    assert!((280..=350).contains(&code), "{code}");
    assert_eq!(tokens("日本語の文章"), 6);
    assert_eq!(tokens(""), 0);
}

#[test]
fn seats_are_estimated_by_their_limits() {
    let mut seat = Seat {
        id: SeatId(1),
        model: ModelRef::new("lab", "m"),
        system: None,
        params: Params::default(),
        muted: false,
    };
    let messages = [Message::text(Role::User, "日本語")];
    let estimate = of(&RoundRates, Tariff::Metered, &seat, &messages);
    assert_eq!(estimate, Estimate { input_tokens: 7, expected: Some(Pico(5_021)), at_most: None });
    seat.params.max_tokens = Some(1_000);
    let estimate = of(&RoundRates, Tariff::Metered, &seat, &messages);
    assert_eq!((estimate.expected, estimate.at_most), (Some(Pico(5_021)), Some(Pico(10_021))));
    seat.params.max_tokens = Some(100);
    let estimate = of(&RoundRates, Tariff::Metered, &seat, &messages);
    assert_eq!((estimate.expected, estimate.at_most), (Some(Pico(1_021)), Some(Pico(1_021))));
    assert_eq!(of(&RoundRates, Tariff::Local, &seat, &messages).at_most, Some(Pico::ZERO));
    (seat.model.id, seat.params.max_tokens) = ("bounded".to_owned(), None);
    assert_eq!(of(&RoundRates, Tariff::Metered, &seat, &messages).at_most, Some(Pico(521)));
    seat.model.id = "unpriced".to_owned();
    assert_eq!(of(&RoundRates, Tariff::Metered, &seat, &messages).at_most, None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_counts_the_same(parts in prop::collection::vec(".{0,8}", 0..8)) {
        let mut split = Estimator::default();
        for part in &parts {
            split.push(part);
        }
        prop_assert_eq!(split.tokens(), tokens(&parts.concat()));
    }
}
