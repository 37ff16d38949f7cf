//! The log: made only when `SALON_LOG` names a level, in the state directory, for its owner alone
//! (safety R58). Every line goes through the redactor and becomes one harmless line (R2, R21). What
//! was said in a room does not stand in it, but for the beginning of a frame that nobody understands.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::chat::Notice;
use crate::chat::Redactor;
use crate::config::Env;
use crate::config::Paths;
use crate::text::one_line;

/// A file of more bytes is put aside as `salon.log.1`, over the one that was there.
const LARGEST: u64 = 4 << 20;

/// The levels that can be named.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Begins the log when it is asked for; what is wrong with that is told.
pub(super) fn begin(env: &Env, paths: Option<&Paths>, redactor: &Redactor) -> Option<Notice> {
    let asked = env.get("SALON_LOG")?;
    let Some((_, level)) = LEVELS.iter().find(|(name, _)| *name == asked) else {
        let names = LEVELS.map(|(name, _)| name).join(", ");
        return Some(Notice::warning(format!(
            "SALON_LOG={}: there is no such level, and nothing is logged; known are {names}",
            one_line(&asked)
        )));
    };
    if *level == LevelFilter::OFF {
        return None;
    }
    let Some(paths) = paths else {
        return Some(Notice::warning("SALON_LOG: this user has no home, and so there is no place for a log"));
    };
    let path = paths.state.join("salon.log");
    let book = match Log::open(path.clone(), LARGEST, redactor.clone()) {
        Ok(log) => Mutex::new(log),
        Err(error) => {
            return Some(Notice::warning(format!(
                "SALON_LOG: {} cannot be written: {error}",
                path.display()
            )));
        }
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(book);
    // Other crates may log what is theirs to know, and ours to keep.
    let own = Targets::new().with_target("salon", *level);
    // There is one already only where several worlds live in one process.
    let _ = tracing_subscriber::registry().with(own).with(lines).try_init();
    None
}

/// The file. Each write is one whole line.
struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    largest: u64,
    redactor: Redactor,
}

impl Log {
    fn open(path: PathBuf, largest: u64, redactor: Redactor) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder)?;
        }
        let file = append(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, largest, redactor })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        std::fs::rename(&self.path, aside)?;
        self.file = append(&self.path)?;
        self.size = self.file.metadata()?.len();
        Ok(())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = self.redactor.redact(text.trim_end_matches('\n'));
        let line = format!("{}\n", one_line(&text));
        if self.size > 0 && self.size.saturating_add(line.len() as u64) > self.largest {
            self.rotate()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.size = self.size.saturating_add(line.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a file to write at its end; one that is new is 0600 from the first moment.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Secret;

    #[test]
    fn lines_are_harmless_and_the_file_stays_small() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/salon.log");
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("sk-CANARY-0123456789"));
        let mut log = Log::open(path.clone(), 200, redactor).expect("a log");
        log.write_all(b"key sk-CANARY-0123456789 \x1b]52;c;QQ==\x07 two\nlines\n").expect("written");
        let text = std::fs::read_to_string(&path).expect("the log");
        assert!(text.contains("key [redacted]") && !text.contains("CANARY"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(!text.trim_end().chars().any(char::is_control), "{text:?}");
        for n in 0..20 {
            log.write_all(format!("line {n:02} {}\n", "x".repeat(40)).as_bytes()).expect("written");
        }
        let size = |path: &Path| std::fs::metadata(path).expect("there").len();
        let aside = folder.path().join("state/salon.log.1");
        assert!(size(&path) <= 200 && size(&aside) <= 200, "{} and {}", size(&path), size(&aside));
        assert!(std::fs::read_to_string(&path).expect("the log").contains("line 19"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&aside)), (0o600, 0o600));
            assert_eq!(mode(path.parent().expect("its folder")), 0o700);
        }
    }

    #[test]
    fn an_unknown_level_is_told() {
        let told = begin(&Env::of(&[("SALON_LOG", "loud")]), None, &Redactor::default());
        assert!(told.is_some_and(|notice| notice.text.contains("loud") && notice.text.contains("debug")));
        assert!(begin(&Env::of(&[]), None, &Redactor::default()).is_none());
        assert!(begin(&Env::of(&[("SALON_LOG", "off")]), None, &Redactor::default()).is_none());
    }
}
