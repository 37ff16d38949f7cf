//! The program in a pseudo-terminal: keys in, a screen out. The screen is kept by a terminal
//! emulator, and every byte that was written is kept besides.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::sandbox::{Sandbox, binary};

/// How long anything may take to be seen. Not a measure of speed: a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a pane's footer begins with when its reply has ended.
const ENDS: [&str; 5] = ["done", "stopped", "cut", "failed: ", "interrupted"];

struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
    hold: bool,
    leave: bool,
    /// Bytes a second that are read at most.
    rate: Option<usize>,
}

/// A running program and its terminal.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    input: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
}

impl Pty {
    /// Starts the program with these arguments in a terminal of that size.
    pub fn start(sandbox: &Sandbox, arguments: &[&str], (columns, rows): (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(binary());
        command.args(arguments);
        Self::run(sandbox, command, (columns, rows))
    }

    /// Starts any command in a terminal of that size.
    pub fn run(sandbox: &Sandbox, mut command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        command.env_clear();
        for (name, value) in sandbox.variables() {
            command.env(name, value);
        }
        if command.get_env("TERM").is_none() {
            command.env("TERM", "xterm-256color");
        }
        command.cwd(sandbox.home());
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(Seen {
            screen: vt100::Parser::new(rows, columns, 0),
            bytes: Vec::new(),
            ended: false,
            hold: false,
            leave: false,
            rate: None,
        }));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let theirs = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buffer = [0_u8; 1 << 16];
            loop {
                while theirs.lock().expect("the screen").hold {
                    thread::sleep(Duration::from_millis(5));
                }
                let rate = theirs.lock().expect("the screen").rate;
                let most = rate.map_or(buffer.len(), |rate| (rate / 10).max(1));
                let read = reader.read(&mut buffer[..most]).unwrap_or(0);
                if rate.is_some() {
                    thread::sleep(Duration::from_millis(100));
                }
                let mut seen = theirs.lock().expect("the screen");
                if read == 0 || seen.leave {
                    seen.ended = true;
                    return;
                }
                seen.screen.process(&buffer[..read]);
                seen.bytes.extend_from_slice(&buffer[..read]);
            }
        });
        let input = pair.master.take_writer().expect("a writer");
        Self { master: Some(pair.master), input: Some(input), child, seen }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process")
    }

    /// Types bytes as a terminal sends them.
    pub fn send(&mut self, keys: &str) {
        let input = self.input.as_mut().expect("the terminal is open");
        input.write_all(keys.as_bytes()).expect("typed");
        input.flush().expect("typed");
    }

    /// Types text slowly enough not to look like a paste.
    pub fn type_slowly(&mut self, text: &str) {
        for c in text.chars() {
            self.send(&c.to_string());
            thread::sleep(Duration::from_millis(12));
        }
        thread::sleep(Duration::from_millis(30));
    }

    /// Types a prompt and sends it.
    pub fn ask(&mut self, prompt: &str) {
        self.type_slowly(prompt);
        // What arrives together with an Enter is a paste: the text is on the screen first.
        if let Some(last) = prompt.split_whitespace().next_back() {
            self.see(last);
        }
        self.send("\r");
    }

    pub fn screen(&self) -> String {
        self.seen.lock().expect("the screen").screen.screen().contents()
    }

    /// The screen with its colours.
    pub fn with_screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().expect("the screen").screen.screen())
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().expect("the screen").bytes.clone()
    }

    /// Stops or goes on reading what the program writes.
    pub fn hold(&self, hold: bool) {
        self.seen.lock().expect("the screen").hold = hold;
    }

    /// Reads so many bytes a second, as over a slow line; `None`: as they come.
    pub fn throttle(&self, rate: Option<usize>) {
        self.seen.lock().expect("the screen").rate = rate;
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is open").resize(size).expect("resized");
        self.seen.lock().expect("the screen").screen.screen_mut().set_size(rows.max(2), columns.max(2));
    }

    /// Waits until the screen fulfils it, or fails with the screen.
    #[track_caller]
    pub fn wait(&self, what: &str, fulfilled: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if fulfilled(&screen) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "never saw {what}; the screen is\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the text is on the screen.
    #[track_caller]
    pub fn see(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until the text is not on the screen.
    #[track_caller]
    pub fn miss(&self, text: &str) -> String {
        self.wait(&format!("{text:?} gone"), |screen| !screen.contains(text))
    }

    /// Waits until so many panes say in their footers how their replies ended.
    #[track_caller]
    pub fn ended(&self, panes: usize) -> String {
        let footers = |screen: &str| {
            let starts = screen.match_indices(['╰', '┗']).map(|(at, corner)| &screen[at + corner.len()..]);
            starts.filter(|footer| ENDS.iter().any(|word| footer.trim_start().starts_with(word))).count()
        };
        self.wait(&format!("{panes} ends"), |screen| footers(screen) >= panes)
    }

    /// Waits for the program's end; its exit status.
    #[track_caller]
    pub fn end(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                // What was written last may still be on its way.
                let drained = Instant::now();
                while !self.seen.lock().expect("the screen").ended
                    && drained.elapsed() < Duration::from_secs(2)
                {
                    thread::sleep(Duration::from_millis(5));
                }
                return status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; the screen is\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // Not the library's own way, which begins with a hang-up.
        self.signal("KILL");
        let _ = self.child.wait();
    }

    /// Sends a signal by number.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = std::process::Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(status.success(), "no signal {name} for {pid}");
    }

    /// Closes the terminal's other side: a hang-up.
    pub fn hang_up(&mut self) {
        // The reader has the terminal open, too, and waits for a byte: the echo of a key is one.
        self.seen.lock().expect("the screen").leave = true;
        self.send("x");
        let start = Instant::now();
        while !self.seen.lock().expect("the screen").ended {
            assert!(start.elapsed() < PATIENCE, "a key is not echoed");
            thread::sleep(Duration::from_millis(5));
        }
        self.input = None;
        self.master = None;
    }

    /// User and system time so far, in clock ticks (usually 10 ms each).
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = after.split_whitespace().collect();
        let tick = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        tick(11) + tick(12)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The reader may be held; it ends with the terminal.
        if let Ok(mut seen) = self.seen.lock() {
            seen.hold = false;
        }
    }
}
