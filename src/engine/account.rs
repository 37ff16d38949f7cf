//! Tokens → money: what one attempt cost and how that is known, and what a reply cost in all.
//! Whole pico-dollars; unknown stays unknown and is never zero. Asks the prices, holds none.

use crate::chat::Abilities;
use crate::chat::Billing;
use crate::chat::Charge;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::price::PriceBook;
use crate::price::Work;

/// The part of the price book that the engine asks.
pub trait Rates: Send + Sync {
    /// What a request costs at the price in force.
    fn cost_of(&self, model: &ModelRef, work: &Work, tariff: Tariff) -> Charge;

    /// How a request is paid for, at a provider that is paid so: a model may be free.
    fn paid_by(&self, model: &ModelRef, tokens: &Tokens, tariff: Tariff) -> Tariff;

    /// The name under which to look for a price, when another model served than was asked.
    fn rated_as(&self, asked: &ModelRef, served: Option<&str>) -> ModelRef;

    /// The price in force at a service tier as JSON, for the ledger.
    fn rates_json(&self, model: &ModelRef, tier: Option<&str>) -> Option<String>;

    /// What a model takes and can, as far as known.
    fn abilities(&self, model: &ModelRef) -> Abilities;

    /// Tokens that one reply may have, when known.
    fn max_output(&self, model: &ModelRef) -> Option<u64>;
}

impl Rates for PriceBook {
    fn cost_of(&self, model: &ModelRef, work: &Work, tariff: Tariff) -> Charge {
        self.charge(model, work, tariff)
    }

    fn paid_by(&self, model: &ModelRef, tokens: &Tokens, tariff: Tariff) -> Tariff {
        self.tariff(model, tokens, tariff)
    }

    fn rated_as(&self, asked: &ModelRef, served: Option<&str>) -> ModelRef {
        self.priced_as(asked, served)
    }

    fn rates_json(&self, model: &ModelRef, tier: Option<&str>) -> Option<String> {
        self.prices_json(model, tier)
    }

    fn abilities(&self, model: &ModelRef) -> Abilities {
        self.info(model).map(|info| info.abilities).unwrap_or_default()
    }

    fn max_output(&self, model: &ModelRef) -> Option<u64> {
        self.info(model)?.max_output
    }
}

/// How far an attempt came, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The request never left.
    Unsent,
    /// The server refused it and gave nothing.
    Refused,
    /// It was sent and may have been worked on.
    Served,
}

/// What is known of an attempt that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whose price counts.
    pub model: &'a ModelRef,
    /// How it is paid for.
    pub tariff: Tariff,
    /// How far it came.
    pub reach: Reach,
    /// The provider's count.
    pub told: &'a Tokens,
    /// Whether that count is the last word: nothing was said after it.
    pub settled: bool,
    /// What the provider says that it cost.
    pub cost: Option<Pico>,
    /// Our estimate of the tokens.
    pub guess: Tokens,
    /// What else their price depends on.
    pub billing: &'a Billing,
    /// When the request was sent.
    pub at: Option<Millis>,
    /// How many pictures were sent.
    pub images: u64,
}

impl Facts<'_> {
    fn work(&self, tokens: Tokens) -> Work {
        Work { tokens, billing: self.billing.clone(), at: self.at, images: self.images }
    }
}

/// What an attempt cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The tokens that the charge rests on: what the provider told; where that is not enough and
    /// there is a price, filled up with estimates, and the charge is `Estimated`.
    pub tokens: Tokens,
    /// What it cost.
    pub charge: Charge,
    /// What our own prices say, when the provider told its own figure.
    pub computed: Option<i64>,
    /// The prices in force, as JSON text, when anything may have been charged.
    pub prices: Option<String>,
}

/// How far a failed attempt came. `output`: something of a reply had come.
#[must_use]
pub fn reach(fault: &Fault, output: bool) -> Reach {
    if fault.unsent {
        return Reach::Unsent;
    }
    if output {
        return Reach::Served;
    }
    let refused_by_status = fault.http_status.is_some_and(|status| status >= 300);
    let lost = fault.cut
        || matches!(
            fault.class,
            FaultClass::Network | FaultClass::Timeout | FaultClass::Protocol | FaultClass::Internal
        );
    if refused_by_status || !lost { Reach::Refused } else { Reach::Served }
}

/// A count of nothing in and nothing out is none: no request is without a token. Servers that do not
/// count send such zeros, and nothing must cost $0 because of them.
fn counted(told: &Tokens) -> Tokens {
    if (told.input_total(), told.output) == (Some(0), Some(0)) { Tokens::default() } else { *told }
}

/// What an attempt cost, by the best that is known.
#[must_use]
pub fn settle(rates: &dyn Rates, facts: &Facts<'_>) -> Bill {
    let model = facts.model;
    let told = &counted(facts.told);
    let tariff = rates.paid_by(model, told, facts.tariff);
    let nothing = Charge::of(Pico::ZERO, Source::Computed, tariff);
    let untold = told.is_empty() && facts.cost.is_none();
    if facts.reach != Reach::Served && untold {
        return Bill { tokens: *told, charge: nothing, computed: None, prices: None };
    }
    let prices = rates.rates_json(model, facts.billing.tier.as_deref());
    // What is free is paid for all the same when the provider says that it was.
    if tariff.is_nothing() && !(tariff == Tariff::Free && facts.cost > Some(Pico::ZERO)) {
        return Bill { tokens: *told, charge: nothing, computed: None, prices };
    }
    let tariff = if tariff == Tariff::Free { Tariff::Metered } else { tariff };
    let is_whole = told.input_total().is_some() && told.output.is_some();
    if let Some(cost) = facts.cost {
        // An estimate is no computation: nothing is held against the provider's figure then.
        let own = is_whole.then(|| rates.cost_of(model, &facts.work(*told), tariff));
        let own = own.filter(|own| own.source == Source::Computed && facts.settled);
        let charge = Charge::of(cost, Source::Reported, tariff);
        let computed = own.and_then(|own| own.amount).map(|amount| amount.0);
        return Bill { tokens: *told, charge, computed, prices };
    }
    if is_whole && facts.settled {
        return Bill {
            tokens: *told,
            charge: rates.cost_of(model, &facts.work(*told), tariff),
            computed: None,
            prices,
        };
    }
    let tokens = filled(told, &facts.guess);
    match rates.cost_of(model, &facts.work(tokens), tariff).amount {
        Some(amount) => {
            Bill { tokens, charge: Charge::of(amount, Source::Estimated, tariff), computed: None, prices }
        }
        None => Bill { tokens: *told, charge: Charge::unknown(tariff), computed: None, prices },
    }
}

/// The sum of a reply's attempts, with the weakest source among them.
#[must_use]
pub fn total(charges: &[Charge], tariff: Tariff) -> Charge {
    // Attempts that are paid in different ways are together what some money is paid for.
    let mixed = |a: Tariff, b: Tariff| if a == b { a } else { Tariff::Metered };
    let tariff = charges.iter().map(|charge| charge.tariff).reduce(mixed).unwrap_or(tariff);
    let source = charges.iter().map(|charge| charge.source).min().unwrap_or(Source::Computed);
    let sum = charges.iter().try_fold(Pico::ZERO, |sum, charge| sum.plus(charge.amount?));
    sum.map_or(Charge::unknown(tariff), |sum| Charge::of(sum, source, tariff))
}

/// What was told, and the estimate where nothing was told or more came afterwards.
fn filled(told: &Tokens, guess: &Tokens) -> Tokens {
    let guessed_output = guess.output.unwrap_or(0);
    Tokens {
        input: told
            .input
            .or_else(|| guess.input.map(|all| all.saturating_sub(told.input_total().unwrap_or(0)))),
        output: Some(told.output.map_or(guessed_output, |output| output.max(guessed_output))),
        reasoning: told.reasoning.max(guess.reasoning),
        ..*told
    }
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
