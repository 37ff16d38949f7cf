//! `salon doctor` against providers that are well, refuse, hang or are not there: it names what is
//! wrong and nothing else, shows no key, and ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab;
use crate::lab::Lab;
use crate::mock::response;
use crate::sandbox::{Ran, Sandbox};

fn models(ids: &[&str]) -> Lab {
    let data: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let list = json!({ "object": "list", "data": data }).to_string();
    Lab::new(lab::always(response("200 OK", "application/json", &list)))
}

const LINEUP: &str = "[lineup.daily]\nseats = [\"lab/one\", \"lab/two\"]\n";

fn doctor(sandbox: &Sandbox, words: &[&str]) -> Ran {
    let ran = sandbox.run(&[&["doctor"], words].concat());
    assert!(!(ran.stdout.clone() + &ran.stderr).contains("CANARY"), "{}{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn a_well_provider_is_named_only_when_all_is_asked_for() {
    let server = models(&["one", "two"]);
    let sandbox = Sandbox::new().variable("LAB_KEY", lab::KEY).config(&format!(
        "lineup = \"daily\"\n[provider.lab]\nbase_url = \"{}/v1\"\napi_key = {{ env = \"LAB_KEY\" }}\n{LINEUP}",
        server.url()
    ));
    let ran = doctor(&sandbox, &[]).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("nothing is wrong"), "{}", ran.stdout);
    let told = doctor(&sandbox, &["-v"]).expect(0).stdout;
    for part in [
        "takes its key (the variable LAB_KEY); 2 models",
        "lists all models that are used",
        "one prompt to lab/one, lab/two: 2 without a known price",
        "without a proxy",
        "one prompt to",
        "price book",
        "TERM",
        "config",
        "database",
    ] {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
}

#[test]
fn a_refused_key_and_a_missing_model_are_named() {
    let echo = json!({ "error": { "message": format!("Incorrect key {}", lab::KEY) } }).to_string();
    let server = Lab::new(lab::status(401, &echo));
    let ran = doctor(&server.sandbox_with(LINEUP), &[]).expect(1);
    let wrong = ran.stdout.lines().filter(|line| line.starts_with("wrong "));
    assert_eq!(wrong.count(), 1, "{}", ran.stdout);
    let said = "says: Incorrect key [redacted] (HTTP 401)\n                   Check the variable LAB_KEY.\n";
    assert!(ran.stdout.ends_with(said), "{}", ran.stdout);
    let ran = doctor(&models(&["one"]).sandbox_with(LINEUP), &[]).expect(1);
    assert!(ran.stdout.contains("does not list the model two\n"), "{}", ran.stdout);
    let ran = doctor(&models(&[]).sandbox_with(LINEUP), &[]).expect(1);
    assert_eq!(ran.stdout.lines().count(), 2, "one line, and one of what to do:\n{}", ran.stdout);
    assert!(ran.stdout.contains("does not list the models one, two\n"), "{}", ran.stdout);
    let json = doctor(&models(&["one"]).sandbox_with(LINEUP), &["--format", "json"]).expect(1).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&json["wrong"], &json["checks"][0]["about"], &json["checks"][0]["ok"]),
        (&json!(1), &json!("lab"), &json!(false))
    );
}

#[test]
fn what_is_not_there_or_hangs_is_named_in_bounded_time() {
    let start = Instant::now();
    let hangs = Lab::new(lab::stall());
    let silent = Lab::new(lab::always(vec![crate::mock::Step::Stall]));
    let sandbox = hangs.sandbox_with(&format!(
        "[provider.silent]\nbase_url = \"{}/v1\"\n[provider.gone]\nbase_url = \"http://127.0.0.1:9/v1\"\n",
        silent.url()
    ));
    let ran = doctor(&sandbox, &[]).expect(1);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    for name in ["lab", "silent", "gone"] {
        let line = ran.stdout.lines().find(|line| line.contains(name));
        assert!(line.is_some_and(|line| line.starts_with("wrong")), "{name}:\n{}", ran.stdout);
    }
    let offline = doctor(&sandbox, &["--offline"]).expect(0);
    assert!(offline.stdout.starts_with("nothing is wrong"), "{}", offline.stdout);
}

#[test]
fn a_provider_without_a_key_and_files_of_others_are_named() {
    let sandbox = Sandbox::new().config("[provider.openai]\nretries = 1\n");
    let ran = doctor(&sandbox, &["--offline"]).expect(1);
    assert!(ran.stdout.contains("has no key") && ran.stdout.contains("salon login openai"), "{}", ran.stdout);
    let sandbox = Sandbox::new();
    sandbox.run_with(&["login", "groq", "--no-check"], b"sk-CANARY-0123").expect(0);
    let file = sandbox.home().join("data/salon/credentials.toml");
    let told = doctor(&sandbox, &["--offline", "-v"]).expect(0).stdout;
    assert!(told.contains("groq/default (mode 600)"), "{told}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
    let ran = doctor(&sandbox, &["--offline"]).expect(1);
    assert!(ran.stdout.contains("chmod 600"), "{}", ran.stdout);
}

#[test]
fn the_proxy_in_use_is_told_without_its_password() {
    let sandbox = Sandbox::new()
        .variable("GROQ_API_KEY", "sk-CANARY-0123")
        .variable("HTTPS_PROXY", "http://me:CANARY@127.0.0.1:9");
    let told = doctor(&sandbox, &["--offline", "-v"]).expect(0).stdout;
    assert!(told.contains("the proxy 127.0.0.1:9 (HTTPS_PROXY)"), "{told}");
    let start = Instant::now();
    doctor(&sandbox, &[]).expect(1);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_broken_database_is_named_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
    let path = sandbox.home().join("data/salon/salon.db");
    assert!(doctor(&sandbox, &["--offline", "-v"]).expect(0).stdout.contains("is sound: schema"));
    let mut bytes = fs::read(&path).expect("read");
    bytes.iter_mut().skip(100).step_by(7).for_each(|byte| *byte = 0xa5);
    fs::write(&path, &bytes).expect("broken");
    let ran = doctor(&sandbox, &["--offline"]).expect(1);
    assert!(ran.stdout.contains("database"), "{}", ran.stdout);
    assert_eq!(fs::read(&path).expect("read"), bytes, "nothing was changed");
}
