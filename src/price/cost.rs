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
    /// Sound that is read from a cache; what else is read from one costs when it is not told.
    pub audio_cache_read: Option<Pico>,
    /// Sound that is answered.
    pub audio_output: Option<Pico>,
    /// Tokens of pictures that are sent.
    pub image_token: Option<Pico>,
    /// Tokens of pictures that are answered; those of other pictures when it is not told.
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
        self.add_input(input, work, &mut sum)?;
        self.add_caches(work, reading, &mut sum)?;

        let drawn = self.image_output.or(self.image_token);
        // It is not said that the price of their tokens is that of pictures in both directions.
        sum.is_rough |=
            tokens.image_output.unwrap_or(0) > 0 && self.image_output.is_none() && drawn.is_some();
        let mut plain = output;
        for (count, price) in [
            (tokens.reasoning, self.reasoning.filter(|price| *price != Pico::ZERO)),
            (tokens.audio_output, self.audio_output),
            (tokens.image_output, drawn),
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

    /// Uncached input, and in it sound and pictures.
    fn add_input(&self, input: u64, work: &Work, sum: &mut Sum) -> Option<()> {
        let heard = sum.part(input, work.tokens.audio_input);
        sum.add(self.audio_input.unwrap_or(self.input), heard)?;
        let mut plain = input - heard;
        if let Some(price) = self.image_token {
            let cached = cached(&work.tokens);
            let told = work.billing.image_input;
            let seen = told.unwrap_or(0).min(plain);
            // Pictures that were not counted, or that may have come from a cache.
            let unsure =
                if told.is_some() { told != Some(seen) || (seen > 0 && cached > 0) } else { work.images > 0 };
            sum.is_rough |= unsure && price != self.input;
            sum.add(price, seen)?;
            plain -= seen;
        }
        sum.add(self.input, plain)
    }

    fn add_caches(&self, work: &Work, reading: Reading, sum: &mut Sum) -> Option<()> {
        let tokens = &work.tokens;
        let read = tokens.cache_read.unwrap_or(0);
        let plain = self.cache_read.unwrap_or(self.input);
        let heard = self.audio_cache_read.unwrap_or(plain);
        match work.billing.audio_cached {
            Some(count) => {
                let count = sum.part(read, Some(count));
                let untold = self.audio_cache_read.is_none() && self.audio_input.is_some();
                sum.is_rough |= count > 0 && untold && reading.is_patchy;
                sum.add(heard, count)?;
                sum.add(plain, read - count)?;
            }
            None => {
                // How much of the sound came from the cache is not told. It matters, unless what it
                // costs more is the same on both sides.
                let sides = |input: Pico, sound: Pico| i128::from(sound.0) - i128::from(input.0);
                let fresh = sides(self.input, self.audio_input.unwrap_or(self.input));
                let any = tokens.audio_input.unwrap_or(0) > 0 && cached(tokens) > 0;
                sum.is_rough |= any && fresh != sides(plain, heard);
                sum.add(plain, read)?;
            }
        }
        sum.is_rough |= read > 0 && self.cache_read.is_none() && reading.is_patchy;
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
        let Self { audio_input, audio_cache_read, audio_output, image_token, image_output, .. } = *self;
        let Self { image, request, search, .. } = *self;
        let others = [cache_read, cache_write, cache_write_1h, reasoning];
        let media = [audio_input, audio_cache_read, audio_output, image_token, image_output];
        let pieces = [image, request, search];
        let all = others.iter().chain(&media).chain(&pieces).flatten();
        all.chain([&input, &output]).all(|price| *price == Pico::ZERO)
    }
}

/// All input that had to do with a cache.
fn cached(tokens: &Tokens) -> u64 {
    let parts = [tokens.cache_read, tokens.cache_write, tokens.cache_write_1h];
    parts.into_iter().flatten().fold(0, u64::saturating_add)
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
