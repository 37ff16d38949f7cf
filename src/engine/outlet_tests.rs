//! What waits is joined, nothing is lost or reordered, and both ends notice when the other goes.

use std::time::Instant;

use proptest::prelude::*;

use crate::chat::Ids;
use crate::chat::Tokens;
use crate::text::Untrusted;

use super::*;

fn event(run: RunId, kind: RunEventKind) -> RunEvent {
    RunEvent { run, at: Instant::now(), kind }
}

fn text(run: RunId, text: &str) -> RunEvent {
    event(run, RunEventKind::Text(Untrusted::from(text)))
}

fn usage(run: RunId, output: u64) -> RunEvent {
    event(run, RunEventKind::Usage(Tokens { output: Some(output), ..Tokens::default() }))
}

fn kinds(inlet: &mut Inlet) -> Vec<RunEventKind> {
    let mut events = Vec::new();
    inlet.try_recv_many(&mut events);
    events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn waiting_texts_of_a_run_are_joined() {
    let mut ids = Ids::seeded(1);
    let (one, two) = (ids.run(), ids.run());
    let (outlet, mut inlet) = mailbox();
    for event in [text(one, "a"), text(two, "x"), text(one, "b"), text(two, "y"), text(one, "c")] {
        outlet.send(event);
    }
    let joined = |text: &str| RunEventKind::Text(Untrusted::from(text));
    assert_eq!(kinds(&mut inlet), [joined("abc"), joined("xy")]);
    outlet.send(text(one, "d"));
    assert_eq!(kinds(&mut inlet), [joined("d")], "nothing is joined to what was taken");
}

#[test]
fn other_kinds_keep_their_place() {
    let run = Ids::seeded(1).run();
    let (outlet, mut inlet) = mailbox();
    outlet.send(event(run, RunEventKind::Thinking(Untrusted::from("t"))));
    outlet.send(text(run, "a"));
    outlet.send(event(run, RunEventKind::Connecting { attempt: 2 }));
    outlet.send(text(run, "b"));
    assert_eq!(kinds(&mut inlet).len(), 4);
}

#[test]
fn a_count_between_texts_makes_no_queue() {
    let run = Ids::seeded(1).run();
    let (outlet, mut inlet) = mailbox();
    for n in 0..100 {
        outlet.send(text(run, "x"));
        outlet.send(usage(run, n));
    }
    let waiting = kinds(&mut inlet);
    assert_eq!(waiting.len(), 3, "{waiting:?}");
    assert_eq!(waiting[1], usage(run, 99).kind);
}

#[tokio::test]
async fn the_end_of_all_outlets_ends_the_inlet() {
    let run = Ids::seeded(1).run();
    let (outlet, mut inlet) = mailbox();
    let other = outlet.clone();
    drop(outlet);
    other.send(text(run, "a"));
    let mut events = Vec::new();
    assert_eq!(inlet.recv_many(&mut events).await, Some(1));
    let waiter = tokio::spawn(async move { inlet.recv_many(&mut Vec::new()).await });
    tokio::task::yield_now().await;
    drop(other);
    assert_eq!(waiter.await.expect("no panic"), None);
}

#[tokio::test]
async fn a_waiting_inlet_is_woken() {
    let run = Ids::seeded(1).run();
    let (outlet, mut inlet) = mailbox();
    let waiter = tokio::spawn(async move { inlet.recv_many(&mut Vec::new()).await });
    tokio::task::yield_now().await;
    outlet.send(text(run, "a"));
    assert_eq!(waiter.await.expect("no panic"), Some(1));
}

#[test]
fn nobody_listens_and_nothing_is_kept() {
    let run = Ids::seeded(1).run();
    let (outlet, inlet) = mailbox();
    drop(inlet);
    outlet.send(text(run, "a"));
    assert!(outlet.shared.lock().events.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However a door reads, each run's text is the same.
    #[test]
    fn joining_loses_nothing(steps in prop::collection::vec((0..3_usize, "[a-z]{1,3}", any::<bool>()), 0..60)) {
        let mut ids = Ids::seeded(1);
        let runs = [ids.run(), ids.run(), ids.run()];
        let (outlet, mut inlet) = mailbox();
        let (mut expected, mut got) = (vec![String::new(); 3], vec![String::new(); 3]);
        let mut taken = Vec::new();
        for (which, word, read) in steps {
            expected[which].push_str(&word);
            outlet.send(text(runs[which], &word));
            if read {
                inlet.try_recv_many(&mut taken);
            }
        }
        inlet.try_recv_many(&mut taken);
        for event in taken {
            let which = runs.iter().position(|run| *run == event.run).expect("a run of ours");
            if let RunEventKind::Text(text) = event.kind {
                got[which].push_str(text.raw());
            }
        }
        prop_assert_eq!(got, expected);
    }
}
