//! salon: a chatroom in the terminal where several language models answer at once.
#![allow(dead_code, unused, missing_docs, clippy::todo)]
pub mod chat;
pub mod text;
pub mod provider;
pub mod price;
pub mod store;
pub mod engine;
pub mod config;
pub mod tui;
