//! The room in a real terminal: prompts, panes, keys, and what is on disk afterwards.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::lab;
use crate::lab::Lab;
use crate::pty::Pty;
use crate::sandbox::{Sandbox, slow};

const WIDE: (u16, u16) = (150, 40);
const QUIT: &str = "\x11";
const ESC: &str = "\x1b";

fn ledger(sandbox: &Sandbox) -> Value {
    let ran = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    serde_json::from_str(&ran.stdout).expect("JSON")
}

#[test]
fn a_fresh_machine_opens_a_room_of_demo_models() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &[], WIDE);
    let screen = room.see("enter send");
    assert!(screen.contains("demo"), "{screen}");
    assert!(screen.contains("OPENROUTER_API_KEY"), "how to add a key:\n{screen}");
    room.ask("why is the sky blue");
    room.ended(3);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    assert_eq!(ledger(&sandbox)["total"]["attempts"], 3);
}

#[test]
fn a_second_turn_remembers_the_first() {
    let server = Lab::new(lab::count_messages());
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/one", "-m", "lab/two"], WIDE);
    room.see("enter send");
    room.ask("first words");
    room.ended(2);
    room.ask("second words");
    room.wait("both have seen three messages", |screen| screen.matches("3 messages").count() == 2);
    room.send(QUIT);
    room.end();
    for request in server.requests().iter().skip(2) {
        let body: Value = lab::body(request);
        let messages = body["messages"].as_array().expect("messages");
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[0]["content"], "first words");
        assert_eq!(messages[2]["content"], "second words");
    }
}

#[test]
fn a_long_room_is_gone_on_with_whole() {
    let server = Lab::new(lab::count_messages());
    let sandbox = server.sandbox();
    // More turns than are read before the first frame.
    for _ in 0..70 {
        sandbox.run(&["ask", "--room", "long", "-m", "lab/one", "more"]).expect(0);
    }
    let mut room = Pty::start(&sandbox, &["-c"], WIDE);
    room.see("139 messages");
    room.ask("and now");
    room.see("141 messages");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    let mut sent = Pty::start(&sandbox, &["-c", "--send", "at once"], WIDE);
    sent.see("143 messages");
    sent.send(QUIT);
    assert_eq!(sent.end(), 0);
}

#[test]
fn one_pane_is_stopped_while_the_other_streams() {
    let server = Lab::new(lab::endless("tok"));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/one", "-m", "lab/two"], WIDE);
    room.see("enter send");
    room.ask("go");
    room.wait("both stream", |screen| screen.matches("tok").count() >= 2);
    room.send(ESC);
    let screen = room.see("stopped by you");
    assert_eq!(screen.matches("stopped by you").count(), 1, "{screen}");
    thread::sleep(Duration::from_millis(600));
    room.send("\x03");
    room.wait("both stopped", |screen| screen.matches("stopped by you").count() >= 2);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    assert_eq!(ledger(&sandbox)["total"]["attempts"], 2);
}

#[test]
fn a_failed_seat_says_what_happened_and_leaves_the_others() {
    let server = Lab::new(lab::by_model(vec![
        ("bad", lab::status(401, r#"{"error":{"message":"Incorrect API key: sk-CANARY-lab-0123456789"}}"#)),
        ("good", lab::text("all is well")),
    ]));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/bad", "-m", "lab/good"], WIDE);
    room.see("enter send");
    room.ask("go");
    let screen = room.see("all is well");
    assert!(!screen.contains("CANARY"), "{screen}");
    let screen = room.see("failed");
    assert!(screen.contains("key"), "{screen}");
    room.send(QUIT);
    room.end();
    let bytes = String::from_utf8_lossy(&room.bytes()).into_owned();
    assert!(!bytes.contains("CANARY"), "the key was written to the terminal");
}

#[test]
fn what_was_on_the_screen_is_on_disk_after_a_kill() {
    let rounds = if slow() { 12 } else { 2 };
    for round in 0..rounds {
        let server = Lab::new(lab::numbered());
        let sandbox = server.sandbox();
        let mut room =
            Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2", "-m", "lab/3", "-m", "lab/4"], (200, 50));
        room.see("enter send");
        room.ask("count");
        room.see("n00005");
        thread::sleep(Duration::from_millis(37 * (round % 9)));
        room.kill();
        let shown = largest(&room.screen());
        let mut again = Pty::start(&sandbox, &["-c"], (200, 50));
        let screen = again.wait("the room again", |screen| screen.matches("interrupted").count() >= 4);
        let kept = largest(&screen);
        assert!(kept >= shown, "round {round}: {shown} was on the screen, {kept} is on disk\n{screen}");
        again.send(QUIT);
        again.end();
    }
}

#[test]
fn what_was_told_beside_a_reply_is_there_after_a_kill() {
    let refusal =
        r#"{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model."}}"#;
    let server = Lab::new(lab::in_turn(vec![lab::status(400, refusal), lab::numbered()]));
    let sandbox = server.sandbox_with("[model.\"lab/m\"]\nparams = { temperature = 0.5 }\n");
    let mut room = Pty::start(&sandbox, &["-m", "lab/m"], WIDE);
    room.see("enter send");
    room.ask("count");
    let told = "! lab/m does not take temperature; it was left out";
    room.see(told);
    room.kill();
    let again = Pty::start(&sandbox, &["-c"], WIDE);
    let screen = again.see("interrupted");
    assert!(screen.contains(told), "{screen}");
}

/// The largest numbered token on the screen.
pub fn largest(screen: &str) -> u32 {
    screen
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.strip_prefix('n').filter(|n| n.len() == 5).and_then(|n| n.parse().ok()))
        .max()
        .unwrap_or(0)
}

#[test]
fn a_panic_in_one_seat_leaves_the_others_and_the_terminal_alone() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &["-m", "demo/flaky", "-m", "demo/echo"], WIDE);
    room.see("enter send");
    room.ask("panic please");
    room.see("failed: internal");
    let screen = room.ended(2);
    assert!(
        !screen.contains("src/") && !screen.contains("backtrace"),
        "it was told to the terminal:\n{screen}"
    );
    room.ask("well again");
    room.wait("both go on", |screen| {
        screen.matches("well again").count() >= 3 && screen.contains("For once")
    });
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    assert_eq!(ledger(&sandbox)["total"]["attempts"], 4);
}

#[test]
fn a_draft_comes_back() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &["-m", "demo/echo"], WIDE);
    room.see("enter send");
    room.ask("hello");
    room.ended(1);
    room.type_slowly("half a thought");
    room.see("half a thought");
    room.send(QUIT);
    room.end();
    let again = Pty::start(&sandbox, &["-c"], WIDE);
    let screen = again.see("half a thought");
    assert!(screen.contains("hello"), "{screen}");
}

#[test]
fn resizing_at_any_moment_does_not_end_it() {
    let server = Lab::new(lab::endless("word"));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2", "-m", "lab/3"], WIDE);
    room.see("enter send");
    room.ask("go");
    room.see("word");
    for (columns, rows) in
        [(20, 5), (80, 24), (1, 1), (200, 3), (40, 12), (19, 50), (120, 40), (2, 2), (300, 100)]
    {
        room.resize(columns, rows);
        thread::sleep(Duration::from_millis(40));
    }
    room.resize(WIDE.0, WIDE.1);
    room.see("enter send");
    room.send("\x03");
    room.see("stopped");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn small_screens_show_tabs_or_say_so() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &[], (60, 20));
    room.see("enter send");
    room.resize(19, 4);
    room.see("too small");
    room.resize(60, 20);
    room.see("enter send");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn two_instances_lose_nothing() {
    let sandbox = Sandbox::new().quick_demo();
    let mut rooms: Vec<Pty> =
        (0..2).map(|_| Pty::start(&sandbox, &["-m", "demo/echo", "-m", "demo/echo"], (100, 30))).collect();
    for room in &mut rooms {
        room.see("enter send");
    }
    for turn in 0..4 {
        for room in &mut rooms {
            room.ask(&format!("words {turn}"));
        }
        for room in &rooms {
            let text = format!("words {turn}");
            room.wait("the echo", |screen| screen.matches(&text).count() >= 3);
        }
    }
    for room in &mut rooms {
        room.send(QUIT);
        assert_eq!(room.end(), 0);
    }
    assert_eq!(ledger(&sandbox)["total"]["attempts"], 16);
}
