//! Several keys of a provider, and what OpenRouter says of one: which key the server sees, and what
//! is printed of the answers.

use serde_json::{Value, json};

use crate::lab;
use crate::lab::Lab;
use crate::mock::{Responder, response};
use crate::pty::Pty;
use crate::sandbox::Sandbox;

use std::sync::Arc;

fn recorded(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a recording")
}

fn keys(server: &Lab) -> Vec<String> {
    let key = |request: &crate::mock::Request| request.header("authorization").unwrap_or_default().to_owned();
    server.requests().iter().map(key).collect()
}

#[test]
fn the_key_that_is_chosen_is_the_key_that_is_sent() {
    let server = Lab::new(lab::text("ok"));
    let more = "keys = { work = { env = \"WORK_KEY\" } }\n";
    let sandbox = server.sandbox_with(more).variable("WORK_KEY", "sk-CANARY-work-01");
    sandbox.run_with(&["login", "lab", "--alias", "home", "--no-check"], b"sk-CANARY-home-01\n").expect(0);
    let ask = |words: &[&str]| sandbox.run(&[&["ask", "-n", "-m", "lab/m"][..], words, &["hi"]].concat());
    for (words, key) in [
        (&[][..], lab::KEY),
        (&["--key", "default"], lab::KEY),
        (&["--key", "work"], "sk-CANARY-work-01"),
        (&["--key", "home"], "sk-CANARY-home-01"),
    ] {
        ask(words).expect(0);
        assert_eq!(keys(&server).last(), Some(&format!("Bearer {key}")), "{words:?}");
    }
    let ran = ask(&["--key", "nowhere"]).expect(2);
    assert!(
        ran.stderr.contains("no key called nowhere") && ran.stderr.contains("default, home, work"),
        "{}",
        ran.stderr
    );
    assert_eq!(server.requests().len(), 4, "nothing is sent for a name that leads nowhere");
    let usage = sandbox.run(&["usage", "--by", "key", "--format", "json"]).expect(0).stdout;
    let usage: Value = serde_json::from_str(&usage).expect("JSON");
    let names: Vec<&str> =
        usage["rows"].as_array().expect("rows").iter().filter_map(|row| row["key"].as_str()).collect();
    assert!(
        ["default", "home", "work"].iter().all(|name| names.iter().any(|key| key.contains(name))),
        "{usage}"
    );
}

#[test]
fn a_key_of_the_config_is_chosen_by_its_name() {
    let server = Lab::new(lab::text("ok"));
    let more = "key = \"work\"\nkeys = { work = { env = \"WORK_KEY\" } }\n";
    let sandbox = server.sandbox_with(more).variable("WORK_KEY", "sk-CANARY-work-01");
    sandbox.run(&["ask", "-n", "-m", "lab/m", "hi"]).expect(0);
    assert_eq!(keys(&server), ["Bearer sk-CANARY-work-01"]);
    let ran = server.sandbox_with("key = \"werk\"\n").run(&["ask", "-n", "-m", "lab/m", "hi"]).expect(2);
    assert!(
        ran.stderr.contains("lab has no key called werk") && ran.stderr.contains("it has default"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_room_takes_a_key_by_its_name_too() {
    let server = Lab::new(lab::text("a work answer"));
    let more = "keys = { work = { env = \"WORK_KEY\" } }\n";
    let sandbox = server.sandbox_with(more).variable("WORK_KEY", "sk-CANARY-work-01");
    let mut room = Pty::start(&sandbox, &["--key", "work", "-m", "lab/m"], (120, 30));
    room.see("enter send");
    room.ask("hi");
    room.see("a work answer");
    room.send("\x11");
    assert_eq!(room.end(), 0);
    assert_eq!(keys(&server), ["Bearer sk-CANARY-work-01"]);
    let mut room = Pty::start(&sandbox, &["--key", "nowhere", "-m", "lab/m"], (120, 30));
    room.see("lab has no key called nowhere");
    assert_eq!(room.end(), 2);
    // Demo models want no key, and so take any name.
    sandbox.run(&["ask", "-n", "-m", "demo/echo", "--key", "nowhere", "hi"]).expect(0);
}

/// OpenRouter's account pages.
fn router(management: bool) -> Responder {
    Arc::new(move |request| {
        let of = |path: &str| request.head.starts_with(&format!("GET /api/v1{path}"));
        let refused = || {
            let recorded: Value =
                serde_json::from_str(&recorded("http-or-403-credits-needs-management-key.json"))
                    .expect("JSON");
            response("403 Forbidden", "application/json", &recorded["body"].to_string())
        };
        let good = |name: &str| response("200 OK", "application/json", &recorded(name));
        match () {
            () if of("/key ") => good("or-key.json"),
            () if of("/credits ") && management => good("or-credits.json"),
            () if of("/activity ") && management => good("or-activity.json"),
            () => refused(),
        }
    })
}

fn with_router(server: &Lab) -> Sandbox {
    Sandbox::new()
        .variable("OPENROUTER_API_KEY", lab::KEY)
        .config(&format!("[provider.openrouter]\nbase_url = \"{}/api/v1\"\n", server.url()))
}

#[test]
fn an_account_is_told_to_the_last_digit() {
    let server = Lab::new(router(true));
    let sandbox = with_router(&server);
    let json: Value =
        serde_json::from_str(&sandbox.run(&["usage", "--account", "--format", "json"]).expect(0).stdout)
            .expect("JSON");
    let account = &json[0];
    assert_eq!(account["key"]["remaining"], "74.500125");
    assert_eq!(account["key"]["spent"], "1025.499875");
    assert_eq!(account["credits"], json!({ "total": "100.5", "used": "25.750125", "left": "74.749875" }));
    assert_eq!(account["activity"][0]["usd"], "0.015");
    let table = sandbox.run(&["usage", "--account"]).expect(0).stdout;
    assert!(
        table.contains("$74.500125 left of $100") && table.contains("kestrel/kestrel-large-2"),
        "{table}"
    );
    assert!(
        !table.contains("CANARY") && keys(&server).iter().all(|key| *key == format!("Bearer {}", lab::KEY))
    );
}

#[test]
fn credits_need_a_management_key_and_the_refusal_says_so() {
    let server = Lab::new(router(false));
    let ran = with_router(&server).run(&["usage", "--account"]).expect(0);
    assert!(
        ran.stdout.contains("$74.500125 left of $100") && ran.stdout.contains("management key"),
        "{}",
        ran.stdout
    );
    let ran = Sandbox::new().run(&["usage", "--account"]).expect(1);
    assert!(ran.stderr.contains("salon login openrouter"), "{}", ran.stderr);
}
