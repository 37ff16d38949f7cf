//! The one integration binary: it holds the shape of the source, and drives the program itself as a
//! person would, on the command line and in a pseudo-terminal. Loopback only; every test has its own
//! home and config. Slow tests run when `SALON_TEST_SLOW` is set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod architecture;
mod catalogue;
mod cli;
mod config;
mod damage;
mod data;
mod docs;
mod doctor;
mod faults;
mod lab;
mod login;
#[path = "../mock/mod.rs"]
mod mock;
mod money;
mod others;
mod picture;
mod process;
mod pty;
mod requests;
mod room;
mod sandbox;
mod terminal;
mod tls;
