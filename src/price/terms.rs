//! The whole price of one model: the price itself, and the other prices of long requests, of hours
//! and of service tiers. Reads decimal texts and writes them again; knows no model's name.

use serde_json::Map;
use serde_json::Value;

use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::usd;
use crate::price::Amounts;
use crate::price::Listed;
use crate::price::Price;
use crate::price::PriceText;
use crate::price::Unit;

/// The price of a model, with its conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The price of an ordinary request.
    pub base: Scale,
    /// Prices of service tiers, by the provider's word in small letters.
    pub tiers: Vec<(String, Scale)>,
    /// A price for long requests begins at the threshold itself, not above it.
    pub at_least: bool,
    /// Something of the price is not known: charges are estimates.
    pub is_rough: bool,
    /// The plain price was read inside one of its hours, so that outside of them it may be another.
    pub is_of_an_hour: bool,
}

/// A price and what changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scale {
    /// Without any condition.
    pub price: Price,
    /// All that hold count; the later ones win, amount by amount.
    pub rules: Vec<Rule>,
}

/// Amounts that hold under conditions, all of which must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    /// More input tokens than this, cached ones included.
    pub above: Option<u64>,
    /// `HHMM` in UTC: from the first until before the second, past midnight too.
    pub hours: Option<(u16, u16)>,
    /// Days of the week in UTC, a bit each, Monday the lowest.
    pub days: Option<u8>,
    /// It has a condition that nobody here understands.
    pub is_odd: bool,
    /// What changes.
    pub change: Change,
}

/// New amounts; `None` stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Uncached input.
    pub input: Option<Pico>,
    /// Output.
    pub output: Option<Pico>,
    /// All others; its input and output are not looked at.
    pub others: Price,
}

/// What decides which amounts are in force.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Case<'a> {
    /// Input tokens, cached ones included.
    pub input: u64,
    /// When the request was sent.
    pub at: Option<Millis>,
    /// The service tier that served, in the provider's word.
    pub tier: Option<&'a str>,
}

/// Words of providers for the tier that everybody gets.
const ORDINARY: [&str; 5] = ["default", "standard", "on_demand", "auto", ""];

impl Terms {
    /// A price without conditions.
    pub(super) fn flat(price: Price) -> Self {
        Self { base: Scale { price, rules: Vec::new() }, ..Self::default() }
    }

    /// From what the user wrote.
    ///
    /// # Errors
    /// In words, when a text is missing or is no price.
    pub(super) fn read(text: &PriceText) -> Result<Self, String> {
        let member = |name: &str, text: &Option<String>| -> Result<Option<Pico>, String> {
            text.as_ref().map(|text| dollars(text).map_err(|why| format!("{name} is {why}"))).transpose()
        };
        let needed = |name: &str, price: Option<Pico>| price.ok_or_else(|| format!("{name} is missing"));
        Ok(Self::flat(Price {
            input: needed("input", member("input", &text.input)?)?,
            output: needed("output", member("output", &text.output)?)?,
            cache_read: member("cache_read", &text.cache_read)?,
            cache_write: member("cache_write", &text.cache_write)?,
            ..Price::default()
        }))
    }

    /// From what a catalogue told at a time. `None`: it says that nobody knows the price before.
    pub(super) fn listed(listed: &Listed, at: Millis) -> Option<Self> {
        let mut is_rough = false;
        let base = change(&listed.base, listed.unit, &mut is_rough);
        let price = Price { input: base.input?, output: base.output?, ..base.others };
        // What costs nothing costs no less.
        is_rough |= listed.is_discounted && !price.is_free();
        let rules: Vec<Rule> = listed
            .overrides
            .iter()
            .map(|odd| {
                let mut is_vague = false;
                let change = change(&odd.amounts, listed.unit, &mut is_vague);
                Rule {
                    above: odd.above,
                    hours: odd.hours,
                    days: None,
                    is_odd: odd.is_odd || is_vague,
                    change,
                }
            })
            .collect();
        let is_of_an_hour = rules.iter().any(|rule| rule.hours.is_some_and(|hours| within(hours, at)));
        let base = Scale { price, rules };
        Some(Self { base, is_rough, is_of_an_hour, ..Self::default() })
    }

    /// The price in force, and whether that is for certain.
    pub(super) fn at(&self, case: &Case<'_>) -> (Price, bool) {
        let (scale, _, is_known) = self.scale(case.tier);
        let mut is_sure = !self.is_rough && is_known;
        let (mut price, mut by_hour) = (scale.price, false);
        for rule in &scale.rules {
            let long = rule
                .above
                .is_none_or(|above| if self.at_least { case.input >= above } else { case.input > above });
            let now = rule.hours.is_none_or(|hours| case.at.is_some_and(|at| within(hours, at)))
                && rule.days.is_none_or(|days| case.at.is_some_and(|at| is_on(days, at)));
            if !(long && now) {
                continue;
            }
            if rule.is_odd {
                is_sure = false;
                continue;
            }
            by_hour |= rule.hours.is_some();
            price = rule.change.over(&price);
        }
        (price, is_sure && (by_hour || !self.is_of_an_hour))
    }

    /// Whether nothing is paid, whatever the conditions.
    pub(super) fn is_free(&self) -> bool {
        let scales = self.tiers.iter().map(|(_, scale)| scale);
        !self.is_rough
            && std::iter::once(&self.base).chain(scales).all(|scale| {
                let ruled = |rule: &Rule| !rule.is_odd && rule.change.over(&scale.price).is_free();
                scale.price.is_free() && scale.rules.iter().all(ruled)
            })
    }

    /// Whether it says nothing but what another price says too.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let theirs = other.base.price;
        !self.is_rough && self.base.rules.is_empty() && Change::to(self.base.price).over(&theirs) == theirs
    }

    /// The amounts of a service tier, or those of everybody; and whether the tier is known.
    fn scale(&self, tier: Option<&str>) -> (&Scale, Option<&str>, bool) {
        let word = tier.map(str::to_ascii_lowercase).unwrap_or_default();
        // Gemini names the kind of capacity, and the tier in it.
        let word = word.strip_prefix("on_demand_").unwrap_or(&word);
        match self.tiers.iter().find(|(tier, _)| tier == word) {
            Some((tier, scale)) => (scale, Some(tier), true),
            None => (&self.base, None, ORDINARY.contains(&word)),
        }
    }

    /// As a JSON object: who says so, of which day, and the amounts of a service tier.
    pub(super) fn json(&self, (origin, dated): (&str, Option<&str>), tier: Option<&str>) -> String {
        let mut out = Map::new();
        out.insert("origin".to_owned(), origin.into());
        if let Some(dated) = dated {
            out.insert("dated".to_owned(), dated.into());
        }
        out.insert("unit".to_owned(), "usd_per_million".into());
        let (scale, tier, _) = self.scale(tier);
        if let Some(tier) = tier {
            out.insert("tier".to_owned(), tier.into());
        }
        scale.write(&mut out);
        let flags =
            [("at_least", self.at_least), ("estimate", self.is_rough), ("of_an_hour", self.is_of_an_hour)];
        for (name, _) in flags.into_iter().filter(|(_, is)| *is) {
            out.insert(name.to_owned(), true.into());
        }
        Value::Object(out).to_string()
    }
}

impl Scale {
    fn write(&self, out: &mut Map<String, Value>) {
        members(Some(self.price.input), Some(self.price.output), &self.price, out);
        let rule = |rule: &Rule| {
            let mut out = Map::new();
            if let Some(above) = rule.above {
                out.insert("tokens".to_owned(), above.into());
            }
            if let Some((from, until)) = rule.hours {
                out.insert("hours".to_owned(), format!("{from:04}-{until:04}").into());
            }
            if let Some(days) = rule.days {
                let words: String =
                    (1..=7).filter(|day| days >> (day - 1) & 1 == 1).map(|day| day.to_string()).collect();
                out.insert("days".to_owned(), words.into());
            }
            if rule.is_odd {
                out.insert("odd".to_owned(), true.into());
            }
            members(rule.change.input, rule.change.output, &rule.change.others, &mut out);
            Value::Object(out)
        };
        if !self.rules.is_empty() {
            out.insert("above".to_owned(), self.rules.iter().map(rule).collect());
        }
    }
}

impl Change {
    /// A whole price in place of another.
    pub(super) fn to(price: Price) -> Self {
        Self { input: Some(price.input), output: Some(price.output), others: price }
    }

    /// The price with these amounts in it.
    fn over(&self, price: &Price) -> Price {
        let new = &self.others;
        Price {
            input: self.input.unwrap_or(price.input),
            output: self.output.unwrap_or(price.output),
            cache_read: new.cache_read.or(price.cache_read),
            cache_write: new.cache_write.or(price.cache_write),
            cache_write_1h: new.cache_write_1h.or(price.cache_write_1h),
            reasoning: new.reasoning.or(price.reasoning),
            audio_input: new.audio_input.or(price.audio_input),
            audio_cache_read: new.audio_cache_read.or(price.audio_cache_read),
            audio_output: new.audio_output.or(price.audio_output),
            image_token: new.image_token.or(price.image_token),
            image_output: new.image_output.or(price.image_output),
            image: new.image.or(price.image),
            request: new.request.or(price.request),
            search: new.search.or(price.search),
        }
    }
}

/// Whether a moment is in hours of the day in UTC.
fn within((from, until): (u16, u16), at: Millis) -> bool {
    let minute = at.0.div_euclid(60_000).rem_euclid(24 * 60);
    let of = |time: u16| i64::from(time / 100) * 60 + i64::from(time % 100);
    let (from, until) = (of(from), of(until));
    if from <= until { (from..until).contains(&minute) } else { minute >= from || minute < until }
}

/// Whether a moment is on one of these days in UTC.
fn is_on(days: u8, at: Millis) -> bool {
    // The first day of all was a Thursday.
    let weekday = (at.0.div_euclid(24 * 60 * 60 * 1000) + 3).rem_euclid(7);
    days >> weekday & 1 == 1
}

/// The amounts of a catalogue; one that is no price, or that nobody knows before, is left out and
/// makes the whole rough.
fn change(amounts: &Amounts, unit: Unit, is_rough: &mut bool) -> Change {
    let mut read = |text: &Option<String>, scale: fn(&str) -> Result<Pico, String>| {
        let price = scale(text.as_deref()?).ok();
        *is_rough |= price.is_none();
        price
    };
    let token = match unit {
        Unit::Token => pieces,
        Unit::Million => dollars,
    };
    Change {
        input: read(&amounts.input, token),
        output: read(&amounts.output, token),
        others: Price {
            input: Pico::ZERO,
            output: Pico::ZERO,
            cache_read: read(&amounts.cache_read, token),
            cache_write: read(&amounts.cache_write, token),
            cache_write_1h: read(&amounts.cache_write_1h, token),
            reasoning: read(&amounts.reasoning, token),
            audio_input: read(&amounts.audio_input, token),
            audio_cache_read: read(&amounts.audio_cache_read, token),
            audio_output: read(&amounts.audio_output, token),
            image_token: read(&amounts.image_token, token),
            image_output: read(&amounts.image_output, token),
            image: read(&amounts.image, pieces),
            request: read(&amounts.request, pieces),
            search: read(&amounts.search, pieces),
        },
    }
}

/// A price from dollars per million tokens.
///
/// # Errors
/// In words, when it is no amount or less than nothing.
pub(super) fn dollars(text: &str) -> Result<Pico, String> {
    not_less_than_nothing(Pico::from_usd_per_million(text).map_err(|why| why.to_string())?, text)
}

/// A price from dollars for one token or one piece.
///
/// # Errors
/// In words, when it is no amount or less than nothing.
pub(super) fn pieces(text: &str) -> Result<Pico, String> {
    not_less_than_nothing(Pico::from_usd(text).map_err(|why| why.to_string())?, text)
}

fn not_less_than_nothing(price: Pico, text: &str) -> Result<Pico, String> {
    if price < Pico::ZERO { Err(format!("less than nothing: {text:?}")) } else { Ok(price) }
}

fn members(input: Option<Pico>, output: Option<Pico>, price: &Price, out: &mut Map<String, Value>) {
    let tokens = [
        ("input", input),
        ("output", output),
        ("cache_read", price.cache_read),
        ("cache_write", price.cache_write),
        ("cache_write_1h", price.cache_write_1h),
        ("reasoning", price.reasoning),
        ("audio_input", price.audio_input),
        ("audio_cache_read", price.audio_cache_read),
        ("audio_output", price.audio_output),
        ("image_token", price.image_token),
        ("image_output", price.image_output),
    ];
    let pieces = [("image", price.image), ("request", price.request), ("search", price.search)];
    // A pico-dollar per token is a millionth of a dollar per million tokens.
    let tokens = tokens.into_iter().map(|(name, price)| (name, price, 1_000_000));
    for (name, price, scale) in tokens.chain(pieces.map(|(name, price)| (name, price, 1))) {
        if let Some(price) = price {
            out.insert(name.to_owned(), usd(i128::from(price.0) * scale).into());
        }
    }
}
