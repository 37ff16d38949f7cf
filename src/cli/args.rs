//! The command line: every flag and subcommand, read into plain data. Nothing is done here, and
//! nothing is printed: what clap would print is handed back as text.

mod accounts;
mod models;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::nearest;
use crate::text::Untrusted;

pub use accounts::{DoctorArgs, LoginArgs, LogoutArgs};
pub use models::ModelsArgs;

/// What was asked for.
#[derive(Debug, Parser)]
#[command(
    name = "salon",
    bin_name = "salon",
    version,
    about = "A chatroom in the terminal where several language models answer at once",
    after_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Use this config file instead of the user's
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The room, when there is no subcommand.
    #[command(flatten)]
    pub room: RoomArgs,
    /// What to do instead of opening a room.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// The name of the key that was asked for.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match &self.command {
            None => self.room.key.as_deref(),
            Some(Command::Ask(ask)) => ask.key.as_deref(),
            _ => None,
        }
    }
}

const EXAMPLES: &str = "Examples:
  salon                                     a new room with the last line-up
  salon -c                                  go on with the last room
  salon ask -m demo/eliza \"I need a rest\"   one answer on standard output
  git diff | salon ask -m openai/gpt-5.1 \"Review this.\"
  salon usage --since 7d --by day           what it cost";

/// Flags of the room.
#[derive(Args, Debug, Default)]
pub struct RoomArgs {
    /// Go on with the last room
    #[arg(short = 'c', long = "continue", conflicts_with = "room")]
    pub last: bool,
    /// Go on with the room of that name
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
    /// Seats from this line-up of the config
    #[arg(long, value_name = "NAME", conflicts_with_all = ["models", "demo"])]
    pub lineup: Option<String>,
    /// A seat for this model: an alias or provider/model; once for each seat
    #[arg(short, long = "model", value_name = "MODEL")]
    pub models: Vec<String>,
    /// The three offline demo models
    #[arg(long, conflicts_with = "models")]
    pub demo: bool,
    /// The key to use, by what it is called
    #[arg(long, value_name = "ALIAS")]
    pub key: Option<String>,
    /// Write nothing to disk
    #[arg(long)]
    pub ephemeral: bool,
    /// Send the prompt at once instead of placing it in the composer
    #[arg(long, requires = "prompt")]
    pub send: bool,
    /// A prompt for the composer
    pub prompt: Option<String>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask one or more models and print their replies
    Ask(Box<AskArgs>),
    /// List the models that are known without a network
    Models(ModelsArgs),
    /// What was used and what it cost
    Usage(UsageArgs),
    /// The rooms that are saved
    Rooms {
        /// What to do with them.
        #[command(subcommand)]
        what: Rooms,
    },
    /// Keep a key for a provider: pasted, or by logging in to OpenRouter in the browser
    Login(LoginArgs),
    /// Take out keys that are kept
    Logout(LogoutArgs),
    /// Say what is wrong with keys, providers, prices, files and the terminal
    Doctor(DoctorArgs),
    /// Find, write or check the config
    Config {
        /// What to do with it.
        #[command(subcommand)]
        what: Config,
    },
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `salon ask`.
#[derive(Args, Debug, Default)]
#[command(
    after_help = "Exit status: 0 every seat answered, 1 none did, 3 some did, 4 refused by a budget and nothing
was sent, 2 wrong usage or config, 130 interrupted."
)]
pub struct AskArgs {
    /// Ask this model: an alias or provider/model; once for each
    #[arg(short, long = "model", value_name = "MODEL")]
    pub models: Vec<String>,
    /// Ask the seats of this line-up of the config
    #[arg(long, value_name = "NAME", conflicts_with = "models")]
    pub lineup: Option<String>,
    /// System prompt of every seat
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Go on in the room of that name; it is made when there is none
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
    /// A label for the ledger
    #[arg(long, value_name = "T")]
    pub tag: Option<String>,
    /// The key to use, by what it is called
    #[arg(long, value_name = "ALIAS")]
    pub key: Option<String>,
    /// A parameter, as in temperature=0.2; once for each
    #[arg(long = "param", value_name = "K=V")]
    pub params: Vec<String>,
    /// Send this file along: an image, a PDF, a sound, or text; once for each
    #[arg(short, long = "attach", value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Refuse to send when it could cost more, in USD
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<String>,
    /// Stop what has not ended after so many seconds
    #[arg(long, value_name = "S")]
    pub timeout: Option<String>,
    /// Read no standard input
    #[arg(short = 'n', long = "no-input")]
    pub no_input: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: AskFormat,
    /// Print replies byte for byte, with control characters; not on a terminal
    #[arg(long)]
    pub raw: bool,
    /// With --raw: also on a terminal
    #[arg(long, requires = "raw")]
    pub force: bool,
    /// The prompt; standard input follows it, and - is standard input alone
    #[arg(allow_hyphen_values = false)]
    pub prompt: Option<String>,
}

/// What `ask` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AskFormat {
    /// The replies
    #[default]
    Text,
    /// The replies as they are written, a heading for each seat
    Md,
    /// One object at the end
    Json,
    /// One event a line while it streams, then the object
    Jsonl,
}

/// What the lists print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// What `usage` prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum UsageFormat {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
}

/// By what usage is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The model that was asked for
    #[default]
    Model,
    /// The provider
    Provider,
    /// What the key is called
    Key,
    /// The day, in the zone of this machine
    Day,
    /// The room
    Room,
    /// Through which door
    Door,
    /// Who asked
    Who,
    /// The label
    Tag,
    /// Every attempt by itself
    Attempt,
}

/// `salon usage`.
#[derive(Args, Debug)]
pub struct UsageArgs {
    /// From then: 7d (today and the six days before), 24h, or a day as 2026-11-01
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// By what it is summed
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// Days of UTC instead of this machine's zone
    #[arg(long)]
    pub utc: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: UsageFormat,
    /// One line for a status bar: today and its budget
    #[arg(long, conflicts_with_all = ["since", "by", "format"])]
    pub statusline: bool,
    /// What OpenRouter says of the account: spend, limit, credits and the last days
    #[arg(long, conflicts_with_all = ["since", "by", "utc", "statusline"])]
    pub account: bool,
}

/// `salon rooms`.
#[derive(Debug, Subcommand)]
pub enum Rooms {
    /// Name the rooms, the last one first
    List {
        /// Also the rooms that `ask` made
        #[arg(long)]
        all: bool,
        /// What is printed
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        format: ListFormat,
    },
}

/// `salon config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Config {
    /// Print where the config is
    Path,
    /// Write a config in which every key is explained and commented out
    Init,
    /// Say all that is wrong with the config
    Check,
    /// Print what is in force, without keys
    Show,
}

/// Why there is nothing to do: help was asked for, or the words are wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Early {
    /// What to print.
    pub text: String,
    /// 0: on standard output. Else: on standard error, and the exit status.
    pub code: u8,
}

/// Reads the words of the command line, the program's own name first.
///
/// # Errors
/// Help and version too, with code 0.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Early> {
    let words: Vec<OsString> = words.into_iter().collect();
    let cli = Cli::try_parse_from(&words).map_err(|error| {
        // The words may carry anything; what is shown of them is harmless.
        let text = without_keys(error.render().to_string(), &words);
        let text = Untrusted::from(text).pane().into_owned();
        Early { text, code: if error.use_stderr() { 2 } else { 0 } }
    })?;
    check(&cli).map_err(|text| Early { text, code: 2 })?;
    Ok(cli)
}

/// The text without words that may be a key which somebody put behind `salon login PROVIDER`.
fn without_keys(text: String, words: &[OsString]) -> String {
    if !words.iter().any(|word| word == "login") {
        return text;
    }
    let long = words
        .iter()
        .filter_map(|word| word.to_str())
        .filter(|word| word.len() > 12 && !word.starts_with("--"));
    long.fold(text, |text, word| text.replace(word, "[redacted]"))
}

/// What clap cannot tell: a slip of a subcommand is no prompt, and a room has no subcommand.
fn check(cli: &Cli) -> Result<(), String> {
    let room = &cli.room;
    if cli.command.is_some() {
        let flags = [
            (room.last, "-c"),
            (room.room.is_some(), "--room"),
            (room.lineup.is_some(), "--lineup"),
            (!room.models.is_empty(), "-m"),
            (room.demo, "--demo"),
            (room.key.is_some(), "--key"),
            (room.ephemeral, "--ephemeral"),
            (room.send, "--send"),
            (room.prompt.is_some(), "a prompt"),
        ];
        return match flags.iter().find(|(given, _)| *given) {
            Some((_, flag)) => Err(format!(
                "salon: {flag} stands before a subcommand, and there it opens a room.\n\
                 Put it behind the subcommand, or put a prompt of several words in quotes."
            )),
            None => Ok(()),
        };
    }
    let Some(word) = room.prompt.as_deref().filter(|prompt| !prompt.contains(char::is_whitespace)) else {
        return Ok(());
    };
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let soon = ["eval", "serve"];
    match nearest(word, names.chain(soon)).filter(|_| word.chars().count() > 2) {
        Some(near) if soon.contains(&near) => Err(format!("salon: this salon has no subcommand {near} yet.")),
        Some(near) => Err(format!(
            "salon: there is no subcommand {}; did you mean `salon {near}`?\n\
             A prompt of one word goes in with: salon ask -m MODEL {0}",
            Untrusted::from(word).line()
        )),
        None => Ok(()),
    }
}

/// The completion script of a shell.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "salon", &mut out);
    out
}

/// The manual page.
///
/// # Errors
/// When the memory cannot be written to, which does not happen.
pub fn man() -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, Early> {
        let words = shlex::split(line).expect("a line");
        parse(std::iter::once("salon".to_owned()).chain(words).map(OsString::from))
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
        assert!(!completions(clap_complete::Shell::Bash).is_empty());
        assert!(String::from_utf8_lossy(&man().expect("a page")).contains("salon"));
    }

    #[test]
    fn the_config_stands_before_or_behind() {
        for line in ["--config a.toml usage", "usage --config a.toml", "config check --config a.toml"] {
            let cli = read(line).unwrap_or_else(|early| panic!("{line}: {}", early.text));
            assert_eq!(cli.config, Some(PathBuf::from("a.toml")), "{line}");
            assert!(cli.command.is_some(), "{line}");
        }
    }

    #[test]
    fn a_slip_of_a_subcommand_is_no_prompt() {
        for (line, near) in
            [("uasge", "salon usage"), ("aks", "salon ask"), ("romms", "salon rooms"), ("serve", "yet")]
        {
            let early = read(line).expect_err(line);
            assert_eq!(early.code, 2);
            assert!(early.text.contains(near), "{line}: {}", early.text);
        }
        for line in ["hello", "\"tell me about usage\"", "why?"] {
            assert!(read(line).is_ok_and(|cli| cli.room.prompt.is_some()), "{line}");
        }
    }

    #[test]
    fn wrong_words_are_2_and_help_is_0() {
        for (line, code) in [
            ("--help", 0),
            ("-V", 0),
            ("ask --help", 0),
            ("--nonsense", 2),
            ("-c --room x", 2),
            ("-m demo/echo usage", 2),
            ("--send", 2),
            ("ask --format xml hi", 2),
            ("ask --force hi", 2),
            ("usage --by colour", 2),
            ("ask -m a --lineup b hi", 2),
        ] {
            let early = read(line).expect_err(line);
            assert_eq!(early.code, code, "{line}: {}", early.text);
        }
    }

    #[test]
    fn the_version_is_one_line() {
        assert_eq!(read("-V").expect_err("early").text.lines().count(), 1);
    }

    #[test]
    fn odd_words_are_shown_harmlessly() {
        let early = read("--\u{1b}]52;c;x\u{7}").expect_err("no such flag");
        assert!(!early.text.contains('\u{1b}') && !early.text.contains('\u{7}'), "{:?}", early.text);
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_said_again() {
        for line in ["login groq sk-CANARY-0123", "login --key sk-CANARY-0123 groq"] {
            let early = read(line).expect_err(line);
            assert!(early.code == 2 && !early.text.contains("CANARY"), "{}", early.text);
        }
    }

    #[test]
    fn ask_takes_several_models_and_a_dash() {
        let cli = read("ask -m a/b -m a/b --param temperature=0 -n -").expect("valid");
        let Some(Command::Ask(ask)) = cli.command else { panic!("not ask") };
        assert_eq!((ask.models.len(), ask.prompt.as_deref(), ask.no_input), (2, Some("-"), true));
    }
}
