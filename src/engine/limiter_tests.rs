//! Jitter stays in its bounds; gates are per key and count what they let in.

use super::*;

#[test]
fn chance_stays_in_bounds_and_repeats() {
    let (one, other) = (Chance::new(3), Chance::new(3));
    let drawn: Vec<u64> = (0..1_000).map(|_| one.up_to(9)).collect();
    assert!(drawn.iter().all(|n| *n <= 9));
    assert!((0..=9).all(|n| drawn.contains(&n)), "every value comes");
    assert_eq!(drawn, (0..1_000).map(|_| other.up_to(9)).collect::<Vec<_>>());
    assert_eq!(one.up_to(0), 0);
}

#[test]
fn backoff_doubles_up_to_eight_seconds() {
    let chance = Chance::new(1);
    for (retry, most) in [(0, 500), (1, 1_000), (2, 2_000), (4, 8_000), (5, 8_000), (80, 8_000)] {
        let longest = (0..500).map(|_| chance.backoff(retry).as_millis()).max();
        assert!(longest <= Some(most) && longest > Some(most * 9 / 10), "{retry}: {longest:?}");
    }
}

fn gate(concurrency: usize, rate: Option<u32>) -> Arc<Gate> {
    Arc::new(Gate::new("lab", Limits { concurrency, retries: 0, rate }))
}

fn line_up(gate: &Arc<Gate>, rate: Option<u32>) -> Place {
    Gate::line_up(Arc::clone(gate), rate)
}

/// Why the place is not to be had yet, and for how many seconds.
fn held(place: &mut Place, now: Instant) -> Option<(String, Option<u64>)> {
    let hold = place.enter(now).err()?;
    Some((hold.why, hold.until.map(|until| (until - now).as_secs())))
}

/// Comes, and stays if it may.
fn held_at_once(gate: &Arc<Gate>, now: Instant, rate: Option<u32>) -> Option<(String, Option<u64>)> {
    let mut place = line_up(gate, rate);
    let held = held(&mut place, now);
    if held.is_none() {
        std::mem::forget(place);
    }
    held
}

#[test]
fn a_pause_ends_and_is_never_shortened() {
    let gate = gate(2, None);
    let now = Instant::now();
    let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(9));
    let (mut one, mut other) = (line_up(&gate, None), line_up(&gate, None));
    assert_eq!(one.enter(now), Ok(()));
    gate.close_until(late);
    gate.close_until(soon);
    let hold = Hold { why: "lab asks to wait".to_owned(), until: Some(late), closed: true };
    assert_eq!(other.enter(now), Err(hold));
    assert_eq!(other.enter(late), Ok(()));
}

#[test]
fn a_gate_lets_in_so_many_and_who_came_first_goes_first() {
    let (gate, now) = (gate(2, None), Instant::now());
    let mut places: Vec<Place> = (0..5).map(|_| line_up(&gate, None)).collect();
    let inside = |places: &mut [Place]| -> Vec<usize> {
        // The last one asks first.
        let asked = places.iter_mut().enumerate().rev();
        let mut inside: Vec<usize> = asked
            .filter_map(|(at, place)| (place.is_inside || place.enter(now).is_ok()).then_some(at))
            .collect();
        inside.sort_unstable();
        inside
    };
    assert_eq!(inside(&mut places), [0, 1]);
    assert_eq!(held(&mut places[2], now), Some(("lab runs 2 at once".to_owned(), None)));
    assert_eq!(held(&mut places[4], now), Some(("lab runs 2 at once, 2 ahead".to_owned(), None)));
    drop(places.remove(1));
    assert_eq!(inside(&mut places), [0, 1], "the third has the place of the second");
    drop(places.remove(2));
    drop(places.remove(0));
    assert_eq!(inside(&mut places), [0, 1], "who left the line is not waited for");
    let mut alone = line_up(&super::tests::gate(1, None), None);
    assert_eq!(alone.enter(now), Ok(()));
    assert_eq!(held_at_once(alone.gate(), now, None), Some(("lab runs 1".to_owned(), None)));
}

#[tokio::test]
async fn whoever_begins_ends_or_leaves_wakes_those_who_wait() {
    let (gate, now) = (gate(1, None), Instant::now());
    let (mut one, two, three) = (line_up(&gate, None), line_up(&gate, None), line_up(&gate, None));
    let moved = gate.moved();
    one.enter(now).expect("it is the first");
    moved.await;
    let moved = gate.moved();
    drop(two);
    moved.await;
    let moved = gate.moved();
    drop(one);
    moved.await;
    drop(three);
}

#[test]
fn no_minute_has_more_than_its_rate() {
    let (gate, start) = (gate(9, Some(2)), Instant::now());
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let wait = |seconds| Some(("lab takes 2 a minute".to_owned(), Some(seconds)));
    let held = |seconds| held_at_once(&gate, at(seconds), None);
    assert_eq!(held(0), None);
    assert_eq!(held(10), None);
    assert_eq!(held(20), wait(40));
    assert_eq!(held(60), None);
    assert_eq!(held(60), wait(10));
    assert_eq!(held(70), None);
    assert_eq!(held(500), None);
}

#[test]
fn each_in_line_knows_its_own_minute() {
    let (gate, now) = (gate(9, Some(2)), Instant::now());
    let mut places: Vec<Place> = (0..5).map(|_| line_up(&gate, None)).collect();
    // Whoever asks first: the first two go now, the next two in a minute, the last in two.
    let waits: Vec<Option<u64>> =
        places.iter_mut().rev().map(|place| held(place, now).and_then(|(_, wait)| wait)).collect();
    assert_eq!(waits, [Some(120), Some(60), Some(60), None, None]);
    let later = now + MINUTE;
    drop(places.remove(2));
    let waits: Vec<Option<u64>> =
        places[2..].iter_mut().map(|place| held(place, later).and_then(|(_, wait)| wait)).collect();
    assert_eq!(waits, [None, None], "two that began a minute ago, one that left");
}

#[test]
fn models_that_are_given_away_have_a_limit_of_their_own() {
    let (gate, now) = (gate(99, None), Instant::now());
    for _ in 0..20 {
        assert_eq!(held_at_once(&gate, now, Some(20)), None);
    }
    let mut free = line_up(&gate, Some(20));
    assert_eq!(held(&mut free, now), Some(("lab takes 20 a minute".to_owned(), Some(60))));
    assert_eq!(held_at_once(&gate, now, None), None, "a paid one goes on");
    let narrow = super::tests::gate(1, None);
    drop((line_up(&narrow, Some(1)).enter(now), line_up(&narrow, None)));
    let (mut waits, mut paid) = (line_up(&narrow, Some(1)), line_up(&narrow, None));
    assert!(held(&mut waits, now).is_some());
    assert_eq!(held(&mut paid, now), None, "even where one runs, and it came later");
}
