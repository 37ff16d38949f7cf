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

fn gate(concurrency: usize, rate: Option<u32>) -> Gate {
    Gate::new("lab", Limits { concurrency, retries: 0, rate })
}

fn held(gate: &Gate, now: Instant, rate: Option<u32>) -> Option<(String, Duration)> {
    gate.begin(now, rate).err().map(|hold| (hold.why, hold.until - now))
}

#[test]
fn a_pause_ends_and_is_never_shortened() {
    let gate = gate(1, None);
    let now = Instant::now();
    let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(9));
    assert_eq!(gate.begin(now, None), Ok(()));
    gate.close_until(late);
    gate.close_until(soon);
    let hold = Hold { why: "lab asks to wait".to_owned(), until: late, closed: true };
    assert_eq!(gate.begin(now, None), Err(hold));
    assert_eq!(gate.begin(late, None), Ok(()));
    assert_eq!(gate.why_full(), "lab runs 1");
}

#[test]
fn a_gate_lets_in_so_many() {
    let gate = gate(2, None);
    let (one, two) = (gate.try_enter(), gate.try_enter());
    assert!(one.is_some() && two.is_some() && gate.try_enter().is_none());
    drop(one);
    assert!(gate.try_enter().is_some());
}

#[test]
fn no_minute_has_more_than_its_rate() {
    let (gate, start) = (gate(9, Some(2)), Instant::now());
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let words = || "lab takes 2 a minute".to_owned();
    assert_eq!(held(&gate, at(0), None), None);
    assert_eq!(held(&gate, at(10), None), None);
    assert_eq!(held(&gate, at(20), None), Some((words(), Duration::from_secs(40))));
    assert_eq!(held(&gate, at(60), None), None);
    assert_eq!(held(&gate, at(60), None), Some((words(), Duration::from_secs(10))));
    assert_eq!(held(&gate, at(70), None), None);
    assert_eq!(held(&gate, at(500), None), None);
}

#[test]
fn models_that_are_given_away_have_a_limit_of_their_own() {
    let (gate, now) = (gate(99, None), Instant::now());
    for _ in 0..20 {
        assert_eq!(held(&gate, now, Some(20)), None);
    }
    assert!(held(&gate, now, Some(20)).is_some());
    assert_eq!(held(&gate, now, None), None, "a paid one goes on");
}
