//! How many tokens a text is likely to be, and what a request is likely to cost. Every model counts
//! in its own way; this is a guess by the kind of script, used before a request is sent and when a
//! provider did not tell. It must not be mistaken for a count: whatever rests on it is marked `≈`.

use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Pico;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::engine::account::Rates;
use crate::price::Work;

/// What a message costs besides its text: role and separators.
const PER_MESSAGE: u64 = 4;

/// A picture of usual size, or a page of a document.
const PER_MEDIA: u64 = 1_000;

/// A usual reply, for the expected cost.
const USUAL_OUTPUT: u64 = 500;

/// What a request is likely to take and to cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Tokens of the messages.
    pub input_tokens: u64,
    /// With a reply of the usual length; `None` when no price is known.
    pub expected: Option<Pico>,
    /// With the longest reply that the parameters or the model allow; `None` when no such limit is
    /// known, or no price.
    pub at_most: Option<Pico>,
}

/// Counts as text arrives. Any split of a text gives the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimator {
    /// Thousandths of a token.
    milli: u64,
}

impl Estimator {
    /// Counts what came next.
    pub fn push(&mut self, text: &str) {
        self.milli = text.chars().fold(self.milli, |sum, c| sum.saturating_add(weight(c)));
    }

    /// Tokens so far, rounded up.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.milli.div_ceil(1000)
    }
}

/// Tokens of all messages together.
#[must_use]
pub fn input_tokens(messages: &[Message]) -> u64 {
    let (mut estimator, mut media) = (Estimator::default(), 0_u64);
    for part in messages.iter().flat_map(|message| &message.parts) {
        match part {
            Part::Text(text) | Part::ToolResult { text, .. } | Part::Opaque { json: text, .. } => {
                estimator.push(text);
            }
            Part::ToolCall(call) => {
                estimator.push(call.name.raw());
                estimator.push(call.arguments.raw());
            }
            Part::Media(_) => media += PER_MEDIA,
        }
    }
    let count = u64::try_from(messages.len()).unwrap_or(u64::MAX);
    estimator.tokens().saturating_add(count.saturating_mul(PER_MESSAGE)).saturating_add(media)
}

/// How many pictures go along, for models that have a price for each.
#[must_use]
pub fn pictures(messages: &[Message]) -> u64 {
    let parts = messages.iter().flat_map(|message| &message.parts);
    let is_picture =
        |part: &&Part| matches!(part, Part::Media(media) if media.media_type.starts_with("image/"));
    u64::try_from(parts.filter(is_picture).count()).unwrap_or(u64::MAX)
}

/// What asking this seat is likely to take and to cost.
#[must_use]
pub fn of(rates: &dyn Rates, tariff: Tariff, seat: &Seat, messages: &[Message]) -> Estimate {
    let (input_tokens, images) = (input_tokens(messages), pictures(messages));
    let tariff = rates.paid_by(&seat.model, &Tokens::default(), tariff);
    let with = |output: u64| {
        let tokens = Tokens { input: Some(input_tokens), output: Some(output), ..Tokens::default() };
        match tariff {
            _ if tariff.is_nothing() => Some(Pico::ZERO),
            _ => rates.cost_of(&seat.model, &Work { tokens, images, ..Work::default() }, tariff).amount,
        }
    };
    let limit = seat.params.max_tokens.or_else(|| rates.max_output(&seat.model));
    Estimate {
        input_tokens,
        expected: if tariff.is_nothing() {
            Some(Pico::ZERO)
        } else {
            with(limit.map_or(USUAL_OUTPUT, |limit| limit.min(USUAL_OUTPUT)))
        },
        at_most: if tariff.is_nothing() { Some(Pico::ZERO) } else { limit.and_then(with) },
    }
}

/// Thousandths of a token. English prose comes to about 4 characters a token, code (more signs and
/// digits) to about 3.3, other alphabets to about 2.2, and East Asian characters to one each.
fn weight(c: char) -> u64 {
    match u32::from(c) {
        0x20 | 0x09..=0x0d => 200,
        0x30..=0x39 => 400,
        0x41..=0x5a | 0x61..=0x7a => 240,
        0x00..=0x7f => 600,
        // Latin letters with accents, Greek, Cyrillic, Hebrew, Arabic.
        0x80..=0x07ff => 450,
        // The scripts of South and South-East Asia.
        0x0900..=0x109f | 0x1780..=0x17ff => 700,
        // General punctuation: dashes, quotes, ellipsis.
        0x2000..=0x206f => 600,
        // Emoji and other pictures.
        0x1f000..=0x1faff => 2000,
        _ => 1000,
    }
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
