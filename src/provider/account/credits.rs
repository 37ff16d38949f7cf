//! `GET /credits`: what was paid in and what is used of it. For management keys.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Pico;
use crate::provider::account::money;

/// The credits of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits {
    /// Paid in.
    pub total: Pico,
    /// Used of it.
    pub used: Pico,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    total_credits: Option<&'a RawValue>,
    #[serde(borrow)]
    total_usage: Option<&'a RawValue>,
}

impl Credits {
    /// What is left, in pico-dollars; less than nothing when more was used than paid in.
    #[must_use]
    pub fn left(self) -> i128 {
        i128::from(self.total.0) - i128::from(self.used.0)
    }

    /// From the answer's body; `None` when it is another's.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Whole { data } = serde_json::from_slice::<Whole<'_>>(body).ok()?;
        Some(Self { total: money(data.total_credits)?, used: money(data.total_usage)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::usd;

    #[test]
    fn what_is_left_may_be_less_than_nothing() {
        let left = |body| usd(Credits::read(body).expect("credits").left());
        assert_eq!(left(include_bytes!("../../../tests/fixtures/or-credits.json")), "74.749875");
        assert_eq!(left(include_bytes!("../../../tests/fixtures/or-credits-negative.json")), "-0.0042");
        assert_eq!(Credits::read(b"{\"data\":{\"total_credits\":1}}"), None);
    }
}
