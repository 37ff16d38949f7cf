//! Bad config: file, line, column, the line itself, "did you mean", exit 2, and nothing overwritten.

use std::fs;

use crate::sandbox::Sandbox;

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let text = "lineup = \"daily\"\n\n[provider.lab]\ndialekt = \"openai\"\nbase_url = 7\n";
    let sandbox = Sandbox::new().config(text);
    for arguments in [&["config", "check"][..], &["ask", "-n", "-m", "demo/echo", "hi"]] {
        let ran = sandbox.run(arguments).expect(2);
        assert!(ran.stderr.contains("config.toml:4:1"), "{}", ran.stderr);
        assert!(ran.stderr.contains("dialekt = \"openai\""), "{}", ran.stderr);
        assert!(ran.stderr.contains("did you mean") && ran.stderr.contains("dialect"), "{}", ran.stderr);
        assert!(ran.stderr.contains("config.toml:5:"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(sandbox.config_file()).expect("it is there"), text);
}

#[test]
fn a_key_in_the_config_is_refused_and_not_shown() {
    let sandbox = Sandbox::new().config("[provider.openai]\napi_key = \"sk-CANARY-0123456789abcdef\"\n");
    let ran = sandbox.run(&["config", "check"]).expect(2);
    assert!(!ran.stderr.contains("CANARY") && !ran.stdout.contains("CANARY"), "{}", ran.stderr);
    assert!(ran.stderr.contains("env"), "the ways that exist: {}", ran.stderr);
}

#[test]
fn init_writes_a_config_that_passes_and_never_over_one() {
    let sandbox = Sandbox::new();
    sandbox.run(&["config", "init"]).expect(0);
    let written = fs::read_to_string(sandbox.config_file()).expect("it is written");
    sandbox.run(&["config", "check"]).expect(0);
    assert_ne!(sandbox.run(&["config", "init"]).code, Some(0));
    assert_eq!(fs::read_to_string(sandbox.config_file()).expect("it is there"), written);
    assert_eq!(
        sandbox.run(&["config", "path"]).expect(0).stdout.trim(),
        sandbox.config_file().to_string_lossy()
    );
}

#[test]
fn nothing_in_the_working_directory_is_read() {
    let sandbox = Sandbox::new();
    for name in ["config.toml", "salon.toml", ".salon.toml", ".env"] {
        fs::write(sandbox.home().join(name), "broken = [\nOPENAI_API_KEY=sk-from-dotenv\n").expect("written");
    }
    sandbox.run(&["ask", "-n", "-m", "demo/echo", "hi"]).expect(0);
}

#[test]
fn a_price_that_cannot_be_read_makes_the_charge_unknown() {
    let sandbox = Sandbox::new().config(
        "[demo]\npace = 0\n[model.\"demo/echo\"]\nprice = { input = \"cheap\", output = \"1.00\" }\n",
    );
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", "demo/echo", "hi"]).expect(0);
    let object: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(object["replies"][0]["charge"]["source"], "unknown");
    assert_eq!(object["replies"][0]["charge"]["usd"], serde_json::Value::Null);
    assert_eq!(ran.stderr.matches("cheap").count(), 1, "told once: {}", ran.stderr);
}
