//! salon: a chatroom in the terminal where several language models answer at once.
//!
//! # The house
//!
//! People speak at a door; the engine asks several models; what they say and what it cost is written
//! in one book; the door shows it. A module names only modules on a floor below its own; the
//! integration test `architecture` holds this.
//!
//! ```text
//!  root   main.rs lib.rs app             composition: config → store → providers → engine → one door
//!  4      tui   cli                      the doors; none imports another
//!  3      engine                         one prompt → N runs → events; journal; accounts
//!  2      provider                       the outside world of models
//!  1      wire config price store        services; none imports a sibling
//!  0      text chat                      the text rules and the nouns; no IO, no async, no serde
//! ```
//!
//! # Where is the thing that …
//!
//! | does | is in |
//! |---|---|
//! | makes text from outside safe | `text/sanitise.rs` |
//! | says what a room, a turn, a charge is | `chat/` |
//! | splits a response into frames | `wire/sse.rs` |
//! | reads a provider's config, tells mistakes | `config/` |
//! | knows what a token costs | `price/` |
//! | writes everything down | `store/` |
//! | knows the providers' addresses and quirks | `provider/presets.toml` |
//! | speaks HTTP | `provider/driver.rs`, `provider/http.rs` |
//! | retries, bills, commits before it shows | `engine/` |
//! | prints | `cli/out.rs` |
//! | says which key does what | `tui/action.rs` |
//! | lays out markdown while it streams | `tui/markdown/` |
//! | decides what a key or an event changes | `tui/update/` |
//! | draws | `tui/view/`, with colours from `tui/theme/` |
//! | owns the terminal | `tui/runtime/` |

mod app;
mod chat;
mod cli;
mod config;
mod engine;
mod price;
mod provider;
mod store;
mod text;
mod tui;
mod wire;

pub use app::run;

/// What `benches/` measures. Nothing of it is a public promise.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub use crate::chat::{
        Abilities, Api, AttemptStart, Charge, ChatRequest, ContextMode, Dialect, Door, Endpoint, Ids, Limits,
        Message, Millis, ModelRef, Params, Pico, Quirks, Role, Seat, SeatId, Source, Tariff, Timeouts,
        Tokens,
    };
    pub use crate::engine::{Ask, Deps, Engine, Estimate, Job, RunEvent, RunEventKind, mailbox};
    pub use crate::price::PriceBook;
    pub use crate::provider::{Decoder, Demo, Pace, Provider, decoder};
    pub use crate::store::{
        Budgets, Delta, DeltaKind, Orphan, Place, ReplyStart, RoomHead, Store, TurnStart,
    };
    pub use crate::text::{PaneStream, Untrusted};
    pub use crate::tui::internals as tui;
}
