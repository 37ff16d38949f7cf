//! Laws: however attempts are grouped, and however deltas are cut, nothing is lost and nothing counts twice.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::fixture::NOW;
use super::fixture::begin;
use super::fixture::delta;
use super::fixture::dollars;
use super::fixture::end;
use super::fixture::entry;
use super::fixture::head;
use super::fixture::turn;
use super::*;
use crate::chat::Charge;
use crate::chat::Door;
use crate::chat::Ids;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Source;
use crate::chat::Tariff;
use crate::chat::Tokens;

const GROUPINGS: [GroupBy; 9] = [
    GroupBy::Model,
    GroupBy::Provider,
    GroupBy::Key,
    GroupBy::Day,
    GroupBy::Room,
    GroupBy::Door,
    GroupBy::Who,
    GroupBy::Tag,
    GroupBy::Attempt,
];

fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn any_charge() -> impl Strategy<Value = Charge> {
    (any::<i64>(), 0..4_usize, 0..5_usize).prop_map(|(amount, source, tariff)| {
        let (source, tariff) = (Source::ALL[source].0, Tariff::ALL[tariff].0);
        match source {
            Source::Unknown => Charge::unknown(tariff),
            _ => Charge::of(Pico(amount), source, tariff),
        }
    })
}

/// An attempt: what it is grouped by as small numbers, its minute around the end of summer time, tokens, charge.
type Sample = ([u8; 6], i64, (Option<u64>, Option<u64>), Charge);

fn any_sample() -> impl Strategy<Value = Sample> {
    (any::<[u8; 6]>(), 0..4320_i64, any::<(Option<u64>, Option<u64>)>(), any_charge())
}

/// 2026-10-24T00:00Z, a day before the day of 25 hours in Berlin.
const AUTUMN: Millis = Millis(1_792_800_000_000);

/// Writes the samples, each a turn of its own; every one has a retry before it that cost nothing.
fn write(store: &Store, samples: &[Sample]) {
    let mut ids = Ids::seeded(1);
    let rooms: Vec<RoomHead> =
        (0..3).map(|no| RoomHead { hidden: no == 2, ..head(&mut ids, "room") }).collect();
    for (kinds, minute, tokens, charge) in samples {
        let pick = |at: usize, names: &[&str]| names[usize::from(kinds[at]) % names.len()].to_owned();
        let mut room = rooms[usize::from(kinds[0]) % 3].clone();
        room.seats.truncate(1);
        let mut start = turn(&mut ids, &room, "?");
        start.at = Millis(AUTUMN.0 + minute * 60_000);
        let reply = &mut start.replies[0];
        let attempt = &mut reply.attempt;
        attempt.at = start.at;
        attempt.model = ModelRef::new(pick(1, &["a", "b"]), pick(2, &["x/1", "y", "z"]));
        attempt.key_alias = pick(3, &["work", "home"]);
        attempt.who = pick(4, &["me", "you"]);
        attempt.door = if kinds[4] % 3 == 0 { Door::Cli } else { Door::Tui };
        attempt.tag = (kinds[5] % 2 == 0).then(|| "tagged".to_owned());
        let (reply, _) = (reply.clone(), begin(store, &start));
        let mut first = entry(&reply.attempt, Charge::of(Pico::ZERO, Source::Reported, Tariff::Metered));
        first.tokens = Tokens::default();
        let next = AttemptStart { n: 2, ..reply.attempt.clone() };
        drop(store.retry(first, next.clone()));
        let mut end = end(&ReplyStart { attempt: next, ..reply }, *charge);
        end.entry.tokens = Tokens { input: tokens.0, output: tokens.1, ..Tokens::default() };
        store.finish(vec![], end).wait().unwrap();
    }
}

fn merged(rows: &[UsageRow]) -> UsageRow {
    let mut all = UsageRow { key: "total".to_owned(), ..UsageRow::default() };
    for row in rows {
        all.attempts += row.attempts;
        all.sum.merge(&row.sum);
        for (sum, more) in
            [(&mut all.tokens.input, row.tokens.input), (&mut all.tokens.output, row.tokens.output)]
        {
            *sum = match (*sum, more) {
                (None, more) => more,
                (some, None) => some,
                (Some(a), Some(b)) => Some(a.saturating_add(b)),
            };
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_total_is_the_sum_of_its_rows(samples in prop::collection::vec(any_sample(), 0..30)) {
        let store = Store::open(Place::Memory, NOW).unwrap().store;
        write(&store, &samples);
        let mut oracle = Sum::default();
        for (.., charge) in &samples {
            oracle.add(&Charge::of(Pico::ZERO, Source::Reported, Tariff::Metered));
            oracle.add(charge);
        }
        for by in GROUPINGS {
            let query = UsageQuery { since: None, until: None, by, zone: berlin() };
            let report = store.usage(query).wait().unwrap();
            prop_assert_eq!(&merged(&report.rows), &report.total, "{:?}", by);
            prop_assert_eq!(report.total.sum, oracle, "{:?}", by);
            prop_assert_eq!(report.total.attempts, 2 * samples.len() as u64);
        }
        prop_assert_eq!(store.spent(None, None).wait().unwrap(), oracle);
        // Budgets add up in SQL, in halves. It is the same money.
        let money = store.ask(|book| book.read(|conn| Ok(budget::real_money(conn, Millis(i64::MIN), None)?)));
        prop_assert_eq!(money.wait().unwrap(), oracle.total());
        let mut lines = Sum::default();
        store.rooms(true).wait().unwrap().iter().for_each(|line| lines.merge(&line.sum));
        prop_assert_eq!(lines, oracle);
    }

    #[test]
    fn two_halves_of_the_time_are_the_whole(
        samples in prop::collection::vec(any_sample(), 0..20),
        cut in 0..4320_i64,
    ) {
        let store = Store::open(Place::Memory, NOW).unwrap().store;
        write(&store, &samples);
        let cut = Millis(AUTUMN.0 + cut * 60_000);
        let sum = |since, until| {
            let query = UsageQuery { since, until, by: GroupBy::Day, zone: berlin() };
            store.usage(query).wait().unwrap().total
        };
        prop_assert_eq!(merged(&[sum(None, Some(cut)), sum(Some(cut), None)]), sum(None, None));
        prop_assert_eq!(store.spent(Some(cut), None).wait().unwrap(), sum(Some(cut), None).sum);
    }

    #[test]
    fn deltas_are_the_reply_however_they_are_cut(
        pieces in prop::collection::vec("[a-zé\u{0}]{0,6}", 0..30),
        batches in prop::collection::vec(1..6_usize, 1..30),
        twice in any::<bool>(),
        ended in any::<bool>(),
    ) {
        let store = Store::open(Place::Memory, NOW).unwrap().store;
        let mut ids = Ids::seeded(1);
        let room = head(&mut ids, "room");
        let start = turn(&mut ids, &room, "?");
        drop(begin(&store, &start));
        let reply = &start.replies[0];
        let deltas: Vec<Delta> = (0..).zip(&pieces).map(|(seq, text)| delta(reply.reply, seq, text)).collect();
        let mut rest = deltas.as_slice();
        for size in batches.iter().cycle() {
            if rest.is_empty() || (ended && rest.len() <= 6) {
                break;
            }
            let (now, later) = rest.split_at((*size).min(rest.len()));
            for _ in 0..=usize::from(twice) {
                store.append(now.to_vec()).wait().unwrap();
            }
            rest = later;
        }
        if ended {
            // The last batch may hold what was sent already.
            let last = if twice { deltas.clone() } else { rest.to_vec() };
            store.finish(last, end(reply, dollars(1, Source::Reported))).wait().unwrap();
        }
        let room = store.load_room(WhichRoom::Last).wait().unwrap();
        prop_assert_eq!(room.turns[0].replies[0].text.raw(), pieces.concat());
    }
}

#[test]
fn a_day_of_twenty_five_hours_is_one_day() {
    let store = Store::open(Place::Memory, NOW).unwrap().store;
    let charge = Charge::of(Pico(1), Source::Reported, Tariff::Metered);
    // Every half hour of three days by UTC: 48 samples a day, 50 on the long one.
    let samples: Vec<Sample> = (0..144).map(|n| ([0; 6], n * 30, (Some(1), None), charge)).collect();
    write(&store, &samples);
    let query = |by, zone| UsageQuery { since: None, until: None, by, zone };
    let local = store.usage(query(GroupBy::Day, berlin())).wait().unwrap();
    let days: Vec<(&str, i128)> = local.rows.iter().map(|row| (row.key.as_str(), row.sum.reported)).collect();
    assert_eq!(days, [("2026-10-24", 44), ("2026-10-25", 50), ("2026-10-26", 48), ("2026-10-27", 2)]);
    assert_eq!(local.rows[0].tokens, Tokens { input: Some(44), ..Tokens::default() });
    let utc = store.usage(query(GroupBy::Day, TimeZone::UTC)).wait().unwrap();
    let days: Vec<(&str, u64)> = utc.rows.iter().map(|row| (row.key.as_str(), row.attempts)).collect();
    assert_eq!(days, [("2026-10-24", 96), ("2026-10-25", 96), ("2026-10-26", 96)]);
}
