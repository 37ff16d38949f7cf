//! How many allocations a piece of a reply takes on its way from the wire to an event, in every
//! format, beside plain parsing of the same JSON: counted, so that load changes nothing.
//! `cargo bench --features internals --bench allocations` prints the table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its table and fails by panicking"
)]

mod frames;

use std::hint::black_box;

use allocation_counter::measure;
use frames::{FORMATS, PIECES};

fn main() {
    println!("allocations an event: salon, plain serde_json");
    for format in FORMATS {
        let (payloads, frames) = (format.payloads(), format.frames());
        let mut decoder = format.decoder();
        let mut events = Vec::with_capacity(64);
        let salon = measure(|| {
            for frame in &frames {
                decoder.push(frame.as_bytes(), &mut events).expect("a good frame");
                black_box(&events);
                events.clear();
            }
        });
        let plain = measure(|| {
            for payload in &payloads {
                black_box(serde_json::from_slice::<serde_json::Value>(payload.as_bytes()).expect("JSON"));
            }
        });
        let each = |count: u64| format!("{:.2}", count as f64 / PIECES as f64);
        println!("{:<18} {:>6} {:>6}", format.name, each(salon.count_total), each(plain.count_total));
    }
}
