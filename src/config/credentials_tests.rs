//! The file of keys: what it gives back, its modes, and what it refuses.

use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;

use super::*;

const CANARY: &str = "sk-CANARY-0123456789";

fn file() -> (tempfile::TempDir, Credentials) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/salon/credentials.toml");
    (folder, Credentials { path })
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").mode() & 0o777
}

#[test]
fn keys_are_kept_by_provider_and_name() {
    let (_folder, file) = file();
    assert_eq!(file.aliases().expect("no file"), Aliases::new());
    file.put("openai", "default", &Secret::new("sk-one-0123")).expect("kept");
    file.put("openai", "work", &Secret::new(CANARY)).expect("kept");
    file.put("groq", "default", &Secret::new("gsk-\\\"quoted'")).expect("kept");
    file.put("openai", "default", &Secret::new("sk-two-0123")).expect("in its place");
    let names = file.aliases().expect("names");
    assert_eq!(names["openai"], ["default", "work"]);
    let key =
        |provider: &str, alias: &str| file.source(provider, alias).key().map(|key| key.expose().to_owned());
    assert_eq!(key("openai", "default").as_deref(), Ok("sk-two-0123"));
    assert_eq!(key("openai", "work").as_deref(), Ok(CANARY));
    assert_eq!(key("groq", "default").as_deref(), Ok("gsk-\\\"quoted'"));
    assert_eq!(file.remove("openai", Some("work")).expect("out"), ["work"]);
    assert!(key("openai", "work").expect_err("gone").hint.contains("salon login openai --alias work"));
    assert_eq!(file.remove("openai", None).expect("out"), ["default"]);
    assert_eq!(file.remove("openai", None).expect("nothing left"), Vec::<String>::new());
    assert_eq!(file.aliases().expect("names").keys().collect::<Vec<_>>(), ["groq"]);
}

#[test]
fn the_file_is_the_owners_from_the_first_moment() {
    let (_folder, file) = file();
    for alias in ["one", "two"] {
        file.put("openai", alias, &Secret::new(CANARY)).expect("kept");
        assert_eq!(mode(file.path()), 0o600);
    }
    assert_eq!(mode(file.path().parent().expect("a folder")), 0o700);
    let beside = std::fs::read_dir(file.path().parent().expect("a folder")).expect("read").count();
    assert_eq!(beside, 1, "nothing is left beside it");
}

#[test]
fn what_others_can_read_is_not_read() {
    let (_folder, file) = file();
    file.put("openai", "default", &Secret::new(CANARY)).expect("kept");
    for open in [0o644, 0o640, 0o604] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(open)).expect("changed");
        let error = file.aliases().expect_err("open to others");
        assert!(error.hint.starts_with("chmod 600 "), "{error:?}");
        assert!(file.put("openai", "work", &Secret::new("sk-other-01")).is_err(), "nor written over");
    }
}

#[test]
fn a_file_or_link_of_another_user_is_refused() {
    let (folder, file) = file();
    file.put("openai", "default", &Secret::new(CANARY)).expect("kept");
    let own = folder.path().join("elsewhere.toml");
    std::fs::rename(file.path(), &own).expect("moved");
    std::os::unix::fs::symlink(&own, file.path()).expect("a link");
    assert_eq!(file.aliases().expect("a link of one's own")["openai"], ["default"]);
    file.put("openai", "work", &Secret::new("sk-work-0123")).expect("through the link");
    assert!(std::fs::symlink_metadata(file.path()).expect("there").is_symlink());
    assert_eq!(mode(&own), 0o600);
    // Only root can give a file away.
    if std::os::unix::fs::lchown(file.path(), Some(65534), None).is_ok() {
        assert!(file.aliases().expect_err("another's link").tried.ends_with("is a link of another user"));
        std::os::unix::fs::lchown(file.path(), Some(0), None).expect("back");
        std::os::unix::fs::chown(&own, Some(65534), None).expect("given away");
        assert!(file.aliases().expect_err("another's file").tried.ends_with("belongs to another user"));
    }
}

#[test]
fn what_is_wrong_in_the_file_is_not_quoted() {
    let (_folder, file) = file();
    file.put("openai", "default", &Secret::new(CANARY)).expect("kept");
    for text in [format!("[openai]\ndefault = {CANARY}\n"), format!("[openai]\ndefault = \"{CANARY} x\"\n")] {
        std::fs::write(file.path(), text).expect("written");
        let error = file.source("openai", "default").key().expect_err("no key");
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
    }
}

#[test]
fn what_is_given_is_a_key_or_is_refused_unquoted() {
    assert_eq!(pasted(&format!("  {CANARY}\r\n")).expect("a key").expose(), CANARY);
    for text in ["", "   ", "sk-CANARY 1", "sk-CANARY\u{1b}[31m", "sk-CANARY-ä"] {
        assert!(!format!("{:?}", pasted(text).expect_err("no key")).contains("CANARY"));
    }
    assert_eq!(alias("work-2"), Ok("work-2".to_owned()));
    for text in ["", "a b", "a/b", &"x".repeat(33)] {
        assert!(alias(text).is_err(), "{text}");
    }
}
