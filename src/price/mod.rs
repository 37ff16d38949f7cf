//! Prices: which are in force for a model, and what tokens cost by them. Unknown stays unknown.
//!
//! The user's own prices win over the dated book that is shipped with salon. A price of the user's
//! that cannot be read makes the charge unknown; the book is never asked in its place. Whole
//! pico-dollars throughout: no float, no rounding but that of the decimal text, and a sum that does
//! not fit is no sum. This room does not know who asks, and reads no file at run time.

mod book;
mod listed;
mod terms;

pub use listed::{Amounts, Listed, Listing, Override, Unit};

use std::collections::HashMap;

use crate::chat::Charge;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::terms::Terms;

/// Prices of one model, in pico-dollars per token.
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
    /// Input written to a cache for an hour; the price of the short time when it is not told.
    pub cache_write_1h: Option<Pico>,
}

impl Price {
    /// What these tokens cost: each kind times its price. `None` when input or output is not told,
    /// or when the sum does not fit.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Option<Pico> {
        let cache_write = self.cache_write.unwrap_or(self.input);
        let kinds = [
            (self.input, tokens.input?),
            (self.output, tokens.output?),
            (self.cache_read.unwrap_or(self.input), tokens.cache_read.unwrap_or(0)),
            (cache_write, tokens.cache_write.unwrap_or(0)),
            (self.cache_write_1h.unwrap_or(cache_write), tokens.cache_write_1h.unwrap_or(0)),
        ];
        kinds.into_iter().try_fold(Pico::ZERO, |sum, (price, count)| sum.plus(price.times(count)?))
    }
}

/// Where a price comes from, for the ledger and the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user's config.
    Config,
    /// The book that is shipped with salon.
    Book,
    /// Nothing is paid: local models.
    Local,
}

impl Origin {
    /// The name in the ledger and on the screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Book => "book",
            Self::Local => "local",
        }
    }
}

/// A price as the user wrote it: decimal texts, USD per million tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceText {
    /// Uncached input; required.
    pub input: Option<String>,
    /// Output; required.
    pub output: Option<String>,
    /// Input read from a cache.
    pub cache_read: Option<String>,
    /// Input written to a cache.
    pub cache_write: Option<String>,
}

/// The prices in force.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// The user's prices; `None` for one that cannot be read.
    own: HashMap<ModelRef, Option<Terms>>,
}

impl PriceBook {
    /// The user's prices over the shipped book. A price in which nothing is written is none. Each
    /// price that cannot be read is told once.
    #[must_use]
    pub fn new(overrides: impl Iterator<Item = (ModelRef, PriceText)>) -> (Self, Vec<Notice>) {
        let (mut own, mut notices) = (HashMap::new(), Vec::new());
        for (model, text) in overrides.filter(|(_, text)| *text != PriceText::default()) {
            match Terms::read(&text) {
                Ok(terms) => {
                    own.insert(model, Some(terms));
                }
                Err(why) => {
                    notices.push(Notice::warning(format!(
                        "the price of {model} cannot be read: {why}. What {model} costs stays unknown (?).\n\
                         A price is written in dollars per million tokens, as in \
                         price = {{ input = \"3.00\", output = \"15.00\" }}"
                    )));
                    own.insert(model, None);
                }
            }
        }
        (Self { own }, notices)
    }

    /// The price in force for a model and where it comes from, for a request with
    /// so many input tokens, cached ones included: some models cost more per token, and for every
    /// token of the request, when it is long. `None`: unknown.
    #[must_use]
    pub fn price_at(&self, model: &ModelRef, tariff: Tariff, input_tokens: u64) -> Option<(Price, Origin)> {
        if tariff == Tariff::Local {
            return Some((Price::default(), Origin::Local));
        }
        self.terms(model).map(|(terms, origin)| (terms.at(input_tokens), origin))
    }

    /// What these tokens cost at the price in force: `Computed`; `Estimated` when the price itself
    /// is not exact for them; unknown when the price, the input or the output is not known or the
    /// sum does not fit.
    #[must_use]
    pub fn charge(&self, model: &ModelRef, tokens: &Tokens, tariff: Tariff) -> Charge {
        if tariff == Tariff::Local {
            return Charge::of(Pico::ZERO, Source::Computed, tariff);
        }
        let known = self.terms(model).and_then(|(terms, _)| {
            let price = terms.at(tokens.input_total()?);
            let hour = tokens.cache_write_1h.unwrap_or(0) > 0 && price.cache_write_1h.is_none();
            let source = if hour || terms.by_hour { Source::Estimated } else { Source::Computed };
            Some((price.cost(tokens)?, source))
        });
        known.map_or(Charge::unknown(tariff), |(amount, source)| Charge::of(amount, source, tariff))
    }

    /// The name under which to look for a price: the model that was asked for, else the one that
    /// served when only that one's price is known. A price of the user's that cannot be read stays
    /// in the way.
    #[must_use]
    pub fn priced_as(&self, asked: &ModelRef, served: Option<&str>) -> ModelRef {
        let known = self.own.contains_key(asked) || self.terms(asked).is_some();
        let served =
            served.filter(|id| !known && !id.is_empty()).map(|id| ModelRef::new(&asked.provider, id));
        served.filter(|model| self.terms(model).is_some()).unwrap_or_else(|| asked.clone())
    }

    /// The price in force as a JSON object, for the ledger: what a charge was computed with stays
    /// written when prices change. Texts are dollars per million tokens.
    #[must_use]
    pub fn prices_json(&self, model: &ModelRef) -> Option<String> {
        let (terms, origin) = self.terms(model)?;
        Some(terms.json(origin, (origin == Origin::Book).then(book::dated)))
    }

    /// What the book knows of a model's sizes.
    #[must_use]
    pub fn info(&self, model: &ModelRef) -> Option<ModelInfo> {
        let sizes = book::sizes(&model.provider, &model.id)?;
        Some(ModelInfo { context: sizes.0, max_output: sizes.1, ..ModelInfo::bare(model.clone()) })
    }

    /// All models that are known without a network: those of the book, by provider and id, then
    /// those of the user's prices. The provider need not be configured.
    pub fn models(&self) -> impl Iterator<Item = ModelInfo> {
        let mut own: Vec<&ModelRef> =
            self.own.keys().filter(|model| !book::has(&model.provider, &model.id)).collect();
        own.sort();
        let listed = book::models().map(|(provider, id)| ModelRef::new(provider, id));
        listed
            .map(move |model| self.info(&model).unwrap_or_else(|| ModelInfo::bare(model)))
            .chain(own.into_iter().cloned().map(ModelInfo::bare))
    }

    /// The day of the shipped book, `2026-11-22`.
    #[must_use]
    pub fn dated(&self) -> &'static str {
        book::dated()
    }

    fn terms<'a>(&'a self, model: &'a ModelRef) -> Option<(&'a Terms, Origin)> {
        match self.own.get(model) {
            Some(own) => own.as_ref().map(|terms| (terms, Origin::Config)),
            None => book::terms(&model.provider, &model.id).map(|terms| (terms, Origin::Book)),
        }
    }
}

#[cfg(test)]
mod tests;
