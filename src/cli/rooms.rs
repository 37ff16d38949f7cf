//! `salon rooms list`: the rooms that are saved, the last one first.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::chat::Millis;
use crate::cli::args::ListFormat;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::json::sum_usd;
use crate::cli::out::Out;
use crate::cli::table;
use crate::store::RoomLine;
use crate::store::Store;
use crate::text::Untrusted;

/// Prints the rooms and gives the exit status. `all`: also those that `ask` made.
pub fn list(store: &Store, all: bool, format: ListFormat, out: &mut Out) -> u8 {
    let rooms = match store.rooms(all).wait() {
        Ok(rooms) => rooms,
        Err(error) => {
            out.tell(&format!("salon: {error}"));
            return 1;
        }
    };
    print(&rooms, format, &TimeZone::system(), out);
    0
}

fn print(rooms: &[RoomLine], format: ListFormat, zone: &TimeZone, out: &mut Out) {
    match format {
        ListFormat::Json => {
            let rows = rooms.iter().map(|room| {
                object([
                    ("name", json!(room.name)),
                    ("id", json!(room.id.to_string())),
                    ("at", json!(when(room.at, zone, "%Y-%m-%dT%H:%M:%S%:z"))),
                    ("turns", json!(room.turns)),
                    ("models", json!(room.models.iter().map(ToString::to_string).collect::<Vec<_>>())),
                    ("usd", json!(sum_usd(&room.sum))),
                    ("unknown", json!(room.sum.unknown)),
                ])
            });
            out.line(line(&serde_json::Value::Array(rows.collect())));
        }
        ListFormat::Table if rooms.is_empty() => out.line("there are no rooms yet; `salon` opens one"),
        ListFormat::Table => {
            let columns =
                [("room", false), ("last", false), ("turns", true), ("models", false), ("cost", true)];
            let rows: Vec<Vec<String>> = rooms.iter().map(|room| cells(room, zone)).collect();
            table::lines(&columns, &rows).iter().for_each(|line| out.line(line));
        }
    }
}

fn cells(room: &RoomLine, zone: &TimeZone) -> Vec<String> {
    let models: Vec<&str> = room.models.iter().map(crate::chat::ModelRef::short).collect();
    vec![
        Untrusted::from(room.name.as_str()).line().into_owned(),
        when(room.at, zone, "%Y-%m-%d %H:%M"),
        room.turns.to_string(),
        Untrusted::from(models.join(", ")).line().into_owned(),
        room.sum.to_string(),
    ]
}

fn when(at: Millis, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(zone.clone()).strftime(format).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Ids;
    use crate::chat::ModelRef;
    use crate::chat::Sum;
    use crate::cli::out::tests::pages;

    fn room(name: &str) -> RoomLine {
        RoomLine {
            id: Ids::seeded(1).room(),
            name: name.to_owned(),
            at: Millis(1_795_343_400_000),
            turns: 7,
            models: vec![ModelRef::new("demo", "eliza"), ModelRef::new("openrouter", "a/b")],
            sum: Sum { reported: 412_000_000, known: 1, ..Sum::default() },
        }
    }

    #[test]
    fn names_are_shown_harmlessly_and_told_exactly() {
        let (mut out, stdout, _) = pages(false);
        print(&[room("rust \u{1b}[2J")], ListFormat::Table, &TimeZone::UTC, &mut out);
        print(&[room("rust \u{1b}[2J")], ListFormat::Json, &TimeZone::UTC, &mut out);
        out.flush();
        let text = stdout.text();
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("eliza, b") && text.contains("$0.0004"), "{text}");
        assert!(text.contains(r#""name":"rust \u001b[2J""#), "{text}");
    }
}
