//! The user's files as plain data. No feature of salon is known here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use crate::chat::*;

/// One provider, preset and config merged.
#[derive(Clone)]
pub struct ProviderConfig { pub endpoint: Endpoint }

/// One seat of a line-up as written.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatConfig { pub model: String, pub system: Option<String>, pub params: Params }

/// What is written of one model: `[model."provider/id"]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelConfig { pub alias: Option<String>, pub price: PriceConfig, pub params: Params, pub system: Option<String>, pub context: Option<u64>, pub max_output: Option<u64> }

/// A price as the decimal texts of the file, USD per million tokens; the price book parses them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceConfig { pub input: Option<String>, pub output: Option<String>, pub cache_read: Option<String>, pub cache_write: Option<String> }

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetConfig { pub day: Option<Pico>, pub week: Option<Pico>, pub month: Option<Pico>, pub room: Option<Pico> }

/// What the screen is told: theme name, layout, colours, emoji, thinking, clipboard, synchronised update…
#[derive(Clone, Debug, PartialEq)]
pub struct UiConfig { pub theme: Option<String>, pub layout: Option<String>, pub emoji: String, pub ascii: Option<bool>, pub mouse: bool, pub clipboard: String, pub sync_output: bool, pub kitty_keys: bool, pub reduced_motion: bool, pub color: Option<String>, pub enter: String, pub title: bool }

pub struct Config {
    pub path: Option<PathBuf>,
    pub lineup: Option<String>,
    pub providers: BTreeMap<String, ProviderConfig>,
    pub models: BTreeMap<ModelRef, ModelConfig>,
    pub lineups: BTreeMap<String, Vec<SeatConfig>>,
    pub budget: BudgetConfig,
    pub ui: UiConfig,
    pub keys: BTreeMap<String, BTreeMap<String, String>>,
    pub who: Option<String>,
}

/// The places of this user: config file, data, state, cache.
#[derive(Clone, Debug)]
pub struct Paths { pub config: PathBuf, pub data: PathBuf, pub state: PathBuf, pub cache: PathBuf }
