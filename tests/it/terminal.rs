//! The terminal is left as it was found, whatever happens (safety R22 to R33), and no byte that it
//! acts on comes from outside (R2).

use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use crate::lab;
use crate::lab::Lab;
use crate::pty::Pty;
use crate::room::largest;
use crate::sandbox::{Sandbox, binary, slow};

const SIZE: (u16, u16) = (120, 30);

fn is_left_well(room: &Pty) {
    let bytes = room.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let last =
        |sequence: &str| text.rfind(sequence).unwrap_or_else(|| panic!("{sequence:?} was never written"));
    assert!(last("\x1b[?1049l") > last("\x1b[?1049h"), "the alternate screen stays");
    assert!(last("\x1b[?2004l") > last("\x1b[?2004h"), "paste brackets stay");
    assert!(last("\x1b[?1004l") > last("\x1b[?1004h"), "focus events stay");
    assert!(last("\x1b[?25h") > last("\x1b[?25l"), "the cursor stays hidden");
    assert!(last("\x1b[<1u") > last("\x1b[>1u"), "the keyboard protocol stays");
}

#[test]
fn quitting_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new().quick_demo();
    let mut command = CommandBuilder::new("sh");
    command
        .args(["-c", &format!("stty -a > before; {} ; echo status=$?; stty -a > after", binary().display())]);
    let mut shell = Pty::run(&sandbox, command, SIZE);
    shell.see("enter send");
    shell.send("\x11");
    shell.see("status=0");
    shell.end();
    is_left_well(&shell);
    let read = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).expect("stty wrote it");
    assert_eq!(read("before"), read("after"));
}

#[test]
fn signals_end_it_in_a_second_with_their_status() {
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let server = Lab::new(lab::endless("tok"));
        let sandbox = server.sandbox();
        let mut room = Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2"], SIZE);
        room.see("enter send");
        room.ask("go");
        room.see("tok");
        let start = Instant::now();
        room.signal(signal);
        assert_eq!(room.end(), status, "after {signal}");
        assert!(start.elapsed() < Duration::from_secs(5), "{signal} took {:?}", start.elapsed());
        is_left_well(&room);
        assert!(server.all_closed(Duration::from_secs(2)), "requests go on after {signal}");
    }
}

/// Safety R22: a fault of salon itself, on each thread without which there is no room.
#[test]
fn a_panic_leaves_the_terminal_as_it_was_and_says_so() {
    if !cfg!(debug_assertions) {
        return;
    }
    for thread in ["main", "painter"] {
        let server = Lab::new(lab::endless("tok"));
        let sandbox = server.sandbox().variable("SALON_REHEARSE", thread);
        let mut command = CommandBuilder::new("sh");
        let program = binary().display();
        command.args([
            "-c",
            &format!("stty -g > before; {program} -m lab/1 -m lab/2; echo status=$?; stty -g > after"),
        ]);
        let mut shell = Pty::run(&sandbox, command, SIZE);
        shell.see("enter send");
        shell.ask("go");
        shell.see("tok");
        shell.resize(100, 30);
        let screen = shell.see("status=");
        assert!(screen.contains("status=101"), "{thread}:\n{screen}");
        shell.end();
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("a fault of salon itself ended the room"), "{thread}:\n{screen}");
        assert!(!words.contains("CANARY"), "{thread}: what a panic says may be anybody's words\n{screen}");
        is_left_well(&shell);
        let read = |name: &str| std::fs::read_to_string(sandbox.home().join(name)).expect("stty wrote it");
        assert_eq!(read("before"), read("after"), "{thread}");
        assert!(server.all_closed(Duration::from_secs(2)), "{thread}: requests go on");
        let next = sandbox.run(&["ask", "-n", "-m", "demo/echo", "still there"]).expect(0);
        assert_eq!(next.stdout, "still there\n", "{thread}");
    }
}

#[test]
fn the_first_key_after_a_resize_and_the_end_of_a_long_paste_arrive() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &["--demo"], SIZE);
    room.see("enter send");
    for (columns, rows) in [(100, 30), (90, 24), (120, 30)] {
        room.resize(columns, rows);
        thread::sleep(Duration::from_millis(300));
        room.send("\t");
        room.see("i write");
        room.send("i");
        room.see("enter send");
    }
    room.resize(100, 30);
    thread::sleep(Duration::from_millis(300));
    let lines = "a line of a long paste\r".repeat(5000);
    room.send(&format!("\x1b[200~{lines}\x1b[201~"));
    room.see("[Pasted #1");
}

#[test]
fn a_terminal_that_takes_no_bytes_does_not_hold_it() {
    let server = Lab::new(lab::endless("tok"));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2"], SIZE);
    room.see("enter send");
    room.ask("go");
    room.see("tok");
    room.hold(true);
    thread::sleep(Duration::from_secs(2));
    room.signal("TERM");
    let start = Instant::now();
    while std::path::Path::new(&format!("/proc/{}/exe", room.pid())).exists() {
        assert!(start.elapsed() < Duration::from_secs(5), "it waits for the terminal");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Resident memory in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[test]
fn frames_that_nobody_takes_are_dropped_and_the_streams_go_on() {
    let server = Lab::new(lab::numbered());
    let sandbox = server.sandbox();
    let mut room =
        Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2", "-m", "lab/3", "-m", "lab/4"], (200, 50));
    room.see("enter send");
    room.ask("count");
    room.see("n00009");
    room.hold(true);
    let (before, memory) = (largest(&room.screen()), resident(room.pid()));
    let seconds = if slow() { 30 } else { 3 };
    thread::sleep(Duration::from_secs(seconds));
    let grown = resident(room.pid()).saturating_sub(memory);
    assert!(grown < 20 * 1024, "{grown} KiB more while the terminal took nothing");
    room.hold(false);
    // One frame after the terminal takes bytes again, the screen is of now, not of then.
    let least = before + 60 * u32::try_from(seconds).expect("small");
    room.wait("what came meanwhile", |screen| largest(screen) > least);
    room.send("\x03");
    room.wait("all stopped", |screen| screen.matches("stopped by you").count() >= 4);
    room.send("\x11");
    assert_eq!(room.end(), 0);
}

#[test]
fn a_hang_up_ends_it_without_spinning() {
    for ignored in [false, true] {
        let sandbox = Sandbox::new().quick_demo();
        let mut room = if ignored {
            let mut command = CommandBuilder::new("sh");
            command.args(["-c", &format!("trap '' HUP; exec {}", binary().display())]);
            Pty::run(&sandbox, command, SIZE)
        } else {
            Pty::start(&sandbox, &[], SIZE)
        };
        room.see("enter send");
        let before = room.cpu_ticks();
        room.hang_up();
        let start = Instant::now();
        let mut last = before;
        while std::path::Path::new(&format!("/proc/{}/exe", room.pid())).exists() {
            last = last.max(room.cpu_ticks());
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "it stays without a terminal (HUP ignored: {ignored})"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert!(last - before < 30, "it spun for {} ticks", last - before);
    }
}

#[test]
fn idle_writes_nothing_and_takes_no_time() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &[], SIZE);
    room.see("enter send");
    // Notices go after a while; that is no idling.
    let mut quiet = (room.bytes().len(), Instant::now());
    let start = Instant::now();
    while quiet.1.elapsed() < Duration::from_secs(6) && start.elapsed() < Duration::from_secs(40) {
        thread::sleep(Duration::from_millis(50));
        if room.bytes().len() != quiet.0 {
            quiet = (room.bytes().len(), Instant::now());
        }
    }
    let (bytes, ticks) = (room.bytes().len(), room.cpu_ticks());
    thread::sleep(Duration::from_secs(3));
    assert_eq!(room.bytes().len(), bytes, "bytes were written while nothing happened");
    assert!(room.cpu_ticks() - ticks <= 1, "{} ticks in three idle seconds", room.cpu_ticks() - ticks);
    room.send("\x11");
    room.end();
}

#[test]
fn suspend_and_resume() {
    let sandbox = Sandbox::new().quick_demo();
    let mut command = CommandBuilder::new("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    let mut shell = Pty::run(&sandbox, command, SIZE);
    shell.send(&format!("{}\n", binary().display()));
    shell.see("enter send");
    shell.type_slowly("kept words");
    shell.send("\x1a");
    shell.see("Stopped");
    shell.send("stty -a | grep -o ' icanon'\n");
    shell.see(" icanon");
    shell.send("fg\n");
    shell.see("kept words");
    shell.see("enter send");
    shell.send("\x11");
    shell.miss("enter send");
    shell.send("exit\n");
    shell.end();
}

/// Collects what the terminal would act on.
#[derive(Default)]
pub struct Acts {
    pub odd: Vec<String>,
}

impl vte::Perform for Acts {
    fn execute(&mut self, byte: u8) {
        if !matches!(byte, b'\n' | b'\r' | 0x08 | 0x07) {
            self.odd.push(format!("control {byte:#04x}"));
        }
    }

    fn osc_dispatch(&mut self, parameters: &[&[u8]], _: bool) {
        // Only the window's title and the clipboard are ours.
        let first = parameters.first().copied().unwrap_or_default();
        if first != b"0" {
            self.odd.push(format!("osc {:?}", String::from_utf8_lossy(first)));
        }
        if parameters.iter().any(|text| String::from_utf8_lossy(text).contains("EVIL")) {
            self.odd.push("a title from outside".to_owned());
        }
    }

    fn csi_dispatch(&mut self, _: &vte::Params, intermediates: &[u8], _: bool, action: char) {
        let known = matches!(
            (intermediates, action),
            (b"", 'H' | 'm' | 'J' | 'K' | 't' | 'G' | 'A' | 'B' | 'C' | 'D')
                | (b"?", 'h' | 'l')
                | (b">" | b"<", 'u')
        );
        if !known {
            self.odd.push(format!("csi {:?} {action}", String::from_utf8_lossy(intermediates)));
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _: bool, byte: u8) {
        // The second half of the string terminator.
        if byte != b'\\' {
            self.odd.push(format!("esc {:?} {byte:#04x}", String::from_utf8_lossy(intermediates)));
        }
    }

    fn hook(&mut self, _: &vte::Params, _: &[u8], _: bool, action: char) {
        self.odd.push(format!("dcs {action}"));
    }
}

/// Sequences that terminals act on, whole, unfinished and in their 8-bit forms.
pub fn hostile() -> String {
    let mut text = String::new();
    for c in (0_u32..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        text.push(c);
        text.push('x');
    }
    for sequence in [
        "\x1b]0;EVIL\x07",
        "\x1b]52;c;RVZJTA==\x07",
        "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
        "\x1b]50;?\x07",
        "\x1b]777;notify;EVIL;x\x07",
        "\x1b]1337;File=EVIL\x07",
        "\x1bP+q544e\x1b\\",
        "\x1b_EVIL\x1b\\",
        "\x1b^EVIL\x1b\\",
        "\x1bXEVIL\x1b\\",
        "\x1b[21t",
        "\x1b[6n",
        "\x1b[c",
        "\x1bc",
        "\x1b[?1049l",
        "\u{9b}31m",
        "\u{9d}0;EVIL\u{9c}",
        "\x1b]0;EVIL",
        "\u{202e}drow\u{2066}",
        "\u{e0041}\u{e0042}",
        "\u{feff}\u{200b}\u{ad}",
        "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}",
    ] {
        text.push_str(sequence);
        text.push_str(" END ");
    }
    text
}

#[test]
fn nothing_that_the_terminal_acts_on_comes_from_outside() {
    let evil = hostile();
    let error = serde_json::json!({ "error": { "message": evil, "code": evil } }).to_string();
    let server = Lab::new(lab::by_model(vec![
        ("text", lab::text(&format!("{evil} last words"))),
        ("think", lab::thinking(&evil, "last words")),
        ("served", lab::served_as(&evil, "last words")),
        ("bad", lab::status(400, &error)),
    ]));
    let sandbox = server.sandbox();
    let mut room = Pty::start(
        &sandbox,
        &["-m", "lab/text", "-m", "lab/think", "-m", "lab/served", "-m", "lab/bad"],
        (200, 60),
    );
    room.see("enter send");
    room.ask("go");
    room.ended(4);
    room.send("\x11");
    room.end();
    let mut acts = Acts::default();
    vte::Parser::new().advance(&mut acts, &room.bytes());
    assert!(acts.odd.is_empty(), "{:#?}", acts.odd);
}
