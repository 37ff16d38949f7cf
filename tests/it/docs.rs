//! The pages for people say what the program does: links lead somewhere, commands and their flags
//! are the program's own, and the config that is shown passes its own check.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a page")
}

/// The texts between ``` fences of that language.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    page.split(&open).skip(1).filter_map(|rest| rest.split("\n```").next()).map(str::to_owned).collect()
}

#[test]
fn links_lead_somewhere() {
    for name in [
        "README.md",
        "docs/command-line.md",
        "docs/performance.md",
        "docs/notices.md",
        "docs/providers.md",
        "docs/safety.md",
    ] {
        let text = page(name);
        let folder = root().join(name).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") {
                assert!(folder.join(link).exists(), "{name}: {link} is not there");
            }
        }
    }
}

/// All Rust below a folder, as one text.
fn rust(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.push_str(&rust(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path).expect("a file"));
        }
    }
    all
}

/// The names between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// All Rust of the project: its tests are looked for in it.
fn code() -> String {
    rust(&root().join("src")) + &rust(&root().join("tests"))
}

/// Whether the tests that a page names for something are there.
fn assert_tests_exist(what: &str, tests: &[&str], code: &str) {
    assert!(!tests.is_empty(), "{what} has no test");
    for test in tests {
        assert!(code.contains(&format!("fn {test}(")), "{what}: there is no test {test}");
    }
}

/// The cells of the rows of a table.
fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn the_tests_that_show_what_is_promised_exist() {
    let (text, code) = (page("docs/safety.md"), code());
    let mut numbers = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| R")) {
        let cells = cells(row);
        let number: u32 = cells[0][1..].parse().expect("a number");
        assert_tests_exist(cells[0], &quoted(cells[2]), &code);
        numbers.push(number);
    }
    assert!(numbers.is_sorted(), "the rows are in order");
    for number in (14..=17).chain(22..=58) {
        assert!(numbers.contains(&number), "R{number} is not there");
    }
}

/// The providers that the program knows by name: their names, their keys and where they are asked.
fn presets() -> Vec<toml::Table> {
    let text = page("src/provider/presets.toml");
    let file: toml::Table = toml::from_str(&text).expect("the rows");
    let rows = file["preset"].as_array().expect("a list").clone();
    rows.into_iter().map(|row| row.as_table().expect("a row").clone()).collect()
}

#[test]
fn every_provider_has_its_rows_and_every_cell_its_test() {
    let (text, code) = (page("docs/providers.md"), code());
    let mut names: Vec<String> =
        presets().iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect();
    names.push("any OpenAI-compatible server".to_owned());
    let letters: Vec<(&str, Vec<&str>)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("** "))
        .filter(|(letter, _)| letter.len() <= 2)
        .map(|(letter, rest)| (letter, quoted(rest).into_iter().filter(|name| name.contains('_')).collect()))
        .collect();
    for (letter, tests) in &letters {
        assert_tests_exist(letter, tests, &code);
    }
    let rows = |title: &str| -> Vec<Vec<String>> {
        let section = text.split(&format!("## {title}\n")).nth(1).expect("a section");
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(|row| cells(row).into_iter().map(str::to_owned).collect()).collect()
    };
    let (set, works) = (rows("What to set"), rows("What works"));
    for rows in [&set, &works] {
        let found: Vec<&String> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(found, names.iter().collect::<Vec<_>>(), "a row for each provider, and no other");
    }
    for (row, preset) in set.iter().zip(presets()) {
        for variable in ["key_env", "base_env"].iter().filter_map(|kind| preset.get(*kind)?.as_array()) {
            for name in variable.iter().filter_map(toml::Value::as_str) {
                assert!(quoted(&row[2]).contains(&name), "{}: {name} is not told", row[0]);
            }
        }
        let recording = root().join("tests/fixtures").join(&row[3]);
        assert!(row[3] == "none of its own" || recording.is_file(), "{}: {}", row[0], row[3]);
    }
    let mut used = Vec::new();
    for row in &works {
        for cell in &row[1..] {
            let shown = cell.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            assert!(shown.is_some() || cell == "no", "{}: nothing shows {cell:?}", row[0]);
            for letter in shown.into_iter().flat_map(str::split_whitespace) {
                assert!(letters.iter().any(|(known, _)| *known == letter), "{}: {letter}", row[0]);
                used.push(letter.to_owned());
            }
        }
    }
    for (letter, _) in &letters {
        assert!(used.iter().any(|one| one == letter), "{letter} shows nothing");
    }
}

#[test]
fn every_subcommand_and_every_flag_is_documented() {
    let sandbox = Sandbox::new();
    let text = page("docs/command-line.md");
    let help = sandbox.run(&["--help"]).expect(0).stdout;
    let commands =
        help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let mut seen = 0;
    for command in commands.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(text.contains(&format!("salon {command}")), "{command} is not in docs/command-line.md");
        let help = sandbox.run(&[command, "--help"]).expect(0).stdout;
        for flag in help.split_whitespace().filter(|word| word.starts_with("--")) {
            let flag = flag.trim_end_matches(|c: char| !c.is_alphanumeric());
            if !["--help", "--config", "--version"].contains(&flag) {
                assert!(text.contains(flag), "{command} {flag} is not in docs/command-line.md");
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "only {seen} flags were looked at");
}

#[test]
fn the_config_of_the_pages_passes_its_check() {
    let mut shown = fenced(&page("README.md"), "toml");
    shown.extend(fenced(&page("docs/providers.md"), "toml"));
    assert!(shown.len() >= 3);
    for text in shown {
        let ran = Sandbox::new().config(&text).run(&["config", "check"]);
        assert_eq!(ran.code, Some(0), "{text}\n{}", ran.stderr);
    }
}

#[test]
fn the_two_commands_stand_in_the_readme() {
    let text = page("README.md");
    assert!(text.contains("\ncargo run --release") && text.contains("\ncargo test"));
}
