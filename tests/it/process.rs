//! What salon promises as a process: to whom it shows its memory, what it does without a terminal,
//! a pipe, a disk or a home, and where a key never stands.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::lab;
use crate::lab::{KEY, Lab};
use crate::pty::Pty;
use crate::sandbox::{Sandbox, binary, slow};

const SIZE: (u16, u16) = (120, 30);
const QUIT: &str = "\x11";

/// A command of a shell, in a terminal. `$SALON` is the program.
fn shell(sandbox: &Sandbox, script: &str) -> Pty {
    let mut command = CommandBuilder::new("bash");
    command.args(["-c", &script.replace("$SALON", &binary().display().to_string())]);
    Pty::run(sandbox, command, SIZE)
}

/// Whether a tool is there and works.
fn works(command: &[&str]) -> bool {
    let mut run = Command::new(command[0]);
    run.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
}

/// The words that run a command as a user who owns nothing; `None` where that cannot be done.
fn as_nobody() -> Option<[&'static str; 5]> {
    let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    let program = binary().to_str()?;
    works(&[&words[..], &[program, "--version"]].concat()).then_some(words)
}

#[test]
fn nobody_may_read_its_memory_and_it_leaves_no_core() {
    let sandbox = Sandbox::new();
    let server = Lab::new(lab::stall());
    let sandbox_of_server = server.sandbox();
    let mut child = sandbox_of_server.command(&["ask", "-n", "-m", "lab/m", "hi"]).spawn().expect("started");
    let limits = wait_for(|| {
        let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
        (!server.requests().is_empty()).then_some(limits)
    });
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    child.kill().expect("killed");
    child.wait().expect("ended");
    let Some(words) = as_nobody() else { return };
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(binary()).args(["ask", "-n", "-m", "demo/slow", "hi"]);
    command.env_clear().envs(sandbox.variables()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    // The files of a process that may be dumped belong to its user; else to root.
    let owner = |id: u32| fs::metadata(format!("/proc/{id}/environ")).map(|meta| meta.uid()).ok();
    wait_for(|| {
        (owner(child.id()) == Some(65534)).then_some(()).or_else(|| {
            let name = fs::read_to_string(format!("/proc/{}/comm", child.id())).unwrap_or_default();
            (name.trim() == "salon").then_some(())
        })
    });
    wait_for(|| (owner(child.id()) == Some(0)).then_some(()));
    child.kill().expect("killed");
    child.wait().expect("ended");
}

/// Tries until there is something.
#[track_caller]
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn without_a_terminal_one_line_says_what_works() {
    let sandbox = Sandbox::new().quick_demo();
    for (what, script) in [
        ("input from nowhere", "$SALON </dev/null"),
        ("input from a pipe", "echo hi | $SALON"),
        ("no input", "$SALON <&-"),
        ("output to nowhere", "$SALON >/dev/null"),
        ("output to a pipe", "$SALON | cat; exit ${PIPESTATUS[0]}"),
        ("no output", "$SALON >&-"),
        ("nothing at all", "$SALON <&- >&- 2>&-"),
        ("a dumb terminal", "TERM=dumb $SALON"),
        ("no TERM", "TERM= $SALON"),
        ("TERM unset", "unset TERM; exec $SALON"),
    ] {
        let mut pty = shell(&sandbox, script);
        assert_eq!(pty.end(), 2, "{what}");
        let said = String::from_utf8_lossy(&pty.bytes()).into_owned();
        let wanted = usize::from(what != "nothing at all");
        assert_eq!(said.matches("salon ask").count(), wanted, "{what}: {said:?}");
        assert!(said.lines().count() <= 1 && !said.contains('\u{1b}'), "{what}: {said:?}");
    }
    // Standard error is no part of the room.
    let mut room = shell(&sandbox, "exec $SALON 2>&-");
    room.see("enter send");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn colours_and_borders_heed_the_environment() {
    let colours = |room: &Pty| {
        let bytes = String::from_utf8_lossy(&room.bytes()).into_owned();
        let sgr = bytes.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m').map(|(sgr, _)| sgr));
        sgr.filter(|sgr| sgr.bytes().all(|b| b.is_ascii_digit() || b == b';')).any(|sgr| {
            sgr.split(';').any(|n| matches!(n.parse(), Ok(30..=37 | 38 | 40..=47 | 48 | 90..=107)))
        })
    };
    for (variables, coloured, ascii) in [
        (&[][..], true, false),
        (&[("NO_COLOR", "1")][..], false, false),
        (&[("LANG", "C"), ("LC_ALL", "C")][..], true, true),
    ] {
        let mut sandbox = Sandbox::new().quick_demo();
        for (name, value) in variables {
            sandbox = sandbox.variable(name, value);
        }
        let mut room = Pty::start(&sandbox, &[], SIZE);
        let screen = room.see("enter send");
        assert_eq!(colours(&room), coloured, "{variables:?}");
        assert_eq!(screen.is_ascii(), ascii, "{variables:?}\n{screen}");
        room.send(QUIT);
        assert_eq!(room.end(), 0);
    }
}

#[test]
fn pipes_that_close_and_disks_that_are_full() {
    let sandbox = Sandbox::new().quick_demo();
    let commands = [
        "ask -n -m demo/tour -m demo/tour hi",
        "ask -n --format json -m demo/tour hi",
        "ask -n --format jsonl -m demo/tour hi",
        "--help",
        "ask --help",
        "models",
        "usage --by attempt",
        "rooms list",
        "config check",
        "completions bash",
        "man",
    ];
    for command in commands {
        for reader in ["head -1", "true", "head -c 10"] {
            let script = format!(
                "{} {command} 2>err | {reader} >/dev/null; echo ${{PIPESTATUS[0]}}",
                binary().display()
            );
            let out = bash(&sandbox, &script);
            assert!(matches!(out.trim(), "0" | "141"), "{command} | {reader}: {out}");
            let err = fs::read_to_string(sandbox.home().join("err")).expect("written");
            let told: Vec<&str> = err
                .lines()
                .filter(|line| !line.starts_with("prices: ") && !line.starts_with("models: "))
                .collect();
            assert!(told.is_empty(), "{command} | {reader}: {err}");
        }
        let full = bash(&sandbox, &format!("{} {command} 2>err >/dev/full; echo $?", binary().display()));
        let err = fs::read_to_string(sandbox.home().join("err")).expect("written");
        assert_eq!(full.trim(), "1", "{command} > /dev/full: {err}");
        assert!(err.contains("No space left"), "{command} > /dev/full: {err:?}");
    }
}

fn bash(sandbox: &Sandbox, script: &str) -> String {
    let mut command = Command::new("bash");
    command.args(["-c", script]).env_clear().envs(sandbox.variables()).current_dir(sandbox.home());
    let output = command.stdin(Stdio::null()).output().expect("bash");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_storm_of_sizes_leaves_the_screen_as_it_was() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &["-m", "demo/tour", "-m", "demo/thinker", "-m", "demo/eliza"], SIZE);
    room.see("enter send");
    room.ask("why is the sky blue");
    room.ended(3);
    thread::sleep(Duration::from_millis(300));
    let before = room.screen();
    let mut seed: u32 = 42;
    let mut random = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from((seed >> 8) % (most + 1)).expect("small")
    };
    for _ in 0..if slow() { 1000 } else { 150 } {
        room.resize(random(500), random(200));
        thread::sleep(Duration::from_millis(5));
    }
    room.resize(19, 4);
    room.see("too small");
    room.resize(SIZE.0, SIZE.1);
    room.wait("the same screen", |screen| screen == before);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn keys_that_come_with_a_resize_or_in_a_flood_are_all_read() {
    let sandbox = Sandbox::new().quick_demo();
    let mut room = Pty::start(&sandbox, &["-m", "demo/echo"], SIZE);
    room.see("enter send");
    for round in 0..5 {
        room.resize(SIZE.0 - 1 - round, SIZE.1);
        room.send(&format!("<{round}>"));
        room.see(&format!("<{round}>"));
    }
    room.send(&format!("{}<end>", "all the words of a flood ".repeat(200)));
    room.see("<end>");
    let ticks = room.cpu_ticks();
    thread::sleep(Duration::from_millis(500));
    assert!(room.cpu_ticks() - ticks < 20, "it spins");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn it_streams_on_while_the_terminal_is_too_small() {
    let server = Lab::new(lab::numbered());
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/m"], SIZE);
    room.see("enter send");
    room.ask("count");
    room.see("n00003");
    room.resize(10, 3);
    room.see("too small");
    thread::sleep(Duration::from_millis(500));
    room.resize(SIZE.0, SIZE.1);
    room.wait("what came meanwhile", |screen| screen.contains("n001"));
    room.send("\x03");
    room.see("stopped");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn a_long_paste_is_a_placeholder_and_is_sent_whole() {
    let server = Lab::new(lab::text("read it"));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/m"], SIZE);
    room.see("enter send");
    let lines: String = (0..40_000).map(|n| format!("line {n:06} of a long é paste\n")).collect();
    assert!(lines.len() > 1 << 20);
    room.type_slowly("sum up: ");
    room.send(&format!("\x1b[200~{}\x1b[201~", lines.replace('\n', "\r")));
    let screen = room.see("[Pasted #1 · 40000 lines]");
    assert!(!screen.contains("line 000001"), "{screen}");
    room.type_slowly(" please");
    room.send("\r");
    room.see("read it");
    let body = lab::body(&server.requests()[0]);
    let sent = body["messages"][0]["content"].as_str().expect("the prompt").to_owned();
    assert_eq!(sent.len(), "sum up: ".len() + lines.len() + " please".len());
    assert!(sent == format!("sum up: {lines} please"), "it was changed on the way");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
}

#[test]
fn a_paste_without_brackets_is_not_sent_line_by_line() {
    let server = Lab::new(lab::text("read it"));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/m"], SIZE);
    room.see("enter send");
    room.send("first line\rsecond line\rthird line\r");
    room.see("third line");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(server.requests().len(), 0, "a line was sent by itself");
    room.type_slowly("end");
    room.send("\r");
    room.see("read it");
    assert_eq!(server.requests().len(), 1);
    let body = lab::body(&server.requests()[0]);
    let sent = body["messages"][0]["content"].as_str().expect("the prompt").to_owned();
    assert!(sent.starts_with("first line\nsecond line\nthird line\n") && sent.ends_with("end"), "{sent:?}");
    room.send(QUIT);
    room.end();
}

#[test]
fn a_room_that_is_open_elsewhere_can_be_read() {
    let sandbox = Sandbox::new().quick_demo();
    sandbox.run(&["ask", "-n", "--room", "kitchen", "-m", "demo/echo", "what was said"]).expect(0);
    let mut first = Pty::start(&sandbox, &["--room", "kitchen"], SIZE);
    first.see("what was said");
    let mut second = Pty::start(&sandbox, &["--room", "kitchen"], SIZE);
    second.see("what was said");
    let pid = first.pid().to_string();
    second.wait("who writes", |screen| screen.contains("read only") && screen.contains(&pid));
    second.type_slowly("not to be sent");
    second.send("\r");
    thread::sleep(Duration::from_millis(500));
    first.ask("by the first");
    first.wait("the echo", |screen| screen.matches("by the first").count() >= 2);
    sandbox.run(&["ask", "-n", "--room", "kitchen", "hi"]).expect(1);
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    let usage: Value = serde_json::from_str(&usage.stdout).expect("JSON");
    assert_eq!(usage["total"]["attempts"], 2, "{usage}");
    first.send(QUIT);
    assert_eq!(first.end(), 0);
    sandbox.run(&["ask", "-n", "--room", "kitchen", "hi"]).expect(0);
    second.send(QUIT);
    second.send("y");
    second.end();
}

/// Streams into a place that takes only so much; the screen goes on, says so, and can be left.
fn goes_on_unsaved(wrap: &dyn Fn(&Sandbox) -> String) {
    let server = Lab::new(lab::endless(&"word ".repeat(40)));
    let sandbox = server.sandbox();
    let mut room = shell(&sandbox, &wrap(&sandbox));
    room.see("enter send");
    room.ask("go");
    room.see("word");
    room.see("NOT SAVED");
    let before = room.bytes().len();
    thread::sleep(Duration::from_millis(500));
    assert!(room.bytes().len() > before, "the stream stands still\n{}", room.screen());
    room.send("\x03");
    // What is told about the disk may stand over the pane's own line.
    room.miss("esc stop 1");
    room.send(QUIT);
    room.send("y");
    room.end();
    assert!(!String::from_utf8_lossy(&room.bytes()).contains("panicked"), "it crashed");
}

#[test]
fn a_file_that_may_not_grow_is_told_and_the_stream_goes_on() {
    goes_on_unsaved(&|_| "ulimit -f 400; exec $SALON -m lab/m".to_owned());
}

#[test]
fn a_full_disk_is_told_and_the_stream_goes_on() {
    if !works(&["unshare", "-m", "true"]) {
        return;
    }
    goes_on_unsaved(&|sandbox| {
        let data = sandbox.home().join("data");
        fs::create_dir_all(&data).expect("the data folder");
        let data = data.display();
        format!("exec unshare -m sh -c 'mount -t tmpfs -o size=400k none {data} && exec $SALON -m lab/m'")
    });
}

#[test]
fn without_a_place_to_write_it_runs_in_memory_and_says_so() {
    let nowhere = |sandbox: Sandbox| {
        ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
            .iter()
            .fold(sandbox, |sandbox, name| sandbox.variable(name, "/proc/nowhere"))
    };
    let sandbox = nowhere(Sandbox::new());
    let ran = sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
    assert_eq!(ran.stdout, "hi\n");
    assert!(ran.stderr.contains("nothing is saved"), "{}", ran.stderr);
    let mut room = Pty::start(&sandbox, &["-m", "demo/echo"], SIZE);
    room.see("enter send");
    room.see("nothing is saved");
    room.ask("hello");
    room.ended(1);
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    let Some(words) = as_nobody() else { return };
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(binary()).args(["ask", "-n", "-m", "demo/echo", "hi"]);
    command.env_clear().env("PATH", std::env::var("PATH").unwrap_or_default()).stdin(Stdio::null());
    let output = command.output().expect("ended");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hi\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is saved"));
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_key_stands_nowhere() {
    let echo =
        serde_json::json!({ "error": { "message": format!("Incorrect key {KEY}\x1b[2J"), "code": KEY } });
    let server = Lab::new(lab::by_model(vec![
        ("bad", lab::status(401, &echo.to_string())),
        ("late", lab::error_after("some text", &format!("the key {KEY} ran out"))),
        ("good", lab::text("all is well")),
    ]));
    let sandbox = server.sandbox().variable("SALON_LOG", "trace").variable("RUST_LOG", "trace");
    let words = ["-m", "lab/bad", "-m", "lab/late", "-m", "lab/good"];
    let mut room = Pty::start(&sandbox, &words, (150, 40));
    room.see("enter send");
    room.ask("go");
    room.ended(3);
    let cmdline = fs::read(format!("/proc/{}/cmdline", room.pid())).expect("its words");
    room.send(QUIT);
    assert_eq!(room.end(), 0);
    let mut told: Vec<(String, Vec<u8>)> = vec![("screen".into(), room.bytes()), ("cmdline".into(), cmdline)];
    for format in ["text", "json", "jsonl"] {
        let ran = sandbox.run(&[&["ask", "-n", "--format", format], &words[..], &["hi"]].concat());
        told.push((format!("ask {format}"), (ran.stdout + &ran.stderr).into_bytes()));
    }
    for command in
        [&["config", "show"][..], &["usage", "--by", "attempt"], &["rooms", "list"], &["config", "check"]]
    {
        let ran = sandbox.run(command);
        told.push((command.join(" "), (ran.stdout + &ran.stderr).into_bytes()));
    }
    let kept = files(sandbox.home());
    assert!(
        kept.iter().any(|path| path.ends_with("salon.db"))
            && kept.iter().any(|path| path.ends_with("salon.log"))
    );
    told.extend(kept.iter().map(|path| (path.display().to_string(), fs::read(path).expect("a file"))));
    for (what, bytes) in &told {
        let holds = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(!holds("CANARY"), "the key stands in {what}");
    }
    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
}

#[test]
fn the_log_is_made_when_it_is_asked_for() {
    let server = Lab::new(lab::by_model(vec![
        ("bad", lab::status(400, r#"{"error":{"message":"not\u001b[2J so"}}"#)),
        ("good", lab::text("what was said")),
    ]));
    let sandbox = server.sandbox();
    let words = ["ask", "-n", "-m", "lab/bad", "-m", "lab/good", "a question"];
    sandbox.run(&words).expect(3);
    let state = sandbox.home().join("state");
    assert!(!state.exists(), "{:?}", files(&state));
    let sandbox = sandbox.variable("SALON_LOG", "info");
    sandbox.run(&words).expect(3);
    let path = state.join("salon/salon.log");
    let log = fs::read_to_string(&path).expect("the log");
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
    assert_eq!((log.matches("asked").count(), log.matches("ended").count()), (2, 2), "{log}");
    assert!(log.contains("bad_request") && log.contains("lab/good"), "{log}");
    assert!(!log.contains("a question") && !log.contains("what was said"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log:?}");
    let told = sandbox.variable("SALON_LOG", "loud").run(&words).expect(3);
    assert!(told.stderr.contains("SALON_LOG=loud"), "{}", told.stderr);
}
