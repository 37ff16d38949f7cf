//! Files and directories of the store. They are created with the modes that they keep: 0600 and 0700,
//! never changed afterwards (safety R58). Nothing here knows what is in them.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::chat::Millis;

/// Creates a directory with its parents; those that are new are 0700.
pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Opens a file for writing; creates it 0600 when it is not there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = private();
    options.create(true).truncate(false);
    options.open(path)
}

/// Opens a file as [`create`], with nothing in it.
pub(super) fn create_empty(path: &Path) -> io::Result<File> {
    let mut options = private();
    options.create(true).truncate(true);
    options.open(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether others than the owner can read or write the file.
#[cfg(unix)]
pub(super) fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0)
}

/// Whether others than the owner can read or write the file; not known here.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Path) -> bool {
    false
}

/// The name with something added to it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether SQLite left a write-ahead log with something in it.
pub(super) fn has_wal(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).is_ok_and(|meta| meta.len() > 0)
}

/// Renames a damaged database, with its log, to `….corrupt-<time>` and answers the new name.
pub(super) fn set_aside(path: &Path, now: Millis) -> io::Result<PathBuf> {
    let time = jiff::Timestamp::from_millisecond(now.0)
        .map_or_else(|_| now.0.to_string(), |time| time.strftime("%Y%m%dT%H%M%SZ").to_string());
    let mut aside = beside(path, &format!(".corrupt-{time}"));
    for n in 2.. {
        if !aside.try_exists()? {
            break;
        }
        aside = beside(path, &format!(".corrupt-{time}-{n}"));
    }
    std::fs::rename(path, &aside)?;
    for part in ["-wal", "-shm"] {
        let from = beside(path, part);
        if from.try_exists()? {
            std::fs::rename(from, beside(&aside, part))?;
        }
    }
    Ok(aside)
}
