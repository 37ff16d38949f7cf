//! What work costs at one price: each kind of token times its price, and requests, pictures and
//! searches by the piece. Whole pico-dollars; a sum that does not fit is no sum. It does not know
//! which price is in force.

use crate::chat::Billing;
use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::Tokens;

/// Prices of one model, in pico-dollars per token, or by the piece where it says so. What is not
/// told is not priced apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Uncached input.
    pub input: Pico,
    /// Output, thinking included.
    pub output: Pico,
    /// Input read from a cache; the input price when it is not told.
    pub cache_read: Option<Pico>,
    /// Input written to a cache; the input price when it is not told.
    pub cache_write: Option<Pico>,
    /// Input written to a cache for an hour; by the price of the short time when it is not told.
    pub cache_write_1h: Option<Pico>,
    /// Thinking, in place of the output price; zero is "not told".
    pub reasoning: Option<Pico>,
    /// Sound that is sent.
    pub audio_input: Option<Pico>,
    /// Sound that is answered.
    pub audio_output: Option<Pico>,
    /// Tokens of pictures that are answered.
    pub image_output: Option<Pico>,
    /// Each picture that is sent.
    pub image: Option<Pico>,
    /// Each request.
    pub request: Option<Pico>,
    /// Each search of the web.
    pub search: Option<Pico>,
}

/// Everything that a price depends on besides the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// What was counted.
    pub tokens: Tokens,
    /// The service tier, and tokens of other models that are contained in the count.
    pub billing: Billing,
    /// When the request was sent; `None`: no hour is meant.
    pub at: Option<Millis>,
    /// How many pictures were sent.
    pub images: u64,
}

impl Work {
    /// Nothing but tokens, at no particular hour.
    #[must_use]
    pub fn of(tokens: Tokens) -> Self {
        Self { tokens, ..Self::default() }
    }
}

/// A cost, and whether it is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// How much.
    pub amount: Pico,
    /// Whether every price that it rests on was told.
    pub is_exact: bool,
}

/// How a price is read where something of it is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Writes for an hour cost 1.6 times the short ones, as with Claude (2 to 1.25 of the input).
    pub hour_is_dearer: bool,
    /// The source leaves out what it does not know: reading from a cache may cost less than it says.
    pub is_patchy: bool,
}

impl Price {
    /// What a request costs. `None` when input or output is not told, or when the sum does not fit.
    pub(super) fn cost(&self, work: &Work, reading: Reading) -> Option<Cost> {
        let tokens = &work.tokens;
        let (input, output) = (tokens.input?, tokens.output?);
        let mut sum = Sum::default();
        let heard = sum.part(input, tokens.audio_input);
        sum.add(self.audio_input.unwrap_or(self.input), heard)?;
        sum.add(self.input, input - heard)?;
        self.add_caches(tokens, reading, &mut sum)?;

        let mut plain = output;
        for (count, price) in [
            (tokens.reasoning, self.reasoning.filter(|price| *price != Pico::ZERO)),
            (tokens.audio_output, self.audio_output),
            (tokens.image_output, self.image_output),
        ] {
            // A part without a price of its own costs what the whole costs.
            let Some(price) = price else { continue };
            let count = sum.part(plain, count);
            sum.add(price, count)?;
            plain -= count;
        }
        sum.add(self.output, plain)?;

        sum.add(self.request.unwrap_or(Pico::ZERO), 1)?;
        sum.add(self.image.unwrap_or(Pico::ZERO), work.images)?;
        let searches = tokens.searches.unwrap_or(0);
        sum.is_rough |= searches > 0 && self.search.is_none();
        sum.add(self.search.unwrap_or(Pico::ZERO), searches)?;
        Some(Cost { amount: sum.amount, is_exact: !sum.is_rough })
    }

    fn add_caches(&self, tokens: &Tokens, reading: Reading, sum: &mut Sum) -> Option<()> {
        let read = tokens.cache_read.unwrap_or(0);
        sum.is_rough |= read > 0 && self.cache_read.is_none() && reading.is_patchy;
        sum.add(self.cache_read.unwrap_or(self.input), read)?;
        let short = self.cache_write.unwrap_or(self.input);
        sum.add(short, tokens.cache_write.unwrap_or(0))?;
        let hour = tokens.cache_write_1h.unwrap_or(0);
        let price = match self.cache_write_1h {
            Some(price) => price,
            None if reading.hour_is_dearer => Pico(short.0.checked_mul(8)? / 5),
            None => short,
        };
        sum.is_rough |= hour > 0 && self.cache_write_1h.is_none();
        sum.add(price, hour)
    }

    /// Whether nothing of it costs anything.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let Self { input, output, cache_read, cache_write, cache_write_1h, reasoning, .. } = *self;
        let Self { audio_input, audio_output, image_output, image, request, search, .. } = *self;
        let others = [cache_read, cache_write, cache_write_1h, reasoning, audio_input, audio_output];
        let pieces = [image_output, image, request, search];
        let is_nothing = |price: &Pico| *price == Pico::ZERO;
        is_nothing(&input) && is_nothing(&output) && others.iter().chain(&pieces).flatten().all(is_nothing)
    }
}

/// A sum in the making.
#[derive(Default)]
struct Sum {
    amount: Pico,
    is_rough: bool,
}

impl Sum {
    fn add(&mut self, price: Pico, count: u64) -> Option<()> {
        self.amount = self.amount.plus(price.times(count)?)?;
        Some(())
    }

    /// A part of a count; more than the whole contradicts itself, and is the whole.
    fn part(&mut self, whole: u64, part: Option<u64>) -> u64 {
        let part = part.unwrap_or(0);
        self.is_rough |= part > whole;
        part.min(whole)
    }
}
