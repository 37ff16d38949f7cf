//! Laws: no size and no sequence of events panics, and what streams moves nothing.

use proptest::prelude::*;

use crate::chat::*;
use crate::engine::RunEventKind;
use crate::tui::harness::{Harness, setup};

#[test]
fn no_small_size_panics() {
    for (width, height) in (0..=8).flat_map(|w| (0..=8).map(move |h| (w, h))) {
        let mut h = Harness::with(setup(&["a", "b", "c"]), width, height);
        h.send("go").text(1, "some text here\n\n漢字 and more").thinks(2, "hm");
        h.failed(2, Fault::new(FaultClass::Auth, "no")).screen();
        for key in ["f1", "esc", "ctrl-l", "esc", "f3", "esc", "ctrl-p", "esc", "tab", "z", "w", "pageup"] {
            h.press(key).screen();
        }
    }
}

/// A room of so many turns, two seats, four lines a reply.
fn old_room(turns: usize) -> Harness {
    let mut setup = setup(&["a", "b"]);
    for n in 0..turns {
        let id = setup.ids.turn();
        let replies = (1..=2)
            .map(|seat| {
                let mut reply =
                    Reply::begun(setup.ids.reply(), id, SeatId(seat), 1, ModelRef::new("demo", "a"));
                reply.text = format!("answer {n}  \ntwo  \nthree  \nfour").into();
                reply.status = Status::Done;
                reply
            })
            .collect();
        setup.turns.push(Turn {
            id,
            parent: None,
            at: Millis(0),
            prompt: format!("question {n}"),
            targets: vec![SeatId(1), SeatId(2)],
            replies,
            attachments: Vec::new(),
            chosen: Vec::new(),
        });
    }
    Harness::with(setup, 120, 40)
}

#[test]
fn a_long_room_lays_out_what_is_visible_only() {
    let mut h = old_room(1000);
    h.sees("question 999").misses("question 990");
    let built = |h: &Harness| h.state.panes.iter().map(|pane| pane.scroll.built().len()).max().unwrap_or(0);
    assert!(built(&h) < 12, "{}", built(&h));
    for _ in 0..30 {
        h.press("pageup");
        assert!(built(&h) < 24, "{}", built(&h));
    }
    h.press("tab").press("g").sees("question 0").sees("↓ more");
    assert!(built(&h) < 24, "{}", built(&h));
    let known =
        |h: &Harness| h.state.panes[0].items.iter().filter(|item| item.known_heights() != [0; 7]).count();
    assert!(known(&h) < 250, "what was never near the screen was never laid out: {}", known(&h));
}

const KEYS: &[&str] = &[
    "enter",
    "esc",
    "tab",
    "shift-tab",
    "ctrl-j",
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "pageup",
    "pagedown",
    "backspace",
    "delete",
    "space",
    "f1",
    "f3",
    "ctrl-l",
    "ctrl-p",
    "ctrl-r",
    "ctrl-u",
    "ctrl-d",
    "ctrl-w",
    "ctrl-k",
    "ctrl-y",
    "ctrl-_",
    "alt-1",
    "alt-2",
    "alt-9",
    "alt-t",
    "a",
    "c",
    "g",
    "G",
    "h",
    "i",
    "j",
    "k",
    "l",
    "m",
    "n",
    "r",
    "R",
    "s",
    "t",
    "v",
    "w",
    "X",
    "y",
    "Y",
    "z",
    "<",
    ">",
    "[",
    "]",
    "/",
    "?",
    ":",
    "+",
    "1",
    "2",
    "ctrl-c",
    "ctrl-n",
];

#[derive(Clone, Debug)]
enum Step {
    Key(usize),
    Text(u8, String),
    Thinking(u8),
    Done(u8),
    Stopped(u8),
    Failed(u8),
    Paste(String),
    Size(u16, u16),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..KEYS.len()).prop_map(Step::Key),
        4 => (0..4u8, "[a-z \n*`漢👨‍👩‍👧#|-]{0,30}").prop_map(|(seat, text)| Step::Text(seat, text)),
        1 => (0..4u8).prop_map(Step::Thinking),
        1 => (0..4u8).prop_map(Step::Done),
        1 => (0..4u8).prop_map(Step::Stopped),
        1 => (0..4u8).prop_map(Step::Failed),
        1 => "\\PC{0,40}".prop_map(Step::Paste),
        1 => (0..220u16, 0..70u16).prop_map(|(width, height)| Step::Size(width, height)),
        1 => (0..2000u16).prop_map(Step::Pass),
    ]
}

/// A seat that streams, when there is one.
fn live(h: &Harness, wanted: u8) -> Option<u32> {
    let live = h.state.panes.iter().filter(|pane| pane.live.is_some());
    let seats: Vec<SeatId> = live.map(|pane| pane.id()).collect();
    let at = usize::from(wanted).checked_rem(seats.len())?;
    seats.get(at).map(|seat| seat.0)
}

fn take(h: &mut Harness, step: Step) {
    match step {
        Step::Key(at) => {
            h.press(KEYS[at]);
        }
        Step::Paste(text) => {
            h.paste(&text);
        }
        Step::Size(width, height) => {
            h.resize(width, height);
        }
        Step::Pass(ms) => {
            h.pass(u64::from(ms));
        }
        Step::Text(seat, _)
        | Step::Thinking(seat)
        | Step::Done(seat)
        | Step::Stopped(seat)
        | Step::Failed(seat) => {
            let Some(id) = live(h, seat) else { return };
            let before = (h.state.focus, h.state.current, h.state.panels.len());
            match step {
                Step::Text(_, text) => h.says(id, RunEventKind::Text(text.into())),
                Step::Thinking(_) => h.thinks(id, "so\nit thinks "),
                Step::Done(_) => h.done(id),
                Step::Stopped(_) => h.stopped(id),
                _ => h.failed(id, Fault::new(FaultClass::Timeout, "nothing came")),
            };
            assert_eq!((h.state.focus, h.state.current, h.state.panels.len()), before);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_panics(steps in prop::collection::vec(step(), 0..80)) {
        let mut h = Harness::with(setup(&["a", "b", "lab/c"]), 100, 30);
        h.send("go");
        for step in steps {
            take(&mut h, step);
            h.screen();
            prop_assert!(h.state.current < h.state.panes.len());
        }
    }

    /// The row at the edge is the one that grows; all above it stay.
    #[test]
    fn what_streams_moves_nothing_that_is_read(
        up in 1..30usize,
        more in prop::collection::vec("[a-z ]{0,20}\n?", 1..20),
    ) {
        let mut h = Harness::new(&["a"]);
        let text: String = (0..80).map(|n| format!("line {n}  \n")).collect();
        h.send("go").text(1, &text).press("tab");
        for _ in 0..up {
            h.press("k");
        }
        let before = h.pane_text(0);
        let rows = before.len() - 1;
        for piece in more {
            h.text(1, &piece);
            let after = h.pane_text(0);
            prop_assert_eq!(&after[..rows], &before[..rows]);
        }
    }
}
