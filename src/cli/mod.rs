//! The command line: one of the doors. It reads words, asks the engine and the store, and prints
//! through one writer. It knows nothing of the root that built what it is handed, nor of the screen.
//!
//! `args.rs` reads the words, `out.rs` is the only place that prints, and each subcommand has its
//! own file.

mod account;
mod answer;
mod args;
mod ask;
mod attach;
mod config;
mod doctor;
mod filter;
mod hidden;
mod json;
mod models;
mod out;
mod question;
mod rooms;
mod table;
mod usage;

pub use account::{AccountLine, print as account};
pub use args::{
    AskArgs, Cli, Command, Config as ConfigCommand, DoctorArgs, LoginArgs, LogoutArgs, ModelsArgs, RoomArgs,
    Rooms, UsageArgs, completions, man, parse,
};
pub use ask::{Asking, run as ask};
pub use config::{ProviderLine, check, init, path, show};
pub use doctor::{Check, print as doctor};
pub use hidden::{Hidden, read as hidden};
pub use models::{ModelLine, run as models};
pub use out::Out;
pub use question::{Question, read as question};
pub use rooms::list as rooms;
pub use usage::run as usage;
