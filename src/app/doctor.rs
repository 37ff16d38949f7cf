//! `salon doctor`: looks at everything that a room needs, asks every provider that could be asked
//! the cheapest question there is, and says what is wrong. Providers are asked at the same time, and
//! all of it is over in ten seconds. No key is shown; where it comes from is.

mod places;
mod providers;

use std::time::Duration;

use crate::app::build::World;
use crate::app::build::runtime;
use crate::app::catalogue::age;
use crate::app::endpoints::Known;
use crate::chat::Message;
use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::Role;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::chat::short_usd;
use crate::cli;
use crate::cli::Check;
use crate::cli::DoctorArgs;
use crate::cli::Out;
use crate::engine;
use crate::tui;

/// All network together.
const WITHIN: Duration = Duration::from_secs(9);

/// Prices of a book of so many days are doubted.
const OLD: i32 = 180;

/// A list of models that is asked for every day and is so many milliseconds old does not come.
const STALE: i64 = 30 * 24 * 60 * 60 * 1000;

/// A prompt of usual length, for what one would cost.
const PROMPT: &str = "Compare two ways to solve this, name what speaks for each of them and what \
                      against it, and say in one sentence at the end which one you would take and why.";

/// Looks, and prints what was found; the exit status.
pub(super) fn run(world: &World, args: &DoctorArgs, out: &mut Out) -> u8 {
    let mut checks: Vec<Check> =
        world.notices().iter().map(|notice| Check::wrong("config", notice.text.clone(), "")).collect();
    checks.extend(places::checks(world));
    let seats = match world.names().standing() {
        Ok(seats) => seats,
        Err(unknown) => {
            checks.push(Check::wrong("line-up", unknown.what, unknown.hint));
            Vec::new()
        }
    };
    match runtime() {
        Ok(runtime) => {
            checks.extend(runtime.block_on(providers::checks(world, &seats, args.offline)));
            runtime.shutdown_background();
        }
        Err(error) => checks.push(Check::wrong("system", format!("gives no threads: {error}"), "")),
    }
    checks.extend(world.load_lists().into_iter().map(|notice| Check::wrong("models", notice.text, "")));
    checks.push(cost(world, &seats));
    checks.push(prices(world));
    checks.extend(lists(world, Millis::now()));
    let ui = &world.loaded.config.ui;
    checks.extend(tui::terminal(ui).into_iter().map(|text| Check::well("terminal", text)));
    cli::doctor(args, &checks, out)
}

/// What one prompt to everybody in the line-up would cost.
fn cost(world: &World, seats: &[Seat]) -> Check {
    let messages = [Message::text(Role::User, PROMPT)];
    let (mut expected, mut at_most, mut paid, mut unknown, mut unbounded) = (0_i128, 0_i128, 0, 0, 0);
    for seat in seats {
        let tariff = world.endpoints.tariff(&seat.model.provider);
        if tariff == Tariff::Play || tariff.is_nothing() {
            continue;
        }
        paid += 1;
        let estimate = engine::estimate_with(&world.book, tariff, seat, &messages);
        let amount = |pico: Pico| i128::from(pico.0);
        match (estimate.expected, estimate.at_most) {
            (None, _) => unknown += 1,
            (Some(usual), None) => (expected, unbounded) = (expected + amount(usual), unbounded + 1),
            (Some(usual), Some(worst)) => {
                (expected, at_most) = (expected + amount(usual), at_most + amount(worst));
            }
        }
    }
    let models: Vec<String> = seats.iter().map(|seat| seat.model.to_string()).collect();
    // What is not known is no sum of nothing (safety R69).
    let mut parts = Vec::new();
    if paid == 0 {
        parts.push("nothing to pay".to_owned());
    } else if paid > unknown {
        parts.push(format!("about {}, at most {}", short_usd(expected), short_usd(at_most)));
    }
    if unbounded > 0 {
        parts.push(format!("{unbounded} without a known end"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} without a known price"));
    }
    Check::well("cost", format!("one prompt to {}: {}", models.join(", "), parts.join(" and ")))
}

/// How old the prices are that were shipped.
fn prices(world: &World) -> Check {
    let dated = world.book.dated();
    let today = jiff::Zoned::now().date();
    let day = dated.parse::<jiff::civil::Date>().ok();
    let days = day.and_then(|day| day.until(today).ok()).map(|span| span.get_days());
    let text = format!("the price book is of {dated}");
    match days {
        Some(days) if days > OLD => Check::wrong(
            "prices",
            format!("{text}, {days} days ago"),
            "newer ones come with a newer salon; [model.\"…\"] price in the config wins over them",
        ),
        _ => Check::well("prices", text),
    }
}

/// How old the lists of models are that are kept, and with them the prices in them.
fn lists(world: &World, now: Millis) -> Vec<Check> {
    let refreshed = world.loaded.config.refresh != Some(false);
    let one = |known: &Known| {
        let name = &known.endpoint.name;
        let taken = world.lists.taken(name)?;
        let text = match age(taken.at, now) {
            fresh if fresh == "just now" => format!("{name}'s list is of just now"),
            age => format!("{name}'s list is {age}"),
        };
        let is_stale = known.ready && refreshed && now.0.saturating_sub(taken.at.0) > STALE;
        Some(if is_stale {
            let hint =
                format!("salon models --refresh --provider {name} asks for it and says why it does not come");
            Check::wrong("models", text, hint)
        } else {
            Check::well("models", text)
        })
    };
    world.endpoints.iter().filter_map(one).collect()
}
