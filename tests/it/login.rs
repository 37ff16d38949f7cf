//! Logging in on the command line and in the room: what the provider is asked, what is kept with
//! which mode, and that no key is ever shown.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use portable_pty::CommandBuilder;
use serde_json::json;

use crate::lab;
use crate::lab::Lab;
use crate::mock::{Request, Responder, Step, response};
use crate::pty::Pty;
use crate::sandbox::{Sandbox, binary};

const KEY: &str = "sk-CANARY-login-0123456789";
const WIDE: (u16, u16) = (150, 40);

fn credentials(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join("data/salon/credentials.toml")
}

fn kept(sandbox: &Sandbox) -> String {
    fs::read_to_string(credentials(sandbox)).unwrap_or_default()
}

fn with(provider: &str, path: &str, server: &Lab) -> Sandbox {
    Sandbox::new().config(&format!("[provider.{provider}]\nbase_url = \"{}{path}\"\n", server.url()))
}

/// A provider that lists its models to who has the key, and answers prompts.
fn takes(key: &'static str) -> Responder {
    Arc::new(move |request: &Request| {
        if request.header("authorization") != Some(&format!("Bearer {key}")) {
            let echo =
                json!({ "error": { "message": format!("wrong key {:?}", request.header("authorization")) } });
            return response("401 Unauthorized", "application/json", &echo.to_string());
        }
        if request.head.starts_with("GET ") {
            let list = json!({ "object": "list", "data": [{ "id": "a" }, { "id": "b" }] });
            return response("200 OK", "application/json", &list.to_string());
        }
        lab::text("a real answer")(request)
    })
}

#[test]
fn a_key_from_a_pipe_is_checked_kept_and_used() {
    let server = Lab::new(takes(KEY));
    let sandbox = with("groq", "/openai/v1", &server);
    let ran = sandbox.run_with(&["login", "groq"], format!("  {KEY}\n").as_bytes()).expect(0);
    assert!(ran.stderr.contains("groq takes the key and lists 2 models"), "{}", ran.stderr);
    assert!(!(ran.stdout + &ran.stderr).contains("CANARY"));
    assert!(server.requests()[0].head.starts_with("GET /openai/v1/models "));
    assert!(kept(&sandbox).contains(KEY));
    sandbox.run(&["ask", "-n", "-m", "groq/a", "hi"]).expect(0);
    let sandbox = sandbox.variable("GROQ_API_KEY", "sk-CANARY-other");
    let ran = sandbox.run_with(&["login", "groq", "--no-check"], KEY.as_bytes()).expect(0);
    assert!(ran.stderr.contains("but the variable GROQ_API_KEY comes first"), "{}", ran.stderr);
    let sandbox = sandbox.variable("GROQ_API_KEY", "");
    let ran = sandbox.run(&["logout", "groq"]).expect(0);
    assert!(ran.stderr.contains("groq/default") && !kept(&sandbox).contains("CANARY"), "{}", ran.stderr);
    sandbox.run(&["logout", "groq"]).expect(1);
    let ran = sandbox.run(&["ask", "-n", "-m", "groq/a", "hi"]).expect(1);
    assert!(ran.stderr.contains("salon login groq"), "{}", ran.stderr);
}

#[test]
fn a_refused_or_wrong_key_is_not_kept() {
    let server = Lab::new(takes("another"));
    let sandbox = with("groq", "/openai/v1", &server);
    for (words, input) in [
        (&["login", "groq"][..], KEY),
        (&["login", "groq", "--no-check"], ""),
        (&["login", "groq", "--no-check"], "sk-CANARY two words"),
        (&["login", "groq", "--no-check"], "sk-CANARY\u{1b}[31m"),
        (&["login", "groq", "--no-check"], "sk-CANARY-one\nsk-CANARY-two"),
    ] {
        let ran = sandbox.run_with(words, input.as_bytes()).expect(1);
        assert!(!ran.stderr.contains("CANARY"), "{}", ran.stderr);
        assert!(!credentials(&sandbox).exists(), "{words:?} {input:?}");
    }
    assert_eq!(server.requests().len(), 1);
    for words in [
        &["login", "gorq"][..],
        &["login", "sk-CANARY-0123"],
        &["login", "demo"],
        &["login", "groq", "--alias", "a b"],
    ] {
        let ran = sandbox.run_with(words, KEY.as_bytes()).expect(2);
        assert!(!ran.stderr.contains("CANARY"), "{}", ran.stderr);
    }
    let far = Sandbox::new().config("[provider.groq]\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let ran = far.run_with(&["login", "groq"], KEY.as_bytes()).expect(1);
    assert!(ran.stderr.contains("right? Nothing is kept; --no-check"), "{}", ran.stderr);
    far.run_with(&["login", "groq", "--no-check"], KEY.as_bytes()).expect(0);
}

#[test]
fn what_is_kept_is_the_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let sandbox = Sandbox::new();
        let line = format!("umask {umask}; printf %s {KEY} | \"$0\" login groq --no-check");
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &line])
            .arg(binary())
            .env_clear()
            .envs(sandbox.variables())
            .current_dir(sandbox.home());
        assert!(command.output().expect("it runs").status.success());
        let mode = |path: PathBuf| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!(mode(credentials(&sandbox)), 0o600, "umask {umask}");
        assert_eq!(mode(sandbox.home().join("data/salon")), 0o700, "umask {umask}");
        assert_eq!(fs::read_dir(sandbox.home().join("data/salon")).expect("read").count(), 1);
    }
}

#[test]
fn keys_that_others_can_read_are_not_used_and_that_is_told() {
    let server = Lab::new(takes(KEY));
    let sandbox = with("groq", "/openai/v1", &server);
    sandbox.run_with(&["login", "groq"], KEY.as_bytes()).expect(0);
    fs::set_permissions(credentials(&sandbox), fs::Permissions::from_mode(0o644)).expect("changed");
    let ran = sandbox.run(&["ask", "-n", "-m", "groq/a", "hi"]).expect(1);
    assert!(
        ran.stderr.contains("can be read by others") && ran.stderr.contains("chmod 600"),
        "{}",
        ran.stderr
    );
    assert_eq!(server.requests().len(), 1, "the key is not sent");
}

#[test]
fn a_key_that_is_typed_is_not_echoed_and_the_terminal_is_as_before() {
    let server = Lab::new(takes(KEY));
    let sandbox = with("groq", "/openai/v1", &server);
    let mut shell = CommandBuilder::new("sh");
    shell.args(["-c", "\"$0\" login groq; stty -a | tr ';' '\\n' | grep -w echo && echo END"]);
    shell.arg(binary());
    let mut terminal = Pty::run(&sandbox, shell, (150, 30));
    terminal.see("it is not shown");
    terminal.send(&format!("{KEY}x\x7f\r"));
    terminal.see("END");
    assert_eq!(terminal.end(), 0);
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!bytes.contains("CANARY") && bytes.contains("groq takes the key"), "{bytes}");
    assert!(bytes.contains(" echo ") && !bytes.contains("-echo "), "{bytes}");
    assert!(kept(&sandbox).contains(KEY));
}

#[test]
fn stopping_at_the_question_puts_the_terminal_back_and_keeps_nothing() {
    for (keys, signal) in [("\x03", None), ("", Some("TERM"))] {
        let sandbox = Sandbox::new();
        let mut terminal = if signal.is_some() {
            // A program in the background may not touch the terminal: in front, with its number written down.
            let mut front = CommandBuilder::new("sh");
            front.args(["-c", "sh -c 'echo $$ > pid; exec \"$0\" login groq' \"$0\"; echo code $?; stty -a | tr ';' '\\n' | grep -w echo"]);
            front.arg(binary());
            Pty::run(&sandbox, front, (150, 30))
        } else {
            let mut front = CommandBuilder::new("sh");
            front.args(["-c", "\"$0\" login groq; echo code $?; stty -a | tr ';' '\\n' | grep -w echo"]);
            front.arg(binary());
            Pty::run(&sandbox, front, (150, 30))
        };
        terminal.see("it is not shown");
        if let Some(signal) = signal {
            let pid = fs::read_to_string(sandbox.home().join("pid")).expect("a number");
            let sent = std::process::Command::new("kill").args(["-s", signal, pid.trim()]).status();
            assert!(sent.expect("kill").success());
        } else {
            terminal.send(keys);
        }
        let code = if signal.is_some() { "code 143" } else { "code 130" };
        terminal.see(code);
        terminal.end();
        let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        assert!(bytes.contains(" echo ") && !bytes.contains("-echo "), "{bytes}");
        assert!(!credentials(&sandbox).exists());
    }
}

/// OpenRouter: a code for a key, and what the key may spend.
fn router(code: &'static str) -> Responder {
    Arc::new(move |request: &Request| {
        if request.head.starts_with("POST /api/v1/auth/keys ") {
            let asked = lab::body(request);
            let good = asked["code"] == code
                && asked["code_challenge_method"] == "S256"
                && asked["code_verifier"].as_str().is_some_and(|text| text.len() >= 43)
                && request.header("authorization").is_none();
            return match good {
                true => response(
                    "200 OK",
                    "application/json",
                    &json!({ "key": KEY, "user_id": null }).to_string(),
                ),
                false => {
                    response("403 Forbidden", "application/json", r#"{"error":{"message":"Invalid code"}}"#)
                }
            };
        }
        if request.head.starts_with("GET /api/v1/key ") {
            let path = format!("{}/tests/fixtures/or-key.json", env!("CARGO_MANIFEST_DIR"));
            return response("200 OK", "application/json", &fs::read_to_string(path).expect("a recording"));
        }
        if request.header("authorization") == Some(&format!("Bearer {KEY}")) {
            return lab::text("a real answer")(request);
        }
        vec![Step::Fin]
    })
}

/// A browser that goes to the page and is sent on to the address that the page was told, with this
/// behind it.
fn browser(sandbox: &Sandbox, answer: &str) -> String {
    let path = sandbox.home().join("browser");
    let script = format!(
        "#!/usr/bin/env python3\n\
         import sys, urllib.parse, urllib.request\n\
         url = urllib.parse.urlsplit(sys.argv[1])\n\
         query = urllib.parse.parse_qs(url.query)\n\
         assert url.path == '/auth' and query['code_challenge_method'] == ['S256']\n\
         callback = query['callback_url'][0]\n\
         for wrong in (callback + 'x?code=evil', callback.rsplit('/', 1)[0] + '/guess?code=evil'):\n    \
             try: urllib.request.urlopen(wrong)\n    \
             except urllib.error.HTTPError as error: assert error.code == 404\n\
         page = urllib.request.urlopen(callback + '{answer}')\n\
         open('page', 'wb').write(page.read())\n"
    );
    fs::write(&path, script).expect("a browser");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
    path.to_string_lossy().into_owned()
}

#[test]
fn openrouter_by_the_browser() {
    for (answer, code, says) in [
        ("?code=good-code-01", 0, "$74.50 left of $100"),
        ("?code=wrong-code-01", 1, "is wrong, was used, or is too old"),
        ("?error=access_denied", 1, "refused in the browser"),
    ] {
        let server = Lab::new(router("good-code-01"));
        let sandbox = with("openrouter", "/api/v1", &server);
        let program = browser(&sandbox, answer);
        let sandbox = sandbox.variable("BROWSER", &program);
        let mut terminal = Pty::start(&sandbox, &["login", "openrouter"], (150, 30));
        terminal.see(says);
        assert_eq!(terminal.end(), code, "{}", terminal.screen());
        assert_eq!(kept(&sandbox).contains(KEY), code == 0);
        let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        assert!(
            bytes.contains(&format!("{}/auth?callback_url=http%3A%2F%2F127.0.0.1%3A", server.url())),
            "{bytes}"
        );
        assert!(!bytes.contains("CANARY") && !bytes.contains("code-01"), "{bytes}");
    }
}

#[test]
fn openrouter_by_a_pasted_code() {
    let server = Lab::new(router("good-code-01"));
    let sandbox = with("openrouter", "/api/v1", &server);
    // No display, no browser: the page to open anywhere is shown.
    let mut terminal = Pty::start(&sandbox, &["login", "openrouter"], (150, 30));
    let screen = terminal.see("Code (it is not shown)");
    assert!(screen.contains("/auth?code_challenge=") && !screen.contains("callback_url"), "{screen}");
    terminal.send("good-code-01\r");
    terminal.see("is kept in");
    assert_eq!(terminal.end(), 0);
    assert!(kept(&sandbox).contains(KEY));
    assert!(!String::from_utf8_lossy(&terminal.bytes()).contains("good-code-01"));
    let ran = sandbox.run_with(&["login", "openrouter", "--paste"], b"wrong-code-01").expect(1);
    assert!(ran.stderr.contains("is wrong, was used, or is too old"), "{}", ran.stderr);
}

#[test]
fn login_in_the_room_brings_real_models_at_once() {
    let server = Lab::new(takes(KEY));
    let sandbox = Sandbox::new()
        .variable("SALON_LOG", "trace")
        .config(&format!("[demo]\npace = 0\n[provider.groq]\nbase_url = \"{}/openai/v1\"\n", server.url()));
    let mut room = Pty::start(&sandbox, &[], WIDE);
    room.see("enter send");
    room.type_slowly("/login groq");
    room.send("\r");
    room.see("with a key");
    room.send("\r");
    room.see("paste it");
    room.send(&format!("\x1b[200~{KEY}\x1b[201~"));
    room.see("••••••••");
    room.send("\r");
    room.see("groq takes the key and lists 2 models");
    room.see("groq/");
    assert!(!room.screen().contains("demo models, no key"), "{}", room.screen());
    room.ask("are you real?");
    room.see("a real answer");
    room.send("\x11");
    assert_eq!(room.end(), 0);
    assert!(
        !String::from_utf8_lossy(&room.bytes()).contains("CANARY"),
        "the key was written to the terminal"
    );
    for path in files(sandbox.home()) {
        let holds = String::from_utf8_lossy(&fs::read(&path).expect("a file")).contains("CANARY");
        assert_eq!(holds, path == credentials(&sandbox), "{}", path.display());
    }
    let ran = sandbox.run(&["usage", "--by", "model", "--format", "json"]).expect(0);
    assert!(ran.stdout.contains("groq/"), "{}", ran.stdout);
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_server_on_this_machine_is_found_after_the_first_frame() {
    let tags = format!("{}/tests/fixtures/ollama-tags.json", env!("CARGO_MANIFEST_DIR"));
    let tags = fs::read_to_string(tags).expect("a recording");
    for on in [true, false] {
        let server = Lab::new(lab::always(response("200 OK", "application/json", &tags)));
        let sandbox = Sandbox::new().config(&format!(
            "[demo]\npace = 0\n[catalogue]\nrefresh = false\n[discover]\nlocal = {on}\n[provider.ollama]\nbase_url = \"{}/v1\"\n",
            server.url()
        ));
        let mut room = Pty::start(&sandbox, &[], WIDE);
        room.see("enter send");
        room.send("\x0c");
        room.see("search, or type");
        if on {
            room.type_slowly("quill");
            let screen = room.see("ollama/quill-r2:8b");
            assert!(screen.contains("local"), "{screen}");
        }
        room.send("\x1b");
        std::thread::sleep(std::time::Duration::from_millis(600));
        room.send("\x11");
        assert_eq!(room.end(), 0);
        assert_eq!(server.requests().len(), usize::from(on));
    }
}
