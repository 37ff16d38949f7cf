//! Each source of keys: what it gives, and what it says when it has nothing.

use std::os::unix::fs::PermissionsExt;

use super::*;

const CANARY: &str = "sk-CANARY-0123456789";

fn command(argv: &[&str], limit: Duration) -> CommandKey {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    CommandKey { argv, limit, found: Mutex::new(None) }
}

#[test]
fn the_first_variable_that_is_set_counts() {
    let env = Env::of(&[("A", ""), ("B", CANARY)]);
    let source = KeyConfig::Env(vec!["A".to_owned(), "B".to_owned()]).source(&env);
    assert_eq!(source.key().expect("a key").expose(), CANARY);
    let none = KeyConfig::Env(vec!["C".to_owned()]).source(&env).key().expect_err("none");
    assert_eq!(none.tried, "the variable C is not set");
}

#[test]
fn a_key_with_spaces_is_refused_and_not_shown() {
    let env = Env::of(&[("A", "sk-CANARY 1")]);
    let error = KeyConfig::Env(vec!["A".to_owned()]).source(&env).key().expect_err("no key");
    assert!(!format!("{error} {}", error.hint).contains("CANARY"));
}

#[test]
fn a_command_gives_its_first_line_only() {
    let source =
        command(&["sh", "-c", "echo noise >&2; printf 'sk-one-two-three\\r\\nsecond\\n'"], COMMAND_LIMIT);
    assert_eq!(source.key().expect("a key").expose(), "sk-one-two-three");
    assert_eq!(source.key().expect("the same again").expose(), "sk-one-two-three");
}

#[test]
fn a_command_that_fails_shows_nothing_of_what_it_printed() {
    for script in ["echo CANARY; echo CANARY >&2; exit 3", "printf ''"] {
        let error = command(&["sh", "-c", script], COMMAND_LIMIT).key().expect_err("no key");
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
        assert!(error.tried.starts_with("the command sh"), "{error:?}");
    }
    let error = command(&["/nowhere/at/all"], COMMAND_LIMIT).key().expect_err("no key");
    assert!(error.tried.contains("cannot be started"), "{error:?}");
}

#[test]
fn a_command_that_hangs_is_ended() {
    let error = command(&["sleep", "600"], Duration::from_millis(30)).key().expect_err("no key");
    assert!(error.tried.contains("took longer than"), "{error:?}");
}

#[test]
fn a_file_must_be_the_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{CANARY}\nsecond\n")).expect("written");
    let source = KeyConfig::File(path.clone()).source(&Env::of(&[]));
    for mode in [0o644, 0o640, 0o604] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("changed");
        let error = source.key().expect_err("open to others");
        assert!(error.hint.starts_with("chmod 600 "), "{error:?}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
    assert_eq!(source.key().expect("a key").expose(), CANARY);
}

#[test]
fn a_file_may_stand_in_the_home() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    std::fs::write(&path, CANARY).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
    let home = folder.path().display().to_string();
    let source = KeyConfig::File(PathBuf::from("~/key")).source(&Env::of(&[("HOME", &home)]));
    assert_eq!(source.key().expect("a key").expose(), CANARY);
    assert!(KeyConfig::File(folder.path().to_path_buf()).source(&Env::of(&[])).key().is_err(), "a folder");
}
