//! Against servers that this project did not write, in every wire format that they speak. Runs when
//! `SALON_TEST_SERVERS` names the folder where `tests/servers/install` put them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pty::Pty;
use crate::sandbox::Sandbox;

/// The key that `llm-katan` takes.
const KEY: &str = "sk-test-others";

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// The server of that name on a free port, once it answers; `None` when the variable is not set.
    fn start(name: &str) -> Option<Self> {
        let folder = std::env::var_os("SALON_TEST_SERVERS")?;
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/start");
        let mut command = Command::new(script);
        command.arg(folder).arg(name).arg(port.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the server starts");
        let server = Self { child, port };
        let start = Instant::now();
        while !server.answers() {
            assert!(start.elapsed() < Duration::from_secs(60), "{name} does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0_u8; 4];
        stream.write_all(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"HTTP"
    }

    /// A fresh home in which these rows are providers. `key` is in the variable `LAB_KEY`.
    fn sandbox(&self, rows: &[Row], key: &str) -> Sandbox {
        // Its list has other models than those that are asked here.
        let mut config = "[catalogue]\nrefresh = false\n".to_owned();
        for row in rows {
            let Row { name, dialect, path, extra } = row;
            let port = self.port;
            config.push_str(&format!(
                "[provider.{name}]\ndialect = \"{dialect}\"\nbase_url = \"http://127.0.0.1:{port}{path}\"\n\
                 api_key = {{ env = \"LAB_KEY\" }}\n{extra}\n\
                 [model.\"{name}/m\"]\nprice = {{ input = \"1.00\", output = \"2.00\" }}\n\n"
            ));
        }
        Sandbox::new()
            .variable("LAB_KEY", key)
            .variable("LAB_BEARER", &format!("Bearer {key}"))
            .config(&config)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A provider that one of the servers is.
struct Row {
    name: &'static str,
    dialect: &'static str,
    /// Behind the port.
    path: &'static str,
    /// Further lines of its table.
    extra: &'static str,
}

const fn row(name: &'static str, dialect: &'static str, path: &'static str, extra: &'static str) -> Row {
    Row { name, dialect, path, extra }
}

/// What `aimock` speaks.
const AIMOCK: &[Row] = &[
    row("chat", "openai", "/v1", ""),
    row("responses", "openai", "/v1", "api = \"responses\""),
    row("router", "openrouter", "/api/v1", ""),
    row("messages", "anthropic", "/v1", ""),
    row("google", "gemini", "/v1beta", ""),
    row("llama", "ollama", "", ""),
];

/// What `llm-katan` speaks. It takes a Gemini key only as a bearer.
const KATAN: &[Row] = &[
    row("chat", "openai", "/v1", ""),
    row("azure", "openai", "/openai/v1", ""),
    row("messages", "anthropic", "/v1", ""),
    row("google", "gemini", "/v1beta", "headers = { Authorization = { env = \"LAB_BEARER\" } }"),
];

/// The replies to one prompt that goes to every row at once.
fn ask(sandbox: &Sandbox, rows: &[Row], prompt: &str, status: i32) -> Vec<Value> {
    let models: Vec<String> = rows.iter().map(|row| format!("{}/m", row.name)).collect();
    let mut arguments = vec!["ask", "-n", "--format", "json"];
    for model in &models {
        arguments.extend(["-m", model]);
    }
    arguments.push(prompt);
    let ran = sandbox.run(&arguments).expect(status);
    let json: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    let replies = json["replies"].as_array().expect("replies").clone();
    assert_eq!(replies.len(), rows.len());
    replies
}

/// What the tokens of a reply cost at a dollar in and two out, per million.
fn computed(reply: &Value) -> String {
    let (input, output) = (&reply["tokens"]["input"], &reply["tokens"]["output"]);
    let micro = input.as_u64().expect("input") + 2 * output.as_u64().expect("output");
    let usd = format!("0.{micro:06}");
    usd.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn one_prompt_in_every_format_of_aimock() {
    let Some(server) = Server::start("aimock") else { return };
    let sandbox = server.sandbox(AIMOCK, "sk-any-key");
    for (reply, row) in ask(&sandbox, AIMOCK, "hello there", 0).iter().zip(AIMOCK) {
        assert_eq!(reply["text"], "Hello from a server that salon did not write.", "{}: {reply}", row.name);
        assert_eq!(reply["status"], "done", "{}", row.name);
        assert_eq!(reply["finish"], "stop", "{}", row.name);
    }
    for (reply, row) in ask(&sandbox, AIMOCK, "think about it", 0).iter().zip(AIMOCK) {
        assert_eq!(reply["text"], "Forty-two.", "{}: {reply}", row.name);
        // Ollama's thinking has another member in this server than in Ollama.
        if row.dialect != "ollama" {
            assert_eq!(reply["thinking"], "Six times seven is forty-two.", "{}: {reply}", row.name);
        }
    }
}

#[test]
fn tool_calls_in_every_format_of_aimock() {
    let Some(server) = Server::start("aimock") else { return };
    let sandbox = server.sandbox(AIMOCK, "sk-any-key");
    for (reply, row) in ask(&sandbox, AIMOCK, "weather please", 0).iter().zip(AIMOCK) {
        let call = &reply["tool_calls"][0];
        assert_eq!(call["name"], "get_weather", "{}: {reply}", row.name);
        let arguments: Value =
            serde_json::from_str(call["arguments"].as_str().expect("raw text")).expect("JSON");
        assert_eq!(arguments, serde_json::json!({"city": "Oslo"}), "{}", row.name);
        assert_eq!(reply["status"], "done", "{}", row.name);
    }
}

#[test]
fn errors_in_every_format_of_aimock() {
    let Some(server) = Server::start("aimock") else { return };
    let sandbox = server.sandbox(AIMOCK, "sk-any-key");
    for (reply, row) in ask(&sandbox, AIMOCK, "fail now", 1).iter().zip(AIMOCK) {
        assert_eq!(reply["status"], "failed", "{}: {reply}", row.name);
        assert_eq!(reply["error"]["http_status"], 400, "{}: {reply}", row.name);
        assert_eq!(reply["error"]["class"], "bad_request", "{}: {reply}", row.name);
        assert_eq!(reply["charge"]["usd"], "0", "{}: nothing is charged for a refusal", row.name);
    }
}

#[test]
fn one_prompt_in_every_format_of_katan() {
    let Some(server) = Server::start("katan") else { return };
    for (reply, row) in ask(&server.sandbox(KATAN, KEY), KATAN, "hello there", 0).iter().zip(KATAN) {
        let text = reply["text"].as_str().expect("text");
        assert!(text.starts_with("[echo]") && text.contains("hello there"), "{}: {reply}", row.name);
        assert_eq!(reply["status"], "done", "{}: {reply}", row.name);
        assert_eq!(reply["charge"]["source"], "computed", "{}: {reply}", row.name);
        assert_eq!(reply["charge"]["usd"], computed(reply), "{}: {reply}", row.name);
    }
}

#[test]
fn a_wrong_key_in_every_format_of_katan() {
    let Some(server) = Server::start("katan") else { return };
    let wrong = "sk-wrong-CANARY-77";
    for (reply, row) in ask(&server.sandbox(KATAN, wrong), KATAN, "hello there", 1).iter().zip(KATAN) {
        assert_eq!(reply["error"]["class"], "auth", "{}: {reply}", row.name);
        assert_eq!(reply["error"]["attempts"], 1, "{}: a refused key is not tried again", row.name);
        assert!(
            !reply.to_string().contains(wrong),
            "{}: the server echoes the key, salon does not",
            row.name
        );
    }
}

#[test]
fn the_room_on_those_servers() {
    let Some(server) = Server::start("aimock") else { return };
    let sandbox = server.sandbox(AIMOCK, "sk-any-key");
    let mut room =
        Pty::start(&sandbox, &["-m", "router/some/model", "-m", "messages/m", "-m", "google/m"], (150, 30));
    room.see("enter send");
    room.ask("hello there");
    room.wait("all replies", |screen| screen.matches("salon did not").count() == 3);
    room.ended(3);
    room.send("\x11");
    assert_eq!(room.end(), 0);
}
