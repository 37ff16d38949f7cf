//! Holds the shape of the house: floors, one outside crate to one room, and the rules that a
//! compiler does not check. Comments and strings are stripped before anything is looked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors, lowest first. A module names only modules on a floor below its own.
const FLOORS: &[(&str, u8)] = &[
    ("text", 0),
    ("chat", 0),
    ("wire", 1),
    ("config", 1),
    ("price", 1),
    ("store", 1),
    ("provider", 2),
    ("engine", 3),
    ("tui", 4),
    ("cli", 4),
    ("app", 5),
    ("main", 6),
    ("lib", 6),
];

/// Steps inside `tui/`, by the same rule.
const STEPS: &[(&str, u8)] = &[
    ("action", 0),
    ("effect", 0),
    ("theme::role", 0),
    ("theme", 1),
    ("keymap", 1),
    ("markdown", 1),
    ("widget", 1),
    ("screen", 1),
    ("panel", 2),
    ("state", 3),
    ("update", 4),
    ("view", 4),
    ("runtime", 5),
    ("door", 6),
    ("harness", 7),
    ("mod", 7),
];

/// Sideways uses that are allowed: who, whom, why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[("chat", "text", "a noun may hold text from outside")];

/// An outside crate and the places that may name it. A place is a path below `src`.
const ROOMS: &[(&str, &[&str])] = &[
    ("reqwest", &["provider/"]),
    ("rustls", &["provider/"]),
    ("ring", &["provider/"]),
    ("memchr", &["wire/"]),
    ("base64", &["provider/", "cli/", "app/"]),
    ("rusqlite", &["store/"]),
    ("ratatui", &["tui/"]),
    ("crossterm", &["tui/"]),
    ("tui_textarea", &["tui/"]),
    ("nucleo_matcher", &["tui/"]),
    ("termina", &["tui/runtime/keys.rs"]),
    ("syntect", &["tui/markdown/"]),
    ("two_face", &["tui/markdown/"]),
    ("pulldown_cmark", &["tui/markdown/"]),
    ("include_dir", &["tui/theme/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("tracing_subscriber", &["app/log.rs"]),
    ("directories", &["config/paths.rs"]),
    ("keyring", &["config/keyring.rs"]),
    ("toml", &["config/", "price/", "provider/", "tui/theme/", "tui/keymap/"]),
    ("serde", &["wire/", "provider/", "price/", "store/", "cli/", "config/", "tui/theme/", "tui/keymap/"]),
    ("serde_json", &["wire/", "provider/", "price/", "store/", "cli/", "config/", "app/"]),
    ("tokio", &["provider/", "store/", "engine/", "tui/", "cli/", "app", "main.rs", "config/"]),
];

/// A source file: its path below `src`, and its text without comments and strings.
struct Source {
    path: String,
    whole: String,
    code: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/") || self.path.ends_with("harness.rs")
    }

    /// The module at the top: `chat`, `tui`, `app`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or(&self.path);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The step inside `tui/`.
    fn step(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("tui/")?;
        if rest == "theme/role.rs" {
            return Some("theme::role");
        }
        let first = rest.split('/').next().unwrap_or(rest);
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let sources: Vec<Source> = files
        .into_iter()
        .map(|file| {
            let whole = fs::read_to_string(&file).expect("a source file");
            let path = file.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
            Source { path, code: strip(&whole), whole }
        })
        .collect();
    assert!(sources.len() > 40, "only {} files were found", sources.len());
    sources
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// The text with comments, strings and characters blanked; lines stay where they are.
fn strip(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = match rest {
            ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => comment_end(rest),
            ['r', '"', ..] | ['r', '#', ..] if raw_end(rest).is_some() => raw_end(rest).unwrap_or(1),
            ['"', ..] => string_end(rest),
            ['\'', '\\', _, '\'', ..] => 4,
            ['\'', '\\', 'u' | 'x', ..] => rest.iter().skip(1).position(|c| *c == '\'').map_or(1, |n| n + 2),
            ['\'', _, '\'', ..] => 3,
            _ => 0,
        };
        if end == 0 {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(rest[..end].iter().map(|c| blank(*c)));
            at += end;
        }
    }
    out
}

fn comment_end(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_i32, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn string_end(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_end(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let close: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body: String = rest[2 + hashes..].iter().collect();
    let end = body.find(&close)?;
    Some(2 + hashes + body[..end].chars().count() + close.len())
}

/// Every path that begins with `crate::` in the code, with its line.
fn own_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line;
        while let Some(at) = rest.find("crate::") {
            let path = &rest[at + "crate::".len()..];
            let end = path
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '{'))
                .unwrap_or(path.len());
            found.push((number + 1, path[..end].to_owned()));
            rest = &path[end..];
        }
    }
    found
}

fn level(table: &[(&str, u8)], name: &str) -> Option<u8> {
    table.iter().find(|(module, _)| *module == name).map(|(_, level)| *level)
}

/// The step of `tui/` that a path names.
fn named_step(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("tui::")?;
    if rest.starts_with("theme::role") || rest == "theme::Role" {
        return Some("theme::role");
    }
    Some(rest.split("::").next().unwrap_or(rest))
}

fn hold(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn floors_hold() {
    let mut broken = Vec::new();
    for source in sources() {
        let own = level(FLOORS, source.room());
        if own.is_none() {
            broken.push(format!("src/{}: the room {:?} stands on no floor", source.path, source.room()));
            continue;
        }
        for (line, path) in own_paths(&source.code) {
            let named = path.split("::").next().unwrap_or_default();
            let allowed = named == source.room()
                || own > level(FLOORS, named)
                || EXCEPTIONS.iter().any(|(who, whom, _)| *who == source.room() && *whom == named);
            let macro_of_root = level(FLOORS, named).is_none() && source.room() == "lib";
            if !allowed && !macro_of_root {
                broken.push(format!("src/{}:{line}: {} may not name {named}", source.path, source.room()));
            }
        }
    }
    hold(broken);
}

#[test]
fn steps_inside_the_screen_hold() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let Some(own) = source.step() else { continue };
        let Some(own_level) = level(STEPS, own) else {
            broken.push(format!("src/{}: {own:?} is on no step", source.path));
            continue;
        };
        for (line, path) in own_paths(&source.code) {
            let Some(named) = named_step(&path) else { continue };
            let same_room = named == own || (own == "theme" && named == "theme::role");
            let below = level(STEPS, named).is_some_and(|named| named < own_level);
            if !same_room && !below {
                broken.push(format!("src/{}:{line}: {own} may not name {named}", source.path));
            }
        }
    }
    hold(broken);
}

#[test]
fn paths_are_written_one_a_line() {
    let mut broken = Vec::new();
    for source in sources() {
        for (line, path) in own_paths(&source.code) {
            if path.contains('{') && path.split('{').nth(1).is_some_and(|inside| inside.contains("::"))
                || path.starts_with('{')
            {
                broken.push(format!("src/{}:{line}: crate::{path} is a nested group", source.path));
            }
        }
        let top = source.path.ends_with("/mod.rs") && source.path.matches('/').count() == 1
            || !source.path.contains('/');
        for (number, text) in source.code.lines().enumerate() {
            let tests = text.trim() == "use super::*;";
            if text.contains("super::super::")
                || (top && text.contains("super::") && !tests && !text.contains("pub(super)"))
            {
                broken.push(format!("src/{}:{}: super:: leaves the room", source.path, number + 1));
            }
        }
    }
    hold(broken);
}

#[test]
fn one_outside_crate_one_room() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for (name, places) in ROOMS {
            if places.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            // What stands in a test module below the code may use what it likes.
            let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate() {
                if names_crate(line, name) {
                    broken.push(format!("src/{}:{}: {name} belongs to {places:?}", source.path, number + 1));
                }
            }
        }
    }
    hold(broken);
}

/// Whether `name::` stands in the line as a crate, not as a part of a path or a word.
fn names_crate(line: &str, name: &str) -> bool {
    let pattern = format!("{name}::");
    line.match_indices(&pattern).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn the_screen_has_no_serde_but_in_its_files_of_settings() {
    for source in sources() {
        let settings = source.path.starts_with("tui/theme/") || source.path.starts_with("tui/keymap/");
        if source.path.starts_with("tui/") && !settings
            || source.path.starts_with("chat/")
            || source.path.starts_with("engine/")
        {
            assert!(
                !names_crate(&source.code, "serde") || source.is_test(),
                "src/{} names serde",
                source.path
            );
        }
    }
}

#[test]
fn every_file_says_why_it_is_there() {
    hold(
        sources()
            .iter()
            .filter(|source| !source.whole.starts_with("//!"))
            .map(|source| format!("src/{}: does not open with //!", source.path))
            .collect(),
    );
}

#[test]
fn files_stay_small() {
    hold(
        sources()
            .iter()
            .filter(|source| !source.is_test() && source.whole.lines().count() > 500)
            .map(|source| {
                format!("src/{}: {} lines, more than 500", source.path, source.whole.lines().count())
            })
            .collect(),
    );
}

#[test]
fn nobody_prints_past_the_writer() {
    let words = [
        "println!",
        "print!(",
        "eprintln!",
        "eprint!(",
        "dbg!(",
        "todo!(",
        "unimplemented!(",
        "allow(dead_code",
        "allow(unused",
    ];
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.code.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                if !(source.is_test() && word.contains("print")) {
                    broken.push(format!("src/{}:{}: {word}", source.path, number + 1));
                }
            }
        }
    }
    hold(broken);
}

/// Safety R46: a duration is never the difference of two readings of the wall clock, because it is
/// read in one place, as a point in time to be written down.
#[test]
fn the_wall_clock_is_read_in_one_place() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        if source.code.contains("SystemTime") && !source.path.ends_with("chat/id.rs") {
            broken.push(format!("{}: SystemTime", source.path));
        }
    }
    hold(broken);
}

#[test]
fn names_are_the_terms_of_the_field() {
    let vague = ["utils", "util", "common", "helpers", "helper", "manager", "handler", "misc"];
    for source in sources() {
        for part in source.path.trim_end_matches(".rs").split('/') {
            assert!(!vague.contains(&part), "src/{}: {part} says nothing", source.path);
        }
        assert!(!source.code.contains("Arc<Mutex<State>>"), "src/{} shares the state", source.path);
    }
}

#[test]
fn the_library_has_one_public_item() {
    let lib = sources().into_iter().find(|source| source.path == "lib.rs").expect("lib.rs");
    let mut public: Vec<&str> =
        lib.code.lines().map(str::trim).filter(|line| line.starts_with("pub ")).collect();
    public.retain(|line| !line.starts_with("pub mod internals") && !line.starts_with("pub use crate::"));
    assert_eq!(public.len(), 1, "{public:?}");
    assert!(public[0].contains("run"), "{public:?}");
}

#[test]
fn locked_versions_are_past_known_holes() {
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("Cargo.lock");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(text) = line.strip_prefix("name = ") {
            name = text.trim_matches('"');
        } else if let Some(text) = line.strip_prefix("version = ") {
            versions.entry(name).or_default().push(text.trim_matches('"'));
        }
    }
    let least = [
        ("tracing-subscriber", [0, 3, 20]),
        ("rusqlite", [0, 41, 0]),
        ("reqwest", [0, 13, 0]),
        ("ratatui", [0, 30, 1]),
    ];
    for (name, least) in least {
        for version in versions.get(name).into_iter().flatten() {
            let numbers: Vec<u32> =
                version.split(['.', '+', '-']).filter_map(|part| part.parse().ok()).take(3).collect();
            assert!(numbers.as_slice() >= least.as_slice(), "{name} {version} is older than {least:?}");
        }
    }
    for banned in ["atty", "instant", "serde_yaml", "ansi_term", "openssl-sys", "aws-lc-sys", "yaml-rust"] {
        assert!(!versions.contains_key(banned), "{banned} is in the lock file");
    }
}

#[test]
fn the_stripper_strips() {
    let code = strip(
        "let a = \"crate::tui\"; // crate::cli\n/* crate::x /* y */ */ let b = 'c'; r#\"crate::z\"#; '\\n' 'a T",
    );
    assert!(!code.contains("crate::"), "{code}");
    assert!(code.contains("let a =") && code.contains("let b ="), "{code}");
    assert_eq!(code.lines().count(), 2);
}
