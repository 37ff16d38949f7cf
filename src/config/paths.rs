//! Where the user's files are: the XDG variables first, then what the platform says. What salon
//! makes is for its owner alone (safety R13, R58): directories 0700, files 0600 from the first
//! moment, never by a change afterwards.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The environment, or in tests a table.
#[derive(Clone, Default)]
pub struct Env {
    table: Option<Arc<BTreeMap<String, String>>>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env")
    }
}

impl Env {
    /// The environment of the process.
    #[must_use]
    pub fn system() -> Self {
        Self { table: None }
    }

    /// These variables and no others.
    #[cfg(test)]
    #[must_use]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let table = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { table: Some(Arc::new(table)) }
    }

    /// A variable that is set, is not empty, and is Unicode.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.table {
            Some(table) => table.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }
}

/// The places of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The config file; may not exist.
    pub config: PathBuf,
    /// The directory of the database.
    pub data: PathBuf,
    /// The directory of the log.
    pub state: PathBuf,
    /// The directory of what can be fetched again.
    pub cache: PathBuf,
}

impl Paths {
    /// The places, from the XDG variables and then the platform. Relative XDG paths do not count,
    /// so that no directory one happens to be in is taken. `None`: this user has no home.
    #[must_use]
    pub fn find(env: &Env) -> Option<Self> {
        let own = if env.table.is_none() { directories::ProjectDirs::from("", "", "salon") } else { None };
        let xdg = |name: &str| {
            env.get(name).map(PathBuf::from).filter(|path| path.is_absolute()).map(|path| path.join("salon"))
        };
        let or = |name: &str, path: Option<&Path>| xdg(name).or_else(|| path.map(Path::to_path_buf));
        let config = or("XDG_CONFIG_HOME", own.as_ref().map(directories::ProjectDirs::config_dir))?;
        let data = or("XDG_DATA_HOME", own.as_ref().map(directories::ProjectDirs::data_dir))?;
        let state = or("XDG_STATE_HOME", own.as_ref().and_then(directories::ProjectDirs::state_dir));
        let cache = or("XDG_CACHE_HOME", own.as_ref().map(directories::ProjectDirs::cache_dir));
        Some(Self {
            config: config.join("config.toml"),
            state: state.unwrap_or_else(|| data.clone()),
            cache: cache.unwrap_or_else(|| data.join("cache")),
            data,
        })
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.join("salon.db")
    }

    /// The keys that `salon login` keeps: beside the database, not beside the config, which people
    /// put into repositories.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.data.join("credentials.toml")
    }

    /// The lists of models of a provider, by its name, which may have any letters but a slash.
    #[must_use]
    pub fn models(&self, provider: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '%' };
        let name: String = provider.chars().map(plain).collect();
        // Names that differ only in letters that no file should have get files of their own.
        let odd: u32 = provider.chars().filter(|c| plain(*c) == '%').map(u32::from).sum();
        let odd = if odd == 0 { String::new() } else { format!("%{odd}") };
        self.cache.join("models").join(format!("{name}{odd}.json"))
    }

    /// The user's own themes.
    #[must_use]
    pub fn themes(&self) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("")).join("themes")
    }
}

/// Why the commented config was not written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one.
    #[error("{0} exists already; nothing was written")]
    Exists(String),
    /// The disk said no.
    #[error("{0} cannot be written: {1}")]
    Io(String, std::io::Error),
}

/// Writes the shipped config, every key commented out. Never over a file that is there.
///
/// # Errors
/// When there is a file already, or it cannot be made.
pub fn init(path: &Path) -> Result<(), InitError> {
    let name = || path.display().to_string();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_dirs(folder).map_err(|error| InitError::Io(name(), error))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => InitError::Exists(name()),
        _ => InitError::Io(name(), error),
    })?;
    file.write_all(super::DEFAULT.as_bytes()).map_err(|error| InitError::Io(name(), error))
}

/// Writes a file whole or not at all, for the owner alone. What stood there before stays until the
/// new one is there.
///
/// # Errors
/// What the disk says.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_dirs(folder)?;
    // Such a file is 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Makes a directory and those above it, for the owner alone.
pub(super) fn private_dirs(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Whether others than the owner can read a file.
pub(super) fn is_open(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_wins_and_relative_paths_do_not_count() {
        let env = Env::of(&[("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "here")]);
        let paths = Paths::find(&env).expect("places");
        assert_eq!(paths.config, PathBuf::from("/c/salon/config.toml"));
        assert_eq!(paths.database(), PathBuf::from("/d/salon/salon.db"));
        assert_eq!(paths.state, PathBuf::from("/d/salon"));
        assert_eq!(Paths::find(&Env::of(&[("XDG_CONFIG_HOME", ".")])), None);
    }

    #[test]
    fn every_provider_has_a_file_of_its_own_below_the_cache() {
        let env = Env::of(&[("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "/e")]);
        let paths = Paths::find(&env).expect("places");
        let of = |name: &str| paths.models(name);
        assert_eq!(of("openrouter"), PathBuf::from("/e/salon/models/openrouter.json"));
        for name in ["..", ".", "a.b", "a:b", "lab"] {
            assert_eq!(of(name).parent(), Some(Path::new("/e/salon/models")), "{name}");
        }
        assert_ne!(of("a.b"), of("a:b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_the_owners_and_takes_the_place_of_the_old_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b.json");
        for text in ["one", "two"] {
            write_private(&path, text.as_bytes()).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(folder.path().join("a")).expect("a folder").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn init_writes_once_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/config.toml");
        init(&path).expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        std::fs::write(&path, "mine").expect("written over");
        assert!(matches!(init(&path), Err(InitError::Exists(_))));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "mine");
    }
}
