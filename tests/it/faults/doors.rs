//! A row of the fault list through a door: `salon ask`, or the room on a screen beside a seat that
//! all goes well for.

use std::io::Read;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::row::{Place, Row, sandbox};
use crate::lab;
use crate::lab::Lab;
use crate::pty::Pty;
use crate::sandbox::Sandbox;
use crate::terminal::Acts;

/// How long a thing may take to be seen. No measure of speed.
const PATIENCE: Duration = Duration::from_secs(90);

/// How many rows share a room with the seat that goes well.
pub const PER_ROOM: usize = 3;

const ROOM: (u16, u16) = (400, 46);

/// What is wrong with these rows at `salon ask`.
pub fn ask(rows: &[&Row]) -> Vec<String> {
    rows.iter().flat_map(|row| ask_one(row)).collect()
}

fn ask_one(row: &Row) -> Vec<String> {
    let place = row.site.open();
    let sandbox = sandbox(&place.config("lab", row.config), &[&place]);
    let words = ["ask", "-n", "--format", "json", "-m", "lab/m", "hello there"];
    let (code, stdout, stderr) = if row.stopped {
        interrupted(&sandbox, &words, &place)
    } else {
        let ran = sandbox.run(&words);
        (ran.code, ran.stdout, ran.stderr)
    };
    let mut wrong = check_output(row, &stdout, &stderr);
    let expected = match row.status {
        "done" => 0,
        "stopped" => 130,
        _ => 1,
    };
    if code != Some(expected) {
        wrong.push(format!("exit status {code:?}, not {expected}"));
    }
    wrong.extend(check_requests(row, &place));
    if row.stopped && !place.lab.as_ref().is_none_or(|lab| lab.all_closed(Duration::from_secs(2))) {
        wrong.push("the socket stays open".to_owned());
    }
    wrong.extend(check_ledger(&sandbox, row.attempts));
    if !wrong.is_empty() {
        wrong.push(format!("\n{stdout}{stderr}"));
    }
    wrong.into_iter().map(|what| format!("{} {}, ask: {what}", row.id, row.name)).collect()
}

/// The program with an interrupt after something of the reply was there.
fn interrupted(sandbox: &Sandbox, words: &[&str], place: &Place) -> (Option<i32>, String, String) {
    let mut child = sandbox.command(words).spawn().expect("started");
    let start = Instant::now();
    while place.requests() == 0 && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(400));
    let pid = child.id().to_string();
    Command::new("kill").args(["-s", "INT", &pid]).status().expect("kill");
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().expect("stdout").read_to_string(&mut stdout).expect("text");
    child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("text");
    (child.wait().expect("its end").code(), stdout, stderr)
}

fn check_requests(row: &Row, place: &Place) -> Option<String> {
    let (came, expected) = (place.requests() as u64, row.requests.unwrap_or(row.attempts));
    (came != expected).then(|| format!("{came} requests, not {expected}"))
}

fn check_ledger(sandbox: &Sandbox, attempts: u64) -> Option<String> {
    let usage = sandbox.run(&["usage", "--by", "attempt", "--format", "json"]).expect(0);
    let usage: Value = serde_json::from_str(&usage.stdout).expect("JSON");
    let found = &usage["total"]["attempts"];
    (*found != attempts).then(|| format!("{found} attempts in the ledger, not {attempts}"))
}

fn check_output(row: &Row, stdout: &str, stderr: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let Ok(object) = serde_json::from_str::<Value>(stdout) else { return vec!["no JSON".to_owned()] };
    let reply = &object["replies"][0];
    let mut same = |what: &str, found: &Value, wanted: Value| {
        if *found != wanted {
            wrong.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    same("status", &reply["status"], json!(row.status));
    let class = if row.class.is_empty() { Value::Null } else { json!(row.class) };
    same("class", &reply["error"]["class"], class);
    same("attempts", &reply["attempts"], json!(row.attempts));
    let some = row.stopped || (row.text.is_empty() && row.status == "cut");
    if !some {
        same("text", &reply["text"], json!(row.text));
    }
    if !row.charge.0.is_empty() {
        same("source", &reply["charge"]["source"], json!(row.charge.0));
    }
    if !row.charge.1.is_empty() {
        same("charge", &reply["charge"]["usd"], json!(row.charge.1));
    }
    if row.stopped && !reply["text"].as_str().is_some_and(|text| text.starts_with(&row.text)) {
        wrong.push(format!("the text is not kept: {reply}"));
    }
    let said = format!("{} {stderr}", reply["error"]["message"].as_str().unwrap_or_default());
    if !said.contains(&row.words) {
        wrong.push(format!("{:?} is not said", row.words));
    }
    if row.status == "failed" && !stderr.contains("\n  ") {
        wrong.push("no hint".to_owned());
    }
    for text in [stdout, stderr] {
        if text.contains("CANARY") {
            wrong.push("the key is shown".to_owned());
        }
        if text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}') {
            wrong.push("control characters are printed".to_owned());
        }
    }
    wrong
}

/// What is wrong with these rows, each a seat of one room, with one more that goes well.
pub fn screen(rows: &[&Row]) -> Vec<String> {
    let places: Vec<Place> = rows.iter().map(|row| row.site.open()).collect();
    let well = Lab::new(lab::text("all is well here"));
    let here =
        Place { base: format!("{}/v1", well.url()), lab: Some(well), variables: Vec::new(), _keep: None };
    let names: Vec<String> = (0..rows.len()).map(|at| format!("lab{at}")).collect();
    let mut config = here.config("well", "");
    for ((row, place), name) in rows.iter().zip(&places).zip(&names) {
        config.push_str(&place.config(name, row.config));
    }
    let sandbox = sandbox(&config, &places.iter().chain([&here]).collect::<Vec<_>>());
    let models: Vec<String> = names.iter().map(|name| format!("{name}/m")).collect();
    let mut words: Vec<&str> = models.iter().flat_map(|model| ["-m", model.as_str()]).collect();
    words.extend(["-m", "well/m"]);
    let mut room = Pty::start(&sandbox, &words, ROOM);
    room.see("enter send");
    room.type_slowly("hello there");
    room.see("hello there");
    // A key that comes with others may be part of a paste, and a busy machine reads late.
    thread::sleep(Duration::from_millis(200));
    room.send("\r");
    if places.iter().any(|place| !place.base.contains("//127.0.0.1")) {
        // The first send that may cost money.
        room.see("sure?");
        room.send("y");
    }
    let mut wrong = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if row.stopped {
            until(&room, rows.len() + 1, at, &row.text);
            room.send("\x03");
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let end = if row.status == "failed" {
            format!("failed:{}", row.class)
        } else {
            // The line below a pane begins with it; a text may have the same word.
            format!("└{}", row.status)
        };
        let pane = until(&room, rows.len() + 1, at, &end);
        let told = check_pane(row, &end, &pane).into_iter().chain(check_requests(row, &places[at]));
        let left =
            row.stopped && !places[at].lab.as_ref().is_none_or(|lab| lab.all_closed(Duration::from_secs(2)));
        let told = told.chain(left.then(|| "the socket stays open".to_owned()));
        wrong.extend(told.map(|what| format!("{} {}, screen: {what}\n{pane}", row.id, row.name)));
    }
    let mine = until(&room, rows.len() + 1, rows.len(), "└done");
    if !mine.contains("alliswellhere") {
        wrong.push(format!("the seat beside {} is not well:\n{mine}", rows[0].name));
    }
    if !wrong.is_empty() {
        return wrong;
    }
    room.send("\x11");
    if room.end() != 0 {
        wrong.push(format!("the room with {} ends badly", rows[0].name));
    }
    let mut acts = Acts::default();
    vte::Parser::new().advance(&mut acts, &room.bytes());
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    wrong.extend(acts.odd.iter().map(|odd| format!("{names:?} makes the terminal act: {odd}")));
    wrong.extend(check_ledger(&sandbox, 1 + rows.iter().map(|row| row.attempts).sum::<u64>()));
    wrong
}

fn check_pane(row: &Row, end: &str, pane: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut shows = |what: &str, words: &str| {
        if !pane.contains(&close(words)) {
            wrong.push(format!("{what} {words:?} is not shown"));
        }
    };
    shows("the end", end);
    shows("what came", row.shown.unwrap_or(&row.text));
    shows("what happened", &row.words);
    if row.status == "cut" {
        shows("what is left", "not whole; what came is kept:");
    }
    if pane.contains("CANARY") {
        wrong.push("the key is shown".to_owned());
    }
    wrong
}

/// A text without its spaces: a pane breaks lines where it must.
fn close(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Waits until a pane of so many shows these words; what it shows then, or at the end of patience.
fn until(room: &Pty, panes: usize, at: usize, words: &str) -> String {
    let (start, words) = (Instant::now(), close(words));
    loop {
        let shown = pane(room, panes, at);
        if shown.contains(&words) || start.elapsed() > PATIENCE {
            return shown;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the pane of that place shows, of so many that stand side by side.
fn pane(room: &Pty, panes: usize, at: usize) -> String {
    room.with_screen(|screen| {
        let (_, columns) = screen.size();
        let lines: Vec<String> = screen.rows(0, columns).collect();
        let corners = |line: &String| -> Vec<usize> {
            let found = line.chars().enumerate().filter(|(_, c)| matches!(c, '╭' | '┏'));
            found.map(|(column, _)| column).collect()
        };
        let Some(lefts) = lines.iter().map(corners).find(|lefts| lefts.len() >= panes) else {
            return String::new();
        };
        let end = lefts.get(at + 1).copied().unwrap_or(usize::from(columns));
        let column = |column: usize| u16::try_from(column).expect("a column");
        let text: Vec<String> = screen.rows(column(lefts[at]), column(end - lefts[at])).collect();
        // Borders stand where a line is broken, and the corners of the pane with the focus are heavy.
        let text = text.join("\n").replace(['│', '┃'], "").replace(['╰', '┗'], "└");
        close(&text)
    })
}
