//! Looks at the database without changing it: whether it is salon's, of which version, and sound.

use std::path::Path;

use crate::store::schema;
use crate::store::schema::Kind;

/// What a look at the file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The steps of the schema that it has.
    pub schema: usize,
    /// The version of SQLite.
    pub sqlite: String,
    /// Its size.
    pub bytes: u64,
}

/// Looks through the file. `None` when there is none yet.
///
/// # Errors
/// What is wrong with it, in words.
pub fn examine(path: &Path) -> Result<Option<Examined>, String> {
    let Ok(meta) = std::fs::metadata(path) else { return Ok(None) };
    if meta.len() == 0 {
        return Ok(None);
    }
    let told = |error: rusqlite::Error| error.to_string();
    let conn = schema::connect_to_read(path).map_err(told)?;
    match schema::kind(&conn).map_err(told)? {
        Kind::Ours => {}
        Kind::Empty => return Ok(None),
        Kind::Newer(version) => return Err(format!("it was written by a newer salon (schema {version})")),
        Kind::Foreign => return Err("it is another program's".to_owned()),
        Kind::Damaged => return Err("it is damaged".to_owned()),
    }
    if let Some(why) = schema::check(&conn, true).map_err(told)? {
        return Err(format!("it is damaged: {why}"));
    }
    let schema = schema::steps_taken(&conn).map_err(told)?;
    Ok(Some(Examined { schema, sqlite: rusqlite::version().to_owned(), bytes: meta.len() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Millis;
    use crate::store::Place;
    use crate::store::Store;

    #[test]
    fn a_sound_file_a_broken_one_and_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("salon.db");
        assert_eq!(examine(&path), Ok(None));
        Store::open(Place::File(&path), Millis(1)).expect("opened").store.close();
        let found = examine(&path).expect("sound").expect("there");
        assert!(found.schema > 0 && found.bytes > 0 && found.sqlite.starts_with("3."), "{found:?}");
        let mut bytes = std::fs::read(&path).expect("read");
        for byte in bytes.iter_mut().skip(4096).step_by(3) {
            *byte = 0xa5;
        }
        std::fs::write(&path, bytes).expect("broken");
        assert!(examine(&path).is_err());
        std::fs::write(&path, "no database at all, but long enough to look like something".repeat(90))
            .expect("other");
        assert!(examine(&path).is_err());
    }
}
