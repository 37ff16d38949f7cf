//! Every fault that a server or the way to it can have, through the real program: one table, F1 to
//! F18, a row for each behaviour, run by both doors: `salon ask`, and the room on a screen.

mod answers;
mod doors;
mod row;
mod stories;
mod table;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::sandbox::slow;
use row::Row;

/// The faults that cannot happen here, and the test that shows why.
const NEVER: [(&str, &str); 1] = [("F15", "http_2_is_never_agreed_on")];

/// The doors: a name, how many rows share a run, and what is wrong with them.
type Door = (&'static str, usize, fn(&[&Row]) -> Vec<String>);
const DOORS: [Door; 2] = [("ask", 1, doors::ask), ("screen", doors::PER_ROOM, doors::screen)];

/// All rows of these faults through a door, a few runs at a time: most of them only wait.
fn hold(door: &str, faults: std::ops::RangeInclusive<u8>) {
    let (_, most, check) = DOORS.iter().find(|(name, ..)| *name == door).expect("a door");
    let wanted = |row: &&Row| {
        let number: u8 = row.id[1..].parse().expect("a number");
        faults.contains(&number) && (slow() || !row.heavy)
    };
    let all = table::all();
    let rows: Vec<&Row> = all.iter().filter(wanted).collect();
    let (single, shared): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.alone);
    let runs: Vec<Vec<&Row>> =
        shared.chunks(*most).map(<[&Row]>::to_vec).chain(single.into_iter().map(|row| vec![row])).collect();
    let next = AtomicUsize::new(0);
    let wrong: Vec<String> = thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            while let Some(run) = runs.get(next.fetch_add(1, Ordering::SeqCst)) {
                wrong.extend(check(run));
            }
            wrong
        };
        let hands: Vec<_> = (0..5).map(|_| scope.spawn(work)).collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("a row panicked")).collect()
    });
    assert!(wrong.is_empty(), "{} complaints, {} rows\n\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn the_way_to_a_server_by_ask() {
    hold("ask", 1..=9);
}

#[test]
fn the_way_to_a_server_on_the_screen() {
    hold("screen", 1..=9);
}

#[test]
fn what_a_server_answers_by_ask() {
    hold("ask", 10..=18);
}

#[test]
fn what_a_server_answers_on_the_screen() {
    hold("screen", 10..=18);
}

/// Safety R105: a fault without a row is no fault list.
#[test]
fn every_fault_has_a_row_at_both_doors() {
    let rows = table::all();
    let have: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    let stories = include_str!("faults/stories.rs");
    for number in 1..=18 {
        let id = format!("F{number}");
        let never = NEVER.iter().find(|(never, _)| *never == id);
        assert_eq!(have.contains(id.as_str()), never.is_none(), "{id} has no row");
        assert!(never.is_none_or(|(_, test)| stories.contains(&format!("fn {test}("))), "{id}: no such test");
    }
    // Both doors run every row of the table: the four tests above cover all numbers.
    let source = include_str!("faults.rs");
    for (door, ..) in DOORS {
        for range in ["1..=9", "10..=18"] {
            assert!(source.contains(&format!("hold(\"{door}\", {range});")), "{door} {range}");
        }
    }
    let mut names: Vec<(&str, &str)> = rows.iter().map(|row| (row.id, row.name.as_str())).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "two rows have one name");
}
