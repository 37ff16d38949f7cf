//! The flags of the list of models: plain data, read by clap.

use clap::Args;

use crate::cli::args::ListFormat;
use crate::cli::filter;
use crate::cli::filter::{InputKind, MaxPrice, OutputKind};

/// `salon models`.
#[derive(Args, Debug, Default)]
pub struct ModelsArgs {
    /// Only those that have all of these words in their name
    pub query: Vec<String>,
    /// Ask the providers for their lists first
    #[arg(long)]
    pub refresh: bool,
    /// Only those whose price is nothing; local ones are another thing
    #[arg(long)]
    pub free: bool,
    /// Only those that cost at most this per million tokens of output, or of input and output: 2, 0.5/2
    #[arg(long, value_name = "USD", value_parser = filter::max_price)]
    pub max_price: Option<MaxPrice>,
    /// Only those that take so many tokens: 200000, 128k, 1m
    #[arg(long, value_name = "TOKENS", value_parser = filter::tokens)]
    pub min_context: Option<u64>,
    /// Only those that may be sent this
    #[arg(long, value_enum, value_name = "KIND")]
    pub input: Vec<InputKind>,
    /// Only those that answer with this
    #[arg(long, value_enum, value_name = "KIND")]
    pub output: Vec<OutputKind>,
    /// Only those that can call tools
    #[arg(long)]
    pub tools: bool,
    /// Only those that can think before they answer
    #[arg(long)]
    pub reasoning: bool,
    /// Only those that will be gone, with their day
    #[arg(long)]
    pub expiring: bool,
    /// Only those of this provider
    #[arg(long, value_name = "NAME")]
    pub provider: Vec<String>,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ListFormat,
}
