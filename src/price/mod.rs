//! Prices: which are in force for a model, and what a request costs by them. Unknown stays unknown.
//!
//! The user's own prices win over the provider's catalogue, and that one over the dated book that is
//! shipped with salon. A price of the user's that cannot be read makes the charge unknown; nothing
//! else is asked in its place. Whole pico-dollars throughout: no float, no rounding but that of the
//! decimal text, and a sum that does not fit is no sum. This room does not know who asks, and reads
//! no file at run time.

mod book;
mod cost;
mod listed;
mod shelf;
mod terms;

pub use cost::{Price, Work};
pub use listed::{Amounts, Listed, Listing, Override, Unit};

use std::collections::HashMap;
use std::sync::Arc;

use crate::chat::Billing;
use crate::chat::Charge;
use crate::chat::Millis;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::cost::Reading;
use crate::price::shelf::Shelf;
use crate::price::shelf::Told;
use crate::price::terms::Case;
use crate::price::terms::Terms;

/// Where a price comes from, for the ledger and the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user's config.
    Config,
    /// The provider's catalogue.
    Catalogue,
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
            Self::Catalogue => "catalogue",
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

/// The prices in force. Clones share what catalogues told.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// The user's prices; `None` for one that cannot be read.
    own: Arc<HashMap<ModelRef, Option<Arc<Terms>>>>,
    shelf: Shelf,
    /// Providers that are the same server as one that the book knows by another name.
    names: Arc<HashMap<String, String>>,
}

/// The terms that are in force for a model.
struct Found {
    terms: Arc<Terms>,
    origin: Origin,
    /// The day of its source.
    dated: Option<String>,
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
                    own.insert(model, Some(Arc::new(terms)));
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
        (Self { own: Arc::new(own), ..Self::default() }, notices)
    }

    /// The same with other names for providers of the book: the name in force, and that in the book.
    #[must_use]
    pub fn with_names(self, names: impl Iterator<Item = (String, String)>) -> Self {
        Self { names: Arc::new(names.collect()), ..self }
    }

    /// Takes what a provider's catalogue told at a time. Never older data over newer: then nothing
    /// changes, and the answer is `false`. All clones know it from then on.
    pub fn adopt(&self, provider: &str, listings: Vec<Listing>, at: Millis) -> bool {
        self.shelf.adopt(provider, listings, at)
    }

    /// The price in force for a model and where it comes from, for a request with
    /// so many input tokens, cached ones included: some models cost more per token, and for every
    /// token of the request, when it is long. `None`: unknown.
    #[must_use]
    pub fn price_at(&self, model: &ModelRef, tariff: Tariff, input_tokens: u64) -> Option<(Price, Origin)> {
        if self.tariff(model, &Tokens::default(), tariff) == Tariff::Local {
            return Some((Price::default(), Origin::Local));
        }
        let found = self.found(model)?;
        let case = Case { input: input_tokens, ..Case::default() };
        Some((found.terms.at(&case).0, found.origin))
    }

    /// What a request costs at the price in force: `Computed`; `Estimated` when the price itself
    /// is not exact for it; unknown when the price, the input or the output is not known or the
    /// sum does not fit.
    #[must_use]
    pub fn charge(&self, model: &ModelRef, work: &Work, tariff: Tariff) -> Charge {
        let tariff = self.tariff(model, &work.tokens, tariff);
        if tariff.is_nothing() {
            return Charge::of(Pico::ZERO, Source::Computed, tariff);
        }
        let Some((amount, is_exact)) = self.cost(model, work) else { return Charge::unknown(tariff) };
        let is_sure = is_exact && !work.billing.guessed;
        let source = if is_sure { Source::Computed } else { Source::Estimated };
        Charge::of(amount, source, tariff)
    }

    /// How a request is paid for, at a provider that is paid so: nothing, when the price in force is
    /// nothing and no searches were made that could cost; and not as at home, when the model is not
    /// there but somewhere else.
    #[must_use]
    pub fn tariff(&self, model: &ModelRef, tokens: &Tokens, tariff: Tariff) -> Tariff {
        let is_free = || self.found(model).is_some_and(|found| found.terms.is_free());
        let list = || self.shelf.of(&model.provider);
        match tariff {
            Tariff::Local if list().is_some_and(|list| list.info(model).is_some_and(|i| i.is_elsewhere)) => {
                self.tariff(model, tokens, Tariff::Metered)
            }
            Tariff::Metered if tokens.searches.unwrap_or(0) == 0 && is_free() => Tariff::Free,
            _ => tariff,
        }
    }

    /// The tokens of other models at their prices, and the rest at the price of this one.
    fn cost(&self, model: &ModelRef, work: &Work) -> Option<(Pico, bool)> {
        let (mut rest, mut sum, mut is_exact) = (work.tokens, Pico::ZERO, true);
        for (id, tokens) in &work.billing.apart {
            let other = ModelRef::new(&model.provider, id.as_str());
            let (amount, is_sure) = self.cost_of_one(&other, &Work { tokens: *tokens, ..part_of(work) })?;
            sum = sum.plus(amount)?;
            let (less, fits) = without(&rest, tokens);
            (rest, is_exact) = (less, is_exact && is_sure && fits);
        }
        let (amount, is_sure) = self.cost_of_one(model, &Work { tokens: rest, ..work.clone() })?;
        Some((sum.plus(amount)?, is_exact && is_sure))
    }

    fn cost_of_one(&self, model: &ModelRef, work: &Work) -> Option<(Pico, bool)> {
        let Found { terms, origin, .. } = self.found(model)?;
        let tier = work.billing.tier.as_deref();
        let case = Case { input: work.tokens.input_total()?, at: work.at, tier };
        let (price, is_sure) = terms.at(&case);
        let reading =
            Reading { hour_is_dearer: model.id.contains("claude"), is_patchy: origin == Origin::Book };
        let cost = price.cost(work, reading)?;
        Some((cost.amount, cost.is_exact && is_sure))
    }

    /// The name under which to look for a price: the model that was asked for, else the one that
    /// served when only that one's price is known. A price of the user's that cannot be read stays
    /// in the way.
    #[must_use]
    pub fn priced_as(&self, asked: &ModelRef, served: Option<&str>) -> ModelRef {
        let known = self.own.contains_key(asked) || self.found(asked).is_some();
        let served =
            served.filter(|id| !known && !id.is_empty()).map(|id| ModelRef::new(&asked.provider, id));
        served.filter(|model| self.found(model).is_some()).unwrap_or_else(|| asked.clone())
    }

    /// The price in force at a service tier as a JSON object, for the ledger: what a charge was computed with stays
    /// written when prices change. Texts are dollars per million tokens, or by the piece.
    #[must_use]
    pub fn prices_json(&self, model: &ModelRef, tier: Option<&str>) -> Option<String> {
        let found = self.found(model)?;
        Some(found.terms.json((found.origin.name(), found.dated.as_deref()), tier))
    }

    /// What the catalogue knows of a model, and of its sizes the book where that says nothing.
    #[must_use]
    pub fn info(&self, model: &ModelRef) -> Option<ModelInfo> {
        let sizes = book::sizes(self.in_book(&model.provider), &model.id);
        let listed = self.shelf.of(&model.provider).and_then(|list| list.info(model).cloned());
        let mut info = match (listed, &sizes) {
            (Some(info), _) => info,
            (None, Some(_)) => ModelInfo::bare(model.clone()),
            (None, None) => return None,
        };
        let (context, max_output) = sizes.unwrap_or_default();
        info.context = info.context.or(context);
        info.max_output = info.max_output.or(max_output);
        Some(info)
    }

    /// All models that are known without a network: those of the book, by provider and id, those of
    /// the catalogues, and those of the user's prices. Where there is a catalogue of a provider, the
    /// book's list of it is not asked. The provider need not be configured.
    pub fn models(&self) -> impl Iterator<Item = ModelInfo> {
        let lists = self.shelf.all();
        let mut found: Vec<ModelRef> = Vec::new();
        for (provider, id) in book::models() {
            if self.shelf.of(provider).is_none() {
                found.push(ModelRef::new(provider, id));
            }
        }
        found.extend(lists.iter().flat_map(|list| &list.models).map(|info| info.model.clone()));
        let in_list = |model: &ModelRef| match self.shelf.of(&model.provider) {
            Some(list) => list.has(model),
            None => book::has(&model.provider, &model.id),
        };
        let mut own: Vec<&ModelRef> = self.own.keys().filter(|model| !in_list(model)).collect();
        own.sort();
        found.extend(own.into_iter().cloned());
        found.into_iter().map(|model| self.info(&model).unwrap_or_else(|| ModelInfo::bare(model)))
    }

    /// The day of the shipped book, `2026-11-22`.
    #[must_use]
    pub fn dated(&self) -> &'static str {
        book::dated()
    }

    /// The name of a provider in the book.
    fn in_book<'a>(&'a self, provider: &'a str) -> &'a str {
        self.names.get(provider).map_or(provider, String::as_str)
    }

    /// The terms in force: the user's, the catalogue's, the book's. A variant of a model is priced
    /// as the model, roughly, when it has no price of its own.
    fn found(&self, model: &ModelRef) -> Option<Found> {
        if let Some(own) = self.own.get(model) {
            let terms = Arc::clone(own.as_ref()?);
            return Some(Found { terms, origin: Origin::Config, dated: None });
        }
        let list = self.shelf.of(&model.provider);
        match list.as_ref().map_or(Told::Nothing, |list| list.told(model)) {
            Told::Price(terms) => {
                let dated = list.map(|list| list.dated());
                return Some(Found { terms, origin: Origin::Catalogue, dated });
            }
            Told::Varies => return None,
            Told::Nothing => {}
        }
        let provider = self.in_book(&model.provider);
        let stands_for = list.as_ref().and_then(|list| list.info(model)?.alias_of.as_deref());
        let terms = book::terms(provider, &model.id)
            .or_else(|| stands_for.and_then(|id| book::terms(provider, id)))
            .or_else(|| self.variant(provider, model));
        terms.map(|terms| Found { terms, origin: Origin::Book, dated: Some(book::dated().to_owned()) })
    }

    /// A variant that has no price of its own: one for nothing by its name, or about that of its model.
    fn variant(&self, provider: &str, model: &ModelRef) -> Option<Arc<Terms>> {
        let (id, variant) = model.id.rsplit_once(':').filter(|(id, _)| id.contains('/'))?;
        if variant == "free" && provider == "openrouter" {
            return Some(Arc::new(Terms::flat(Price::default())));
        }
        let whole = self.found(&ModelRef::new(&model.provider, id))?;
        Some(Arc::new(Terms { is_rough: true, ..Terms::clone(&whole.terms) }))
    }
}

/// The conditions of a request without what is counted once.
fn part_of(work: &Work) -> Work {
    let billing = Billing { tier: work.billing.tier.clone(), ..Billing::default() };
    Work { tokens: Tokens::default(), billing, at: work.at, images: 0 }
}

/// What is left of a count without a part of it, and whether the part was contained in it.
fn without(whole: &Tokens, part: &Tokens) -> (Tokens, bool) {
    let mut fits = true;
    let mut less = |whole: Option<u64>, part: Option<u64>| {
        let part = part.unwrap_or(0);
        fits &= part <= whole.unwrap_or(0);
        whole.map(|whole| whole.saturating_sub(part))
    };
    let rest = Tokens {
        input: less(whole.input, part.input),
        cache_read: less(whole.cache_read, part.cache_read),
        cache_write: less(whole.cache_write, part.cache_write),
        cache_write_1h: less(whole.cache_write_1h, part.cache_write_1h),
        output: less(whole.output, part.output),
        reasoning: less(whole.reasoning, part.reasoning),
        audio_input: less(whole.audio_input, part.audio_input),
        audio_output: less(whole.audio_output, part.audio_output),
        image_output: less(whole.image_output, part.image_output),
        searches: less(whole.searches, part.searches),
    };
    (rest, fits)
}

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;
