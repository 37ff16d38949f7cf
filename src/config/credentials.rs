//! The file of keys that `salon login` writes (safety R13): several for each provider, each under a
//! name. It is created 0600 in a directory of its owner's, replaced as a whole and never changed in
//! place; one that others can read, or that is not the owner's, is not read at all.
//!
//! No value ever leaves this file but as a [`Secret`], and no error quotes what stands in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Table;
use toml::Value;

use crate::chat::KeyError;
use crate::chat::KeySource;
use crate::chat::Secret;
use crate::config::paths::Paths;
use crate::config::paths::private_dirs;
use crate::config::secrets::checked;
use crate::config::secrets::open;
use crate::config::secrets::open_to_others;
use crate::text::Untrusted;

/// What a key is called when nobody gave it a name.
pub const DEFAULT_ALIAS: &str = "default";

/// Larger files were not written by salon.
const LARGEST: u64 = 1024 * 1024;

/// Longer names are a slip, perhaps a key that was put in the wrong place.
const LONGEST_ALIAS: usize = 32;

const HEAD: &str =
    "# Keys that `salon login` keeps. For their owner alone; `salon logout` takes one out.\n\n";

/// The names of the keys that are kept, by provider, in order.
pub type Aliases = BTreeMap<String, Vec<String>>;

/// Where keys are kept.
#[derive(Clone, Debug)]
pub struct Credentials {
    path: PathBuf,
}

impl Credentials {
    /// The file of this user. Nothing is read or made yet.
    #[must_use]
    pub fn of(paths: &Paths) -> Self {
        Self { path: paths.credentials() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all keys. None where there is no file.
    ///
    /// # Errors
    /// When the file is there and cannot be used: what is wrong with it, and what to do.
    pub fn aliases(&self) -> Result<Aliases, KeyError> {
        let table = self.read()?;
        let names = |value: &Value| -> Vec<String> {
            value.as_table().into_iter().flat_map(|keys| keys.keys().cloned()).collect()
        };
        Ok(table.iter().map(|(provider, value)| (provider.clone(), names(value))).collect())
    }

    /// Keeps a key, in the place of one of that name.
    ///
    /// # Errors
    /// When the file cannot be used or written.
    pub fn put(&self, provider: &str, alias: &str, key: &Secret) -> Result<(), KeyError> {
        self.change(|table| {
            let keys = table.entry(provider).or_insert_with(|| Value::Table(Table::new()));
            if !keys.is_table() {
                *keys = Value::Table(Table::new());
            }
            if let Some(keys) = keys.as_table_mut() {
                keys.insert(alias.to_owned(), Value::String(key.expose().to_owned()));
            }
        })
    }

    /// Takes out a key of a provider, or all of them; the names of those that were there.
    ///
    /// # Errors
    /// When the file cannot be used or written.
    pub fn remove(&self, provider: &str, alias: Option<&str>) -> Result<Vec<String>, KeyError> {
        let known = self.aliases()?.remove(provider).unwrap_or_default();
        let gone: Vec<String> =
            known.iter().filter(|name| alias.is_none_or(|alias| alias == *name)).cloned().collect();
        if gone.is_empty() {
            return Ok(gone);
        }
        self.change(|table| {
            if let Some(keys) = table.get_mut(provider).and_then(Value::as_table_mut) {
                keys.retain(|name, _| !gone.iter().any(|gone| gone == name));
                if keys.is_empty() {
                    table.remove(provider);
                }
            }
        })?;
        Ok(gone)
    }

    /// The way to one key; the file is read when it is asked.
    #[must_use]
    pub fn source(&self, provider: &str, alias: &str) -> Arc<dyn KeySource> {
        Arc::new(Kept { file: self.clone(), provider: provider.to_owned(), alias: alias.to_owned() })
    }

    fn name(&self) -> String {
        Untrusted::from(self.path.display().to_string()).line().into_owned()
    }

    fn fail(&self, why: impl std::fmt::Display, hint: impl Into<String>) -> KeyError {
        KeyError { tried: format!("the file {} {why}", self.name()), hint: hint.into() }
    }

    /// What stands in the file; nothing where there is none.
    fn read(&self) -> Result<Table, KeyError> {
        self.refuse_links_of_others()?;
        let file = match open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Table::new()),
            Err(error) => return Err(self.fail(format!("cannot be read: {error}"), "")),
        };
        let meta = file.metadata().map_err(|error| self.fail(error, ""))?;
        if !meta.is_file() {
            return Err(self.fail("is no ordinary file", "move it away; `salon login` makes a new one"));
        }
        if let Some(why) = open_to_others(&meta) {
            return Err(self.fail(why, format!("chmod 600 {}", self.name())));
        }
        let mut text = String::new();
        let read = file.take(LARGEST).read_to_string(&mut text);
        read.map_err(|error| self.fail(format!("cannot be read: {error}"), ""))?;
        // The parser's own words may quote the line, and with it a key.
        let told = || self.fail("is not as salon wrote it", "mend it, or move it away and log in again");
        text.parse::<Table>().map_err(|_| told())
    }

    /// Somebody else could turn such a link to a file of theirs, or to one that is not meant.
    #[cfg(unix)]
    fn refuse_links_of_others(&self) -> Result<(), KeyError> {
        use std::os::unix::fs::MetadataExt;
        let link = std::fs::symlink_metadata(&self.path).ok().filter(std::fs::Metadata::is_symlink);
        match link {
            Some(link) if link.uid() != rustix::process::getuid().as_raw() => {
                Err(self.fail("is a link of another user", "take the link away"))
            }
            _ => Ok(()),
        }
    }

    #[cfg(not(unix))]
    fn refuse_links_of_others(&self) -> Result<(), KeyError> {
        Ok(())
    }

    /// Writes a new file beside the old one and puts it in its place. One at a time.
    fn change(&self, work: impl FnOnce(&mut Table)) -> Result<(), KeyError> {
        let unwritable = |error: io::Error| self.fail(format!("cannot be written: {error}"), "");
        let folder = self.path.parent().unwrap_or(Path::new("."));
        private_dirs(folder).map_err(unwritable)?;
        let lock = File::open(folder).map_err(unwritable)?;
        // Where a file system has no locks, the last writer wins.
        drop(lock.lock());
        let mut table = self.read()?;
        work(&mut table);
        // A link of the owner's stays a link.
        let target = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let text = format!("{HEAD}{table}");
        replace(&target, text.as_bytes()).map_err(unwritable)
    }
}

/// A new file with the mode that it keeps, written out before it takes the old one's place.
fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = target.with_extension(format!("toml.new-{}", std::process::id()));
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // What a killed process of this number left is nobody's.
        let mut file = match options.open(&new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                std::fs::remove_file(&new)?;
                options.open(&new)?
            }
            other => other?,
        };
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, target)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// A key of the file.
struct Kept {
    file: Credentials,
    provider: String,
    alias: String,
}

impl KeySource for Kept {
    fn key(&self) -> Result<Secret, KeyError> {
        let table = self.file.read()?;
        let key = table.get(&self.provider).and_then(|keys| keys.get(&self.alias)).and_then(Value::as_str);
        match key {
            Some(key) => checked(key, &self.describe()),
            None => Err(KeyError {
                tried: format!("{} is not there any more", self.describe()),
                hint: format!("salon login {} --alias {}", self.provider, self.alias),
            }),
        }
    }

    fn describe(&self) -> String {
        let alias = Untrusted::from(self.alias.as_str());
        format!("the key {} of {} in {}", alias.line(), self.provider, self.file.name())
    }
}

/// A key as a person gives it: without the blanks around it.
///
/// # Errors
/// When it is none: empty, or with characters that no header carries. The text is not quoted.
pub fn pasted(text: &str) -> Result<Secret, KeyError> {
    checked(text.trim(), "what was given")
}

/// The name of a key, as a person gives it.
///
/// # Errors
/// One sentence, when it is no name. The text is not quoted: it may be a key.
pub fn alias(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || text.len() > LONGEST_ALIAS || !text.chars().all(good) {
        return Err(format!(
            "a key is called by letters, digits, -, _ and ., at most {LONGEST_ALIAS} of them, as in work"
        ));
    }
    Ok(text.to_owned())
}

#[cfg(unix)]
#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
