//! Files and directories: where they are, who can open them, and whether the database is sound.

use std::path::Path;

use crate::app::build::World;
use crate::cli::Check;
use crate::store;
use crate::text::Untrusted;

/// What there is to say of the user's files.
pub(super) fn checks(world: &World) -> Vec<Check> {
    let Some(paths) = &world.paths else {
        return vec![Check::wrong(
            "files",
            "this user has no home: nothing is saved and no key is kept",
            "set HOME, or XDG_CONFIG_HOME and XDG_DATA_HOME",
        )];
    };
    let mut checks = Vec::new();
    checks.push(match &world.loaded.source {
        Some(_) => Check::well("config", format!("is read{}", mode_of(&paths.config))),
        None => {
            Check::well("config", format!("{} is not there; everything is as built in", name(&paths.config)))
        }
    });
    checks.push(folder("data", &paths.data));
    checks.push(keys(world));
    let database = paths.database();
    checks.push(match store::examine(&database) {
        Ok(None) => Check::well("database", format!("{} is not there yet", name(&database))),
        Ok(Some(found)) => Check::well(
            "database",
            format!(
                "{} is sound: schema {}, {} kB, SQLite {}{}",
                name(&database),
                found.schema,
                found.bytes.div_ceil(1024),
                found.sqlite,
                mode_of(&database)
            ),
        ),
        Err(why) => Check::wrong(
            "database",
            format!("{}: {why}", name(&database)),
            "salon sets a damaged file aside and begins a new one; keep a copy first",
        ),
    });
    checks
}

fn keys(world: &World) -> Check {
    let Some(file) = world.credentials() else { return Check::well("keys", "none are kept") };
    match file.aliases() {
        Err(error) => Check::wrong("keys", error.tried, error.hint),
        Ok(kept) if kept.is_empty() => Check::well("keys", "none are kept; salon login PROVIDER keeps one"),
        Ok(kept) => {
            let names: Vec<String> = kept
                .iter()
                .flat_map(|(provider, aliases)| {
                    aliases.iter().map(move |alias| format!("{provider}/{alias}"))
                })
                .collect();
            Check::well(
                "keys",
                format!("{} hold {}{}", name(file.path()), names.join(", "), mode_of(file.path())),
            )
        }
    }
}

/// A directory that others can write to lets them put another file in the place of any in it.
fn folder(about: &str, path: &Path) -> Check {
    match mode(path) {
        Some(mode) if mode & 0o022 != 0 => Check::wrong(
            about,
            format!("others can write to {} (mode {mode:03o})", name(path)),
            format!("chmod 700 {}", name(path)),
        ),
        Some(mode) => Check::well(about, format!("{} (mode {mode:03o})", name(path))),
        None => Check::well(about, format!("{} is made when it is needed", name(path))),
    }
}

fn name(path: &Path) -> String {
    Untrusted::from(path.display().to_string()).line().into_owned()
}

fn mode_of(path: &Path) -> String {
    mode(path).map_or_else(String::new, |mode| format!(" (mode {mode:03o})"))
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}
