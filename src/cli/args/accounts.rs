//! The flags of what has to do with keys and accounts: plain data, read by clap.

use clap::Args;

use crate::cli::args::ListFormat;

/// `salon login`.
#[derive(Args, Debug)]
#[command(after_help = "The key is asked for and not shown, or read from standard input:
  pass show groq | salon login groq
It never stands on the command line, where others could see it.")]
pub struct LoginArgs {
    /// The provider, as in openrouter or openai
    pub provider: String,
    /// What the key is called, for several keys of one provider
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub alias: String,
    /// Keep it without asking the provider whether it is taken
    #[arg(long)]
    pub no_check: bool,
    /// Log in to OpenRouter with a code to paste, for a browser on another machine
    #[arg(long)]
    pub paste: bool,
}

/// `salon logout`.
#[derive(Args, Debug)]
pub struct LogoutArgs {
    /// The provider
    pub provider: String,
    /// Only the key of that name; else all that are kept for the provider
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,
}

/// `salon doctor`.
#[derive(Args, Debug, Default)]
#[command(after_help = "Exit status: 0 nothing is wrong, 1 something is.")]
pub struct DoctorArgs {
    /// Also say what is well
    #[arg(short, long)]
    pub verbose: bool,
    /// Ask nobody
    #[arg(long)]
    pub offline: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ListFormat,
}
