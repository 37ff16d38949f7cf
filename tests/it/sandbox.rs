//! A home of its own for every test: the program runs with a clean environment in which every
//! directory lies in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Whether the slow tests run too.
pub fn slow() -> bool {
    std::env::var_os("SALON_TEST_SLOW").is_some()
}

/// The program.
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_salon"))
}

/// A home, and the variables of the program.
pub struct Sandbox {
    home: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run of the program left.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary home");
        let at = |name: &str| home.path().join(name).to_string_lossy().into_owned();
        let variables = [
            ("HOME", at("")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_CACHE_HOME", at("cache")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("SALON_WHO", "tester".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { home, variables }
    }

    /// With this text as `config.toml`.
    pub fn config(self, text: &str) -> Self {
        let folder = self.home.path().join("config/salon");
        fs::create_dir_all(&folder).expect("the config folder");
        fs::write(folder.join("config.toml"), text).expect("the config");
        self
    }

    /// With the demo models at once, without their pace.
    pub fn quick_demo(self) -> Self {
        self.config("[demo]\npace = 0\n")
    }

    /// With this variable set.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn config_file(&self) -> PathBuf {
        self.home.path().join("config/salon/config.toml")
    }

    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The program with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env_clear().envs(&self.variables).current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end without input.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        told(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs it to its end with this on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("its input");
        // A program that does not read its input closes it early; that is no fault of the test.
        let _ = stdin.write_all(input);
        drop(stdin);
        told(child.wait_with_output().expect("its end"))
    }
}

fn told(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ran {
    /// Fails the test with all that was printed when the exit status is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}
