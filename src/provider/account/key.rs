//! `GET /key`: what any key of OpenRouter may know of itself.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Pico;
use crate::provider::account::is_true;
use crate::provider::account::money;
use crate::provider::account::text;
use crate::text::Untrusted;

/// A key's limits and what it has spent. What OpenRouter did not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// What it may spend in all, or until it is reset; `None`: it has no cap of its own, which is
    /// not to say that there is credit.
    pub limit: Option<Pico>,
    /// What is left of that.
    pub remaining: Option<Pico>,
    /// When the limit begins anew: `daily`, `weekly`, `monthly`; `None`: never.
    pub reset: Option<Untrusted>,
    /// Spent in all.
    pub spent: Option<Pico>,
    /// Spent today, by the days of UTC.
    pub spent_day: Option<Pico>,
    /// Spent since Monday.
    pub spent_week: Option<Pico>,
    /// Spent since the first of the month.
    pub spent_month: Option<Pico>,
    /// What ran over keys of one's own at other providers.
    pub byok: Option<Pico>,
    /// Whether nothing was ever paid in, so that only free models answer.
    pub free_tier: bool,
    /// Whether it may see credits and activity.
    pub management: bool,
    /// When it ends.
    pub expires: Option<Untrusted>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    limit: Option<&'a RawValue>,
    #[serde(borrow)]
    limit_remaining: Option<&'a RawValue>,
    #[serde(borrow)]
    limit_reset: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_daily: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_weekly: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_monthly: Option<&'a RawValue>,
    #[serde(borrow)]
    byok_usage: Option<&'a RawValue>,
    #[serde(borrow)]
    is_free_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    is_management_key: Option<&'a RawValue>,
    #[serde(borrow)]
    is_provisioning_key: Option<&'a RawValue>,
    #[serde(borrow)]
    expires_at: Option<&'a RawValue>,
}

impl KeyFacts {
    /// From the answer's body; `None` when it is another's.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Whole { data } = serde_json::from_slice::<Whole<'_>>(body).ok()?;
        let spent = money(data.usage);
        // Whatever else there is, a key of OpenRouter knows what it has spent.
        spent?;
        Some(Self {
            limit: money(data.limit),
            remaining: money(data.limit_remaining),
            reset: text(data.limit_reset),
            spent,
            spent_day: money(data.usage_daily),
            spent_week: money(data.usage_weekly),
            spent_month: money(data.usage_monthly),
            byok: money(data.byok_usage),
            free_tier: is_true(data.is_free_tier),
            management: is_true(data.is_management_key) || is_true(data.is_provisioning_key),
            expires: text(data.expires_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Option<Pico> {
        Some(Pico::from_usd(text).expect("an amount"))
    }

    #[test]
    fn a_limit_and_what_is_left_of_it() {
        let facts = KeyFacts::read(include_bytes!("../../../tests/fixtures/or-key.json")).expect("a key");
        assert_eq!((facts.limit, facts.remaining), (usd("100"), usd("74.500125")));
        assert_eq!((facts.spent, facts.spent_day), (usd("1025.499875"), usd("1.250125")));
        assert_eq!((facts.spent_week, facts.spent_month), (usd("9.75"), usd("25.499875")));
        assert_eq!(facts.reset.as_ref().map(Untrusted::raw), Some("monthly"));
        assert!(!facts.free_tier && !facts.management && facts.expires.is_none());
    }

    #[test]
    fn null_is_no_cap_and_not_nothing_left() {
        let body = include_bytes!("../../../tests/fixtures/or-key-free-unlimited.json");
        let facts = KeyFacts::read(body).expect("a key");
        assert_eq!((facts.limit, facts.remaining, facts.reset.clone()), (None, None, None));
        assert_eq!((facts.spent, facts.byok), (usd("0"), usd("17.38")));
        assert!(facts.free_tier);
    }

    #[test]
    fn amounts_may_be_texts_or_have_exponents_and_others_answers_are_none() {
        let facts =
            KeyFacts::read(br#"{"data":{"usage":"0.5","usage_daily":5e-7,"limit":{},"limit_reset":7}}"#);
        let facts = facts.expect("a key");
        assert_eq!((facts.spent, facts.spent_day), (usd("0.5"), Some(Pico(500_000))));
        assert_eq!((facts.limit, facts.reset), (None, None));
        for other in [&b"{}"[..], b"[]", b"{\"data\":[]}", b"<html>", b"{\"data\":{\"id\":1}}", b""] {
            assert_eq!(KeyFacts::read(other), None);
        }
    }
}
