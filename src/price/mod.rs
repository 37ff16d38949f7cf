//! Prices: which are in force for a model, and what tokens cost by them. Unknown stays unknown.
//!
//! The user's prices win over the provider's catalogue, and that over the dated book that is
//! shipped with salon. Whole pico-dollars throughout.

use std::collections::HashMap;

use crate::chat::Charge;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;

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

/// The prices in force.
#[derive(Clone, Debug, Default)]
pub struct PriceBook { _p: () }
impl PriceBook {
    /// The price in force for a model, and where it comes from. `None`: unknown.
    pub fn price(&self, model: &ModelRef) -> Option<(Price, Origin)> { let _ = model; todo!() }
    /// What these tokens cost at this price: `Computed`; unknown when input or output is not told or the sum overflows.
    pub fn charge(&self, model: &ModelRef, tokens: &Tokens, tariff: Tariff) -> Charge { let _ = (model, tokens, tariff); todo!() }
}
