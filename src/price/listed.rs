//! Models and prices as a provider's catalogue tells them: decimal texts, not yet believed. Who
//! fetched them is not known here.

use crate::chat::ModelInfo;

/// One model of a provider's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What it is and can.
    pub info: ModelInfo,
    /// What it costs; `None` when the catalogue has no prices.
    pub price: Option<Listed>,
}

/// What the amounts of a [`Listed`] are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// One token, as OpenRouter tells it.
    #[default]
    Token,
    /// A million tokens.
    Million,
}

/// A price with its conditions, in USD. Requests, pictures and searches are counted by the piece,
/// whatever the unit of the tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What the amounts of tokens are for.
    pub unit: Unit,
    /// The price of an ordinary request.
    pub base: Amounts,
    /// Other prices under conditions; the later ones win, amount by amount.
    pub overrides: Vec<Override>,
    /// A discount is told, and not whether the amounts contain it already.
    pub is_discounted: bool,
}

/// Decimal texts; an amount that is not told is `None`, and `-1` is one that nobody knows before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Uncached input.
    pub input: Option<String>,
    /// Output.
    pub output: Option<String>,
    /// Input read from a cache.
    pub cache_read: Option<String>,
    /// Input written to a cache.
    pub cache_write: Option<String>,
    /// Input written to a cache for an hour.
    pub cache_write_1h: Option<String>,
    /// Thinking, where it has a price of its own.
    pub reasoning: Option<String>,
    /// Sound that is sent.
    pub audio_input: Option<String>,
    /// Sound that is read from a cache.
    pub audio_cache_read: Option<String>,
    /// Sound that is answered.
    pub audio_output: Option<String>,
    /// Tokens of pictures.
    pub image_token: Option<String>,
    /// Tokens of pictures that are answered.
    pub image_output: Option<String>,
    /// A picture that is sent, by the piece.
    pub image: Option<String>,
    /// Each request.
    pub request: Option<String>,
    /// Each search of the web.
    pub search: Option<String>,
}

/// Amounts that hold only under conditions, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// More input tokens than this, cached ones included.
    pub above: Option<u64>,
    /// Hour and minute in UTC as `HHMM`: from the first until before the second, past midnight too.
    pub hours: Option<(u16, u16)>,
    /// It has a condition that nobody here understands: whether it holds is not known.
    pub is_odd: bool,
    /// The amounts that change.
    pub amounts: Amounts,
}
