//! What is on disk: whose it is, what a kill leaves of it, who may write at once, and what becomes of
//! a file that is damaged.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::lab;
use crate::lab::Lab;
use crate::pty::Pty;
use crate::sandbox::{Sandbox, binary, slow};

const SIZE: (u16, u16) = (200, 50);

fn attempts(sandbox: &Sandbox) -> Value {
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    serde_json::from_str::<Value>(&usage.stdout).expect("JSON")["total"]["attempts"].clone()
}

/// All files and folders below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(below(&path));
        }
        found.push(path);
    }
    found
}

#[test]
fn files_are_for_their_owner_alone_whatever_the_umask() {
    let server = Lab::new(lab::endless("tok"));
    let sandbox = server.sandbox().variable("SALON_LOG", "debug");
    let script = format!("umask 0; {} config init; exec {} -m lab/m", binary().display(), binary().display());
    let fresh = Sandbox::new();
    let init = format!("umask 0; {} config init", binary().display());
    let status = Command::new("sh").args(["-c", &init]).env_clear().envs(fresh.variables()).status();
    assert!(status.is_ok_and(|status| status.success()));
    let mut command = portable_pty::CommandBuilder::new("sh");
    command.args(["-c", &script]);
    let mut room = Pty::run(&sandbox, command, SIZE);
    room.see("enter send");
    room.ask("go");
    room.see("tok");
    let roots =
        [sandbox.home().join("data/salon"), sandbox.home().join("state/salon"), fresh.home().join("config")];
    let found: Vec<PathBuf> =
        roots.iter().flat_map(|root| below(root).into_iter().chain([root.clone()])).collect();
    for name in ["salon.db", "salon.db-wal", "salon.db-shm", "salon.log", "config.toml"] {
        assert!(found.iter().any(|path| path.ends_with(name)), "{name} is not there: {found:?}");
    }
    for path in &found {
        let mode = fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    room.send("\x03");
    room.see("stopped");
    room.send("\x11");
    room.end();
}

#[test]
fn what_a_kill_leaves_is_what_the_server_sent() {
    for round in 0..if slow() { 12 } else { 2 } {
        let mut answers = vec![lab::numbered(); 4];
        answers.push(lab::text("and on"));
        let server = Lab::new(lab::in_turn(answers));
        let sandbox = server.sandbox();
        let mut room =
            Pty::start(&sandbox, &["-m", "lab/1", "-m", "lab/2", "-m", "lab/3", "-m", "lab/4"], SIZE);
        room.see("enter send");
        room.ask("count");
        room.wait("all count", |screen| screen.matches("n00003").count() == 4);
        thread::sleep(Duration::from_millis(53 * (round % 8)));
        room.kill();
        sandbox.run(&["ask", "-n", "--room", "count", "go on"]).expect(0);
        let after = server.requests().split_off(4);
        assert_eq!(after.len(), 4, "every seat goes on");
        for request in &after {
            let body = lab::body(request);
            assert_eq!(body["messages"][0]["content"], "count", "{body}");
            assert_eq!(body["messages"][1]["role"], "assistant", "{body}");
            let kept = body["messages"][1]["content"].as_str().expect("the text").to_owned();
            let sent: String = (1..100_000).map(|n| format!("n{n:05} ")).take(kept.len() / 7 + 2).collect();
            assert!(kept.len() >= 14 && sent.starts_with(kept.trim_end()), "round {round}: {kept:?}");
        }
        assert_eq!(attempts(&sandbox), 8, "round {round}");
        sound(&sandbox);
    }
}

/// The file is whole, where there is a tool to ask.
fn sound(sandbox: &Sandbox) {
    let path = sandbox.home().join("data/salon/salon.db");
    let Ok(output) = Command::new("sqlite3").arg(path).arg("PRAGMA integrity_check").output() else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ok");
}

#[test]
fn many_at_once_lose_nothing_and_see_no_lock() {
    let sandbox = Sandbox::new().quick_demo();
    let (hands, turns) = if slow() { (4, 50) } else { (4, 6) };
    thread::scope(|scope| {
        for hand in 0..hands {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for turn in 0..turns {
                    let prompt = format!("{hand} {turn}");
                    let ran =
                        sandbox.run(&["ask", "-n", "-m", "demo/echo", "-m", "demo/echo", &prompt]).expect(0);
                    assert_eq!(ran.stderr, "", "{prompt}");
                }
            });
        }
    });
    assert_eq!(attempts(&sandbox), 2 * hands * turns);
    sound(&sandbox);
}

#[test]
fn a_damaged_file_is_set_aside_and_told() {
    let sandbox = Sandbox::new().quick_demo();
    let path = sandbox.home().join("data/salon/salon.db");
    for (what, damage) in [
        (
            "garbage",
            (|_| b"this is no database, and long enough to be looked at ".repeat(40))
                as fn(Vec<u8>) -> Vec<u8>,
        ),
        ("half of it", |bytes| bytes[..bytes.len() / 2 + 100].to_vec()),
        ("holes", |mut bytes| {
            bytes.iter_mut().skip(4096).step_by(3).for_each(|byte| *byte = 0xff);
            bytes
        }),
    ] {
        sandbox.run(&["ask", "-n", "-m", "demo/echo", "before"]).expect(0);
        let bytes = fs::read(&path).expect("the database");
        fs::write(&path, damage(bytes)).expect("damaged");
        let ran = sandbox.run(&["ask", "-n", "-m", "demo/echo", "after"]).expect(0);
        assert_eq!(ran.stdout, "after\n", "{what}");
        let aside = below(path.parent().expect("a folder"))
            .into_iter()
            .filter(|path| path.to_string_lossy().contains(".corrupt-"))
            .count();
        assert!(aside >= 1 || ran.stderr.contains("damaged"), "{what}: {}", ran.stderr);
        sandbox.run(&["ask", "-n", "-m", "demo/echo", "again"]).expect(0);
    }
}

#[test]
fn an_empty_file_and_a_folder_in_its_place() {
    let sandbox = Sandbox::new().quick_demo();
    let path = sandbox.home().join("data/salon/salon.db");
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, b"").expect("an empty file");
    sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
    let sandbox = Sandbox::new().quick_demo();
    fs::create_dir_all(sandbox.home().join("data/salon/salon.db")).expect("made");
    let ran = sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
    assert!(ran.stderr.contains("nothing is saved") && ran.stdout == "hi\n", "{}", ran.stderr);
}
