//! The nouns of salon. No IO, no async, no serde: what is stored or sent is mapped in the room
//! that stores or sends it.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | room | a saved conversation together with its line-up |
//! | seat | one model's place in a room: a stable id, its own params, prompt and history |
//! | pane | a seat as drawn on the screen |
//! | line-up | a named list of seats |
//! | turn | one user prompt and all the replies to it |
//! | reply | one seat's answer in a turn; asking again makes a sibling |
//! | run | one reply while it is in flight |
//! | attempt | one HTTP request of a run |
//! | provider | a configured endpoint: dialect, base URL, key, limits |
//! | dialect | the wire format that a provider speaks |
//! | model ref | `provider/model-id` |
//! | charge | what a reply cost, with how it is known |
//! | ledger | the append-only table of attempts and charges |
//! | door | a way in: the screen, the command line, the gateway |

mod endpoint;
mod event;
mod fault;
mod id;
mod ledger;
mod message;
mod model;
mod notice;
mod request;
mod room;
mod secret;
mod usage;

pub use endpoint::{Api, Dialect, Endpoint, Limits, ModelWay, Quirks, Timeouts};
pub use event::{Billing, Finish, StreamEvent};
pub use fault::{Fault, FaultClass};
pub use id::{Ids, Millis, ReplyId, RoomId, RunId, SeatId, TurnId};
pub use ledger::{AttemptStart, Door, LedgerEntry};
pub use message::{Media, MediaData, Message, Part, Role, Tool, ToolCall};
pub use model::{Abilities, ModelInfo, ModelRef};
pub use notice::{Notice, Severity};
pub use request::{ChatRequest, Effort, Format, Params};
pub use room::{ContextMode, Reply, Room, Seat, Status, Turn, own_history};
pub use secret::{KeyError, KeySource, Redactor, Secret};
pub use usage::{Charge, Pico, Source, Sum, Tariff, Tokens, apart, short_usd, usd};
