//! Tokens in disjoint kinds, and money as whole pico-dollars from the decimal text to the screen.
//! No float touches money.

use std::fmt;

/// Tokens of one attempt. The kinds of input are disjoint; what is called a part of another count is
/// contained in it. `None` is "not told", which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Input that was neither read from a cache nor written to one.
    pub input: Option<u64>,
    /// Input read from a cache.
    pub cache_read: Option<u64>,
    /// Input written to a cache for the short time.
    pub cache_write: Option<u64>,
    /// Input written to a cache for an hour.
    pub cache_write_1h: Option<u64>,
    /// Output, thinking included.
    pub output: Option<u64>,
    /// The part of the output that was thinking.
    pub reasoning: Option<u64>,
    /// The part of the uncached input that was sound.
    pub audio_input: Option<u64>,
    /// The part of the output that was sound.
    pub audio_output: Option<u64>,
    /// The part of the output that was pictures.
    pub image_output: Option<u64>,
    /// How often the provider searched the web: a count of searches, not of tokens.
    pub searches: Option<u64>,
}

impl Tokens {
    /// All input together, when any of it is known.
    #[must_use]
    pub fn input_total(&self) -> Option<u64> {
        [self.input, self.cache_read, self.cache_write, self.cache_write_1h]
            .into_iter()
            .flatten()
            .reduce(u64::saturating_add)
    }

    /// Both kinds of cache writes together.
    #[must_use]
    pub fn cache_write_total(&self) -> Option<u64> {
        [self.cache_write, self.cache_write_1h].into_iter().flatten().reduce(u64::saturating_add)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Money: whole pico-dollars (10⁻¹² USD). As a price per token it is the same number as
/// micro-dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pico(pub i64);

/// Why a text is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PicoError {
    /// Not a decimal number.
    #[error("not a decimal number: {0:?}")]
    NotDecimal(String),
    /// More than 9.2 million dollars, either way.
    #[error("too large an amount: {0:?}")]
    TooLarge(String),
}

impl Pico {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One dollar.
    pub const DOLLAR: Self = Self(1_000_000_000_000);

    /// Dollars from their decimal text, exponents included (`0.0143`, `2.8e-05`). What is finer
    /// than a pico-dollar is rounded half to even.
    ///
    /// # Errors
    /// When the text is no decimal number, or the amount does not fit.
    pub fn from_usd(text: &str) -> Result<Self, PicoError> {
        Self::scaled(text, 12)
    }

    /// A price per token from dollars per million tokens (`3.00`).
    ///
    /// # Errors
    /// As [`Pico::from_usd`].
    pub fn from_usd_per_million(text: &str) -> Result<Self, PicoError> {
        Self::scaled(text, 6)
    }

    fn scaled(text: &str, places: i32) -> Result<Self, PicoError> {
        let bad = || PicoError::NotDecimal(text.to_owned());
        let large = || PicoError::TooLarge(text.to_owned());
        let body = text.trim();
        let (negative, body) = match body.as_bytes().first() {
            Some(b'-') => (true, &body[1..]),
            Some(b'+') => (false, &body[1..]),
            _ => (false, body),
        };
        let (mantissa, exponent) = match body.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
            None => (body, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || digits().any(|b| !b.is_ascii_digit()) {
            return Err(bad());
        }
        // The value is `digits` × 10^shift pico-dollars.
        let length = i32::try_from(fraction.len()).map_err(|_| bad())?;
        let shift = places.checked_add(exponent).and_then(|n| n.checked_sub(length)).ok_or_else(large)?;
        let all: Vec<u8> = digits().map(|b| b - b'0').collect();
        let cut = usize::try_from(shift.unsigned_abs()).map_err(|_| large())?;
        let kept = if shift < 0 { all.len().saturating_sub(cut) } else { all.len() };
        let mut value: i128 = 0;
        for digit in &all[..kept] {
            value =
                value.checked_mul(10).and_then(|v| v.checked_add(i128::from(*digit))).ok_or_else(large)?;
        }
        if shift < 0 {
            let ahead = cut > all.len();
            value += i128::from(rounds_up(&all[kept..], ahead, value));
        } else if value != 0 {
            for _ in 0..shift {
                value = value.checked_mul(10).filter(|v| *v <= i128::from(i64::MAX)).ok_or_else(large)?;
            }
        }
        let value = if negative { -value } else { value };
        i64::try_from(value).map(Self).map_err(|_| large())
    }

    /// `self × count`.
    #[must_use]
    pub fn times(self, count: u64) -> Option<Self> {
        i64::try_from(count).ok().and_then(|count| self.0.checked_mul(count)).map(Self)
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Dollars, exact, without zeros at the end: `0.000412`, `0`, `12.5`.
    #[must_use]
    pub fn usd(self) -> String {
        exact_usd(i128::from(self.0))
    }
}

/// Whether the digits that are cut off round the last kept one up, half to even. `ahead`: zeros
/// stand between the point and them.
fn rounds_up(rest: &[u8], ahead: bool, kept: i128) -> bool {
    match rest.split_first() {
        Some((first, tail)) if !ahead => match first.cmp(&5) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => tail.iter().any(|d| *d != 0) || kept % 2 == 1,
        },
        _ => false,
    }
}

fn exact_usd(pico: i128) -> String {
    let sign = if pico < 0 { "-" } else { "" };
    let magnitude = pico.unsigned_abs();
    let one = Pico::DOLLAR.0.unsigned_abs();
    let (whole, part) = (magnitude / u128::from(one), magnitude % u128::from(one));
    let mut out = format!("{sign}{whole}.{part:012}");
    while out.ends_with('0') {
        out.pop();
    }
    if out.ends_with('.') {
        out.pop();
    }
    out
}

/// An amount as people read it: four decimals below a dollar, two from there; `<$0.0001` for less
/// than a ten-thousandth. Rounded half up; nothing is added up from what this shows.
#[must_use]
pub fn short_usd(pico: i128) -> String {
    let sign = if pico < 0 { "-" } else { "" };
    let magnitude = pico.unsigned_abs();
    if magnitude == 0 {
        return "$0".to_owned();
    }
    if magnitude < 100_000_000 {
        return format!("{sign}<$0.0001");
    }
    let tenthousandths = (magnitude + 50_000_000) / 100_000_000;
    if tenthousandths < 10_000 {
        return format!("{sign}$0.{tenthousandths:04}");
    }
    let cents = (magnitude + 5_000_000_000) / 10_000_000_000;
    format!("{sign}${}.{:02}", cents / 100, cents % 100)
}

/// How a charge is known. Ordered from the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Not at all: counted apart, never as zero.
    Unknown,
    /// From tokens that were estimated.
    Estimated,
    /// From the provider's tokens and a price.
    Computed,
    /// By the provider.
    Reported,
}

impl Source {
    /// All sources with their names in the store and the JSON.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Unknown, "unknown"),
        (Self::Estimated, "estimated"),
        (Self::Computed, "computed"),
        (Self::Reported, "reported"),
    ];

    /// The name in the store and the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(source, _)| *source == self).map_or("unknown", |(_, name)| name)
    }

    /// The source of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(source, _)| *source)
    }

    /// The mark before an amount: `≈` estimated, `~` computed, nothing for reported.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Estimated => "≈",
            Self::Computed => "~",
            Self::Reported => "",
        }
    }
}

/// How tokens of a provider are paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tariff {
    /// By the token.
    #[default]
    Metered,
    /// Nothing, because it runs on a machine of the user's.
    Local,
    /// Play money of the demo models: shown, summed apart, outside budgets.
    Play,
    /// Nothing, because the provider gives it for nothing.
    Free,
    /// Nothing by the token: a subscription pays for it, which is not the same as nothing.
    Subscription,
}

impl Tariff {
    /// All tariffs with their names in the store.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Metered, "metered"),
        (Self::Local, "local"),
        (Self::Play, "play"),
        (Self::Free, "free"),
        (Self::Subscription, "subscription"),
    ];

    /// The name in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(tariff, _)| *tariff == self).map_or("metered", |(_, name)| name)
    }

    /// Whether tokens cost nothing by statement, whatever their number and their price.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        matches!(self, Self::Local | Self::Free | Self::Subscription)
    }

    /// The tariff of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(tariff, _)| *tariff)
    }
}

/// What one attempt or reply cost, with how it is known. The amount is `None` exactly when the
/// source is [`Source::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// How much.
    pub amount: Option<Pico>,
    /// How it is known.
    pub source: Source,
    /// How it is paid for.
    pub tariff: Tariff,
}

impl Charge {
    /// Not known.
    #[must_use]
    pub fn unknown(tariff: Tariff) -> Self {
        Self { amount: None, source: Source::Unknown, tariff }
    }

    /// An amount.
    #[must_use]
    pub fn of(amount: Pico, source: Source, tariff: Tariff) -> Self {
        Self { amount: Some(amount), source, tariff }
    }
}

impl fmt::Display for Charge {
    /// As in a footer: `$0.0143`, `~$0.0143`, `≈$0.0143`, `?`, `local`, `free`, `subscription`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tariff, self.amount) {
            (Tariff::Local | Tariff::Free | Tariff::Subscription, _) => f.write_str(self.tariff.name()),
            (_, Some(Pico::ZERO)) if self.source == Source::Computed => f.write_str("$0"),
            (_, Some(amount)) => write!(f, "{}{}", self.source.mark(), short_usd(i128::from(amount.0))),
            (_, None) => f.write_str("?"),
        }
    }
}

/// The provider's figure and what our own prices say, when they are more than a hundredth and more
/// than a millionth of a dollar apart (safety R71).
#[must_use]
pub fn apart(charge: &Charge, computed: Option<Pico>) -> Option<(Pico, Pico)> {
    let told = charge.amount.filter(|_| charge.source == Source::Reported)?;
    let own = computed?;
    let (far, most) = (told.0.abs_diff(own.0), told.0.unsigned_abs().max(own.0.unsigned_abs()));
    (far > 1_000_000 && far > most / 100).then_some((told, own))
}

/// A sum of charges: how much of it is known how, and how many are not known. Play money is kept
/// apart. Adding is associative and commutative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Said by providers, in pico-dollars.
    pub reported: i128,
    /// Computed from tokens and prices.
    pub computed: i128,
    /// Estimated.
    pub estimated: i128,
    /// How many charges are not known.
    pub unknown: u64,
    /// How many parts are computed and how many estimated. An estimated $0 still weakens the mark.
    pub computed_count: u64,
    /// As `computed_count`.
    pub estimated_count: u64,
    /// How many charges of real money are known.
    pub known: u64,
    /// Play money of the demo models.
    pub play: i128,
    /// How many charges of play money there are.
    pub play_count: u64,
    /// How many charges a subscription covers: no money, and not nothing.
    pub covered: u64,
}

impl Sum {
    /// Adds one charge.
    pub fn add(&mut self, charge: &Charge) {
        let amount = charge.amount.map_or(0, |pico| i128::from(pico.0));
        if charge.tariff == Tariff::Play {
            self.play += amount;
            self.play_count += 1;
            return;
        }
        if charge.tariff == Tariff::Subscription {
            self.covered += 1;
            return;
        }
        match charge.source {
            Source::Reported => self.reported += amount,
            // What is nothing by the price list is nothing: a request that never left, a local model.
            Source::Computed if amount == 0 || charge.tariff.is_nothing() => {}
            Source::Computed => {
                self.computed += amount;
                self.computed_count += 1;
            }
            Source::Estimated => {
                self.estimated += amount;
                self.estimated_count += 1;
            }
            Source::Unknown => {
                self.unknown += 1;
                return;
            }
        }
        self.known += 1;
    }

    /// Adds another sum.
    #[cfg(test)]
    pub fn merge(&mut self, other: &Self) {
        self.reported += other.reported;
        self.computed += other.computed;
        self.estimated += other.estimated;
        self.unknown += other.unknown;
        self.computed_count += other.computed_count;
        self.estimated_count += other.estimated_count;
        self.known += other.known;
        self.play += other.play;
        self.play_count += other.play_count;
        self.covered += other.covered;
    }

    /// All real money that is known, in pico-dollars.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.reported + self.computed + self.estimated
    }

    /// The total in dollars, exact; `None` when nothing is known.
    #[must_use]
    pub fn usd(&self) -> Option<String> {
        (self.known > 0).then(|| exact_usd(self.total()))
    }

    /// The weakest mark of the parts.
    #[must_use]
    pub fn mark(&self) -> &'static str {
        if self.estimated_count > 0 {
            Source::Estimated.mark()
        } else if self.computed_count > 0 {
            Source::Computed.mark()
        } else {
            Source::Reported.mark()
        }
    }
}

impl fmt::Display for Sum {
    /// `~$0.0188`, `$0 +2 ?`, `$0.0021 play`, `subscription`: real money first, and anything else only
    /// when there is no real money.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.known == 0 && self.unknown == 0 && self.play_count > 0 {
            return write!(f, "{} play", short_usd(self.play));
        }
        if self.known == 0 && self.unknown == 0 && self.covered > 0 {
            return f.write_str(Tariff::Subscription.name());
        }
        match (self.known, self.unknown) {
            (0, 0) => f.write_str("$0"),
            (0, n) => write!(f, "{n} ?"),
            (_, 0) => write!(f, "{}{}", self.mark(), short_usd(self.total())),
            (_, n) => write!(f, "{}{} +{n} ?", self.mark(), short_usd(self.total())),
        }
    }
}

/// The exact dollars of a sum of pico-dollars.
#[must_use]
pub fn usd(pico: i128) -> String {
    exact_usd(pico)
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
