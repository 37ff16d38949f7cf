//! What is left after the machine fails: writes that fail at any moment, files that were damaged
//! anywhere, and a terminal at the end of a slow line (safety R27, R54, R56).

use std::fs;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::lab;
use crate::lab::Lab;
use crate::pty::Pty;
use crate::sandbox::{Sandbox, binary, slow};

/// Whether system calls can be made to fail here.
fn strace() -> bool {
    let tried = Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
    let works = tried.is_ok_and(|tried| tried.status.success());
    if !works {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"skipped: there is no strace that works here; install it to run this test\n",
        );
    }
    works
}

/// `salon ask` under strace, which makes these calls fail.
fn ask_with_faults(sandbox: &Sandbox, inject: &str, prompt: &str) -> Output {
    let mut command = Command::new("strace");
    let calls = inject.split(':').next().unwrap_or_default();
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={inject}")]).arg(binary());
    command.args(["ask", "-n", "--format", "json", "-m", "lab/m", prompt]);
    command.env_clear().envs(sandbox.variables()).current_dir(sandbox.home());
    command.stdin(std::process::Stdio::null()).output().expect("strace starts")
}

/// The database is whole, where there is a tool to ask; and no reply is half a row.
fn whole(sandbox: &Sandbox, what: &str) {
    let path = sandbox.home().join("data/salon/salon.db");
    if !path.exists() {
        return;
    }
    let Ok(output) = Command::new("sqlite3").arg(&path).arg("PRAGMA integrity_check").output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok", "{what}");
}

/// Runs these in a few threads.
fn each(count: usize, run: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(at) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|at| *at < count) {
                    run(at);
                }
            });
        }
    });
}

#[test]
fn a_write_that_fails_at_any_moment_loses_no_word_on_the_screen() {
    if !strace() {
        return;
    }
    let faults = |n: usize| {
        [
            format!("pwrite64:error=ENOSPC:when={n}+"),
            format!("pwrite64:error=EIO:when={n}"),
            format!("fsync,fdatasync:error=EIO:when={n}+"),
        ]
    };
    let moments: Vec<usize> = if slow() { (1..=60).collect() } else { vec![2, 9, 30] };
    let server = Lab::new(lab::text("a whole reply"));
    each(moments.len(), |at| {
        for inject in faults(moments[at]) {
            let sandbox = server.sandbox();
            let output = ask_with_faults(&sandbox, &inject, "hello");
            let (stdout, stderr) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!stderr.contains("panicked"), "{inject}: {stderr}");
            assert!(output.status.code().is_some_and(|code| code < 100), "{inject}: {output:?}");
            let answered = stdout.contains("a whole reply");
            assert!(
                answered || stderr.contains("salon: "),
                "{inject}: neither a reply nor a word: {output:?}"
            );
            if answered {
                let object: Value = serde_json::from_str(&stdout).expect("one object");
                assert_eq!(object["replies"][0]["status"], "done", "{inject}: {stdout}");
            }
            // Where it works again, it goes on with what is there.
            let ran = sandbox.run(&["ask", "-n", "-m", "lab/m", "again"]);
            assert_eq!(ran.code, Some(0), "{inject}: {}", ran.stderr);
            whole(&sandbox, &inject);
        }
    });
}

#[test]
fn a_disk_that_breaks_while_a_room_streams_is_told() {
    if !strace() {
        return;
    }
    let server = Lab::new(lab::endless(&"word ".repeat(20)));
    let sandbox = server.sandbox();
    let mut command = CommandBuilder::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64"]);
    command.args(["-e", "inject=pwrite64:error=ENOSPC:when=120+"]);
    command.arg(binary());
    command.args(["-m", "lab/m"]);
    let mut room = Pty::run(&sandbox, command, (120, 30));
    room.see("enter send");
    room.ask("go");
    room.see("NOT SAVED");
    room.see("word");
    room.send("\x03");
    room.miss("esc stop 1");
    room.send("\x11");
    room.send("y");
    room.end();
    assert!(!String::from_utf8_lossy(&room.bytes()).contains("panicked"));
}

/// Numbers that look like chance and are the same in every run.
fn chance(seed: &mut u64, below: usize) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed % below.max(1) as u64).expect("small")
}

/// The folder of the database with three rooms in it, made once.
fn template() -> (Sandbox, Vec<u8>) {
    let sandbox = Sandbox::new().quick_demo();
    for prompt in ["one", "two", "three"] {
        sandbox.run(&["ask", "-n", "-m", "demo/echo", "-m", "demo/tour", prompt]).expect(0);
    }
    let bytes = fs::read(sandbox.home().join("data/salon/salon.db")).expect("the database");
    (sandbox, bytes)
}

fn put(sandbox: &Sandbox, bytes: &[u8]) {
    let folder = sandbox.home().join("data/salon");
    fs::create_dir_all(&folder).expect("the folder");
    fs::write(folder.join("salon.db"), bytes).expect("the database");
}

/// It answers, and goes on to do so; nothing panics, and what is set aside is told. Damage that is
/// met only while it writes is told then, with nothing sent, and set aside at the next start.
fn survives(sandbox: &Sandbox, what: &str) {
    let met = |stderr: &str| {
        stderr.contains("is damaged; start salon again") && stderr.contains("nothing was sent")
    };
    for (turn, prompt) in ["after", "and again", "and on"].into_iter().enumerate() {
        let ran = sandbox.run(&["ask", "-n", "-m", "demo/echo", prompt]);
        if turn == 0 && ran.code == Some(1) && met(&ran.stderr) {
            continue;
        }
        assert_eq!(ran.code, Some(0), "{what}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, format!("{prompt}\n"), "{what}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
    }
    for words in [&["rooms", "list"][..], &["usage"]] {
        let ran = sandbox.run(words);
        assert!(!ran.stderr.contains("panicked"), "{what}, {words:?}: {}", ran.stderr);
        assert!(ran.code.is_some_and(|code| code <= 1), "{what}, {words:?}: {}", ran.stderr);
    }
}

#[test]
fn bytes_that_flip_anywhere_in_the_database_are_survived() {
    let (_keep, whole) = template();
    let (rounds, flips) = if slow() { (100, 10) } else { (6, 10) };
    each(rounds, |round| {
        let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (round as u64 + 1);
        let mut bytes = whole.clone();
        for _ in 0..flips {
            let at = chance(&mut seed, bytes.len());
            bytes[at] ^= 1 << chance(&mut seed, 8);
        }
        let sandbox = Sandbox::new().quick_demo();
        put(&sandbox, &bytes);
        survives(&sandbox, &format!("round {round}"));
    });
}

#[test]
fn a_database_that_is_no_longer_one_is_survived() {
    let (_keep, whole) = template();
    let other = {
        let sandbox = Sandbox::new().quick_demo();
        sandbox.run(&["ask", "-n", "-m", "demo/echo", "of another"]).expect(0);
        fs::read(sandbox.home().join("data/salon/salon.db")).expect("the database")
    };
    let zeroed = [vec![0; 100], whole[100..].to_vec()].concat();
    type Case = (&'static str, Vec<u8>, Option<Vec<u8>>);
    let cases: Vec<Case> = vec![
        ("a header of zeros", zeroed, None),
        ("one byte", whole[..1].to_vec(), None),
        ("a page and a half", whole[..6000].to_vec(), None),
        ("twice", [whole.clone(), whole.clone()].concat(), None),
        ("a log that is no log", whole.clone(), Some(b"this is no write-ahead log ".repeat(400))),
        ("a log that is another database", whole.clone(), Some(other)),
        ("an empty log", whole.clone(), Some(Vec::new())),
    ];
    for (what, bytes, log) in cases {
        let sandbox = Sandbox::new().quick_demo();
        put(&sandbox, &bytes);
        if let Some(log) = log {
            fs::write(sandbox.home().join("data/salon/salon.db-wal"), log).expect("the log");
        }
        survives(&sandbox, what);
    }
}

fn written(room: &Pty) -> usize {
    room.bytes().len()
}

/// Waits until nothing more comes for a while.
fn quiet(room: &Pty) -> usize {
    let mut last = (written(room), Instant::now());
    while last.1.elapsed() < Duration::from_millis(700) {
        thread::sleep(Duration::from_millis(20));
        if written(room) != last.0 {
            last = (written(room), Instant::now());
        }
    }
    last.0
}

/// A line of 9,600 bits a second carries 192 bytes in the fifth of a second within which a key must
/// be seen: so many bytes may a key cost, and no more frames are written than the line takes.
#[test]
fn a_slow_line_shows_keys_at_once_and_the_end_of_a_stream_in_time() {
    const LINE: usize = 960;
    let server = Lab::new(lab::in_turn(vec![lab::numbered(), lab::text("and on")]));
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/1"], (80, 24));
    room.see("enter send");
    quiet(&room);
    let mut costs: Vec<usize> = Vec::new();
    for key in "slow words of a person".chars() {
        let before = quiet_soon(&room);
        room.send(&key.to_string());
        let start = Instant::now();
        while written(&room) == before && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(2));
        }
        costs.push(quiet_soon(&room) - before);
    }
    costs.sort_unstable();
    let p95 = costs[costs.len() * 95 / 100];
    assert!(p95 <= LINE / 5, "{p95} bytes for a key: {costs:?}");
    // A stream over the same line: frames are dropped, not queued, and the screen is of now.
    room.throttle(Some(LINE));
    room.send("\r");
    thread::sleep(Duration::from_secs(if slow() { 20 } else { 4 }));
    let before = written(&room);
    room.send("\x03");
    room.throttle(None);
    room.see("stopped");
    // What the terminal itself held back, and a frame or two: nothing was queued for it.
    let backlog = written(&room) - before;
    assert!(backlog < 48 * 1024, "{backlog} bytes were waiting for a slow line");
    let shown = crate::room::largest(&room.screen());
    room.send("\x11");
    assert_eq!(room.end(), 0);
    let sent = kept(&sandbox, &server);
    assert!(shown > 0 && shown == sent, "the screen ends with n{shown:05}, the reply with n{sent:05}");
}

/// As [`quiet`], with less patience: for what is one frame.
fn quiet_soon(room: &Pty) -> usize {
    let mut last = (written(room), Instant::now());
    while last.1.elapsed() < Duration::from_millis(120) {
        thread::sleep(Duration::from_millis(5));
        if written(room) != last.0 {
            last = (written(room), Instant::now());
        }
    }
    last.0
}

/// The largest number of the reply that is on disk: what the next request carries.
fn kept(sandbox: &Sandbox, server: &Lab) -> u32 {
    sandbox.run(&["ask", "-n", "--room", "slow words of a person", "go on"]).expect(0);
    let body = lab::body(server.requests().last().expect("a request"));
    crate::room::largest(body["messages"][1]["content"].as_str().expect("the reply"))
}
