//! Against a server that this project did not write. Runs when `SALON_TEST_SERVERS` names the folder
//! where `tests/servers/install` put it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::pty::Pty;
use crate::sandbox::Sandbox;

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// The server on a free port, once it answers; `None` when the variable is not set.
    fn start() -> Option<Self> {
        let folder = std::env::var_os("SALON_TEST_SERVERS")?;
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/start");
        let mut command = Command::new(script);
        command.arg(folder).arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("the server starts");
        let server = Self { child, port };
        let start = Instant::now();
        while !server.answers() {
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not answer");
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

    fn sandbox(&self) -> Sandbox {
        let port = self.port;
        Sandbox::new().variable("LAB_KEY", "sk-test-others").config(&format!(
            r#"
[provider.lab]
dialect = "openai"
base_url = "http://127.0.0.1:{port}/v1"
api_key = {{ env = "LAB_KEY" }}

[provider.router]
dialect = "openrouter"
base_url = "http://127.0.0.1:{port}/api/v1"
api_key = {{ env = "LAB_KEY" }}

[model."lab/priced"]
price = {{ input = "1.00", output = "2.00" }}
"#
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_prompt_to_both_dialects_on_the_command_line() {
    let Some(server) = Server::start() else { return };
    let ran = server
        .sandbox()
        .run(&["ask", "-n", "--format", "json", "-m", "lab/priced", "-m", "router/some/model", "hello there"])
        .expect(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    let replies = json["replies"].as_array().expect("replies");
    assert_eq!(replies.len(), 2);
    for reply in replies {
        assert_eq!(reply["text"], "Hello from a server that salon did not write.", "{reply}");
        assert_eq!(reply["status"], "done");
        assert_eq!(reply["finish"], "stop");
    }
    assert_eq!(replies[0]["charge"]["source"], "computed");
    let (input, output) = (&replies[0]["tokens"]["input"], &replies[0]["tokens"]["output"]);
    let micro = input.as_u64().expect("input") + 2 * output.as_u64().expect("output");
    let usd = replies[0]["charge"]["usd"].as_str().expect("a charge");
    assert_eq!(usd, format!("0.{micro:06}").trim_end_matches('0'), "{input} in, {output} out");
}

#[test]
fn thinking_and_errors_of_that_server() {
    let Some(server) = Server::start() else { return };
    let sandbox = server.sandbox();
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", "lab/m", "think about it"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!(json["replies"][0]["text"], "Forty-two.");
    assert_eq!(json["replies"][0]["thinking"], "Six times seven is forty-two.");
    assert_eq!(json["charge"]["unknown"], 1, "lab/m has no price: {json}");
    let ran = sandbox.run(&["ask", "-n", "--format", "json", "-m", "lab/m", "fail now"]).expect(1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!(json["replies"][0]["status"], "failed");
    assert_eq!(json["replies"][0]["error"]["http_status"], 400);
}

#[test]
fn the_room_on_that_server() {
    let Some(server) = Server::start() else { return };
    let sandbox = server.sandbox();
    let mut room = Pty::start(&sandbox, &["-m", "lab/priced", "-m", "router/some/model"], (120, 30));
    room.see("enter send");
    room.ask("hello there");
    room.wait("both replies", |screen| screen.matches("salon did not").count() == 2);
    room.wait("both done", |screen| screen.matches("done").count() >= 2);
    room.send("\x11");
    assert_eq!(room.end(), 0);
}
