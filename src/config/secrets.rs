//! Where keys come from (safety R12): a variable, a command, a file. A source is asked at first
//! use, never at the start. No value ever appears in what it says of itself or of its failure.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::chat::KeyError;
use crate::chat::KeySource;
use crate::chat::Secret;
use crate::config::paths::Env;
use crate::text::Untrusted;

/// How long a key command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// What comes after so many bytes of a key file or command is no key.
const KEY_LIMIT: u64 = 64 * 1024;

/// `api_key` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyConfig {
    /// Variables, the first that is set counts.
    Env(Vec<String>),
    /// A program and its arguments; no shell.
    Command(Vec<String>),
    /// A file; its first line is the key.
    File(PathBuf),
    /// The system's keyring, under this name. Only where it is built in.
    #[cfg(feature = "keyring")]
    Keyring(String),
}

impl KeyConfig {
    /// The source that it describes.
    #[must_use]
    pub fn source(&self, env: &Env) -> Arc<dyn KeySource> {
        match self {
            Self::Env(names) => Arc::new(EnvKey { names: names.clone(), env: env.clone() }),
            Self::Command(argv) => {
                Arc::new(CommandKey { argv: argv.clone(), limit: COMMAND_LIMIT, found: Mutex::new(None) })
            }
            Self::File(path) => Arc::new(FileKey { path: path.clone(), env: env.clone() }),
            #[cfg(feature = "keyring")]
            Self::Keyring(name) => Arc::new(crate::config::keyring::KeyringKey::new(name)),
        }
    }
}

/// A source that has nothing, and says why: what it needs is not there.
pub struct MissingKey {
    /// What was tried.
    pub tried: String,
    /// What to do.
    pub hint: String,
}

impl KeySource for MissingKey {
    fn key(&self) -> Result<Secret, KeyError> {
        Err(KeyError { tried: self.tried.clone(), hint: self.hint.clone() })
    }

    fn describe(&self) -> String {
        self.tried.clone()
    }
}

struct EnvKey {
    names: Vec<String>,
    env: Env,
}

impl KeySource for EnvKey {
    fn key(&self) -> Result<Secret, KeyError> {
        match self.names.iter().find_map(|name| self.env.get(name)) {
            Some(value) => checked(&value, &self.describe()),
            None => Err(KeyError {
                tried: match self.names.as_slice() {
                    [one] => format!("the variable {one} is not set"),
                    many => format!("none of the variables {} is set", many.join(", ")),
                },
                hint: format!(
                    "export {}=…, or say in the config where the key is (api_key)",
                    self.names.first().map_or("KEY", String::as_str)
                ),
            }),
        }
    }

    fn describe(&self) -> String {
        format!("the variable {}", self.names.join(" or "))
    }
}

struct CommandKey {
    argv: Vec<String>,
    limit: Duration,
    /// A password manager is asked once, also when several seats ask at the same time.
    found: Mutex<Option<Secret>>,
}

impl KeySource for CommandKey {
    fn key(&self) -> Result<Secret, KeyError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = found.as_ref() {
            return Ok(secret.clone());
        }
        let output = self.run().map_err(|why| KeyError {
            tried: format!("{} {why}", self.describe()),
            hint: "run it in a shell to see what it says; its first line must be the key".to_owned(),
        })?;
        let secret = checked(&output, &self.describe())?;
        *found = Some(secret.clone());
        Ok(secret)
    }

    fn describe(&self) -> String {
        // The arguments stay out: some people write a key there.
        format!("the command {}", Untrusted::from(self.argv.first().map_or("", String::as_str)).line())
    }

    fn may_ask(&self) -> bool {
        true
    }
}

impl CommandKey {
    /// The first line of what the command prints.
    fn run(&self) -> Result<String, String> {
        let (program, arguments) = self.argv.split_first().ok_or("is empty")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot be started: {error}"))?;
        let stdout = child.stdout.take().ok_or("has no output")?;
        let (sender, receiver) = mpsc::channel();
        // The reader is left alone when a grandchild holds the pipe; it ends with it.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(KEY_LIMIT).read_to_end(&mut bytes);
            let _ = sender.send(read.map(|_| bytes));
        });
        let until = Instant::now() + self.limit;
        let status = wait(&mut child, until).map_err(|error| format!("was lost: {error}"))?;
        let Some(status) = status else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("took longer than {} s and was ended", self.limit.as_secs()));
        };
        if !status.success() {
            return Err(format!("failed ({status})"));
        }
        let rest = until.saturating_duration_since(Instant::now()).min(Duration::from_secs(1));
        let bytes = receiver.recv_timeout(rest).map_err(|_| "did not close its output".to_owned())?;
        let bytes = bytes.map_err(|error| format!("cannot be read: {error}"))?;
        let text = String::from_utf8(bytes).map_err(|_| "printed no text".to_owned())?;
        Ok(first_line(&text))
    }
}

/// Waits for a child until then; `None` when it still runs.
fn wait(child: &mut Child, until: Instant) -> std::io::Result<Option<std::process::ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

struct FileKey {
    path: PathBuf,
    env: Env,
}

impl FileKey {
    fn real_path(&self) -> PathBuf {
        match (self.path.strip_prefix("~"), self.env.get("HOME")) {
            (Ok(rest), Some(home)) => Path::new(&home).join(rest),
            _ => self.path.clone(),
        }
    }
}

impl KeySource for FileKey {
    fn key(&self) -> Result<Secret, KeyError> {
        let fail = |why: String, hint: &str| KeyError {
            tried: format!("{} {why}", self.describe()),
            hint: hint.to_owned(),
        };
        let path = self.real_path();
        let file = open(&path).map_err(|error| {
            fail(format!("cannot be read: {error}"), "write the key into it, or name another")
        })?;
        let meta = file.metadata().map_err(|error| fail(error.to_string(), ""))?;
        if !meta.is_file() {
            return Err(fail("is no ordinary file".to_owned(), "name a file whose first line is the key"));
        }
        if let Some(why) = open_to_others(&meta) {
            return Err(fail(
                why,
                &format!("chmod 600 {}", Untrusted::from(path.display().to_string()).line()),
            ));
        }
        let mut text = String::new();
        file.take(KEY_LIMIT)
            .read_to_string(&mut text)
            .map_err(|error| fail(format!("cannot be read: {error}"), ""))?;
        checked(&first_line(&text), &self.describe())
    }

    fn describe(&self) -> String {
        format!("the file {}", Untrusted::from(self.path.display().to_string()).line())
    }
}

/// Opens without waiting for a writer when the name is a pipe's.
pub(super) fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(flags).unwrap_or(0));
    }
    options.open(path)
}

#[cfg(unix)]
pub(super) fn open_to_others(meta: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::getuid().as_raw();
    if meta.uid() != me && meta.uid() != 0 {
        return Some("belongs to another user".to_owned());
    }
    (meta.mode() & 0o077 != 0).then(|| "can be read by others on this machine".to_owned())
}

#[cfg(not(unix))]
pub(super) fn open_to_others(_: &std::fs::Metadata) -> Option<String> {
    None
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// A key stands in a header: visible ASCII and nothing else.
pub(super) fn checked(key: &str, from: &str) -> Result<Secret, KeyError> {
    if key.is_empty() {
        return Err(KeyError { tried: format!("{from} is empty"), hint: "put the key there".to_owned() });
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyError {
            tried: format!("{from} has spaces or other characters that no key has"),
            hint: "it must be the key alone, without quotes or a name before it".to_owned(),
        });
    }
    Ok(Secret::new(key))
}

#[cfg(all(test, unix))]
#[path = "secrets_tests.rs"]
mod tests;
