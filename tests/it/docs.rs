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
    for name in
        ["README.md", "docs/command-line.md", "docs/performance.md", "docs/notices.md", "docs/safety.md"]
    {
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

#[test]
fn the_tests_that_show_what_is_promised_exist() {
    let (text, code) = (page("docs/safety.md"), rust(&root().join("src")) + &rust(&root().join("tests")));
    let mut numbers = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| R")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let number: u32 = cells[1][1..].parse().expect("a number");
        let tests: Vec<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "R{number} has no test");
        for test in tests {
            let known = format!("fn {test}(");
            assert!(code.contains(&known), "R{number}: there is no test {test}");
        }
        numbers.push(number);
    }
    assert!(numbers.is_sorted(), "the rows are in order");
    for number in (14..=17).chain(22..=58) {
        assert!(numbers.contains(&number), "R{number} is not there");
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
fn the_config_of_the_readme_passes_its_check() {
    let shown = fenced(&page("README.md"), "toml");
    assert!(shown.len() >= 2);
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
