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

#[test]
fn a_pause_ends_and_is_never_shortened() {
    let gate = Gate {
        name: "lab".to_owned(),
        most: 1,
        slots: Arc::new(Semaphore::new(1)),
        closed_until: Mutex::new(None),
    };
    let now = Instant::now();
    let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(9));
    assert_eq!(gate.closed(now), None);
    gate.close_until(late);
    gate.close_until(soon);
    assert_eq!(gate.closed(now), Some(late));
    assert_eq!(gate.closed(late), None);
    assert_eq!(gate.why_closed(Duration::from_millis(8_001)), "waiting · lab asks for 9 s");
    assert_eq!(gate.why_full(), "waiting · lab runs 1");
}

#[test]
fn a_gate_lets_in_so_many() {
    let gate = Gate {
        name: "lab".to_owned(),
        most: 2,
        slots: Arc::new(Semaphore::new(2)),
        closed_until: Mutex::new(None),
    };
    let (one, two) = (gate.try_enter(), gate.try_enter());
    assert!(one.is_some() && two.is_some() && gate.try_enter().is_none());
    drop(one);
    assert!(gate.try_enter().is_some());
}
