//! What opening makes of what it finds.

use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::time::Instant;

use proptest::prelude::*;

use super::fixture::Disk;
use super::fixture::NOW;
use super::fixture::begin;
use super::fixture::delta;
use super::fixture::dollars;
use super::fixture::end;
use super::fixture::head;
use super::fixture::turn;
use super::*;
use crate::chat::Ids;
use crate::chat::Notice;
use crate::chat::Severity;
use crate::chat::Source;

/// A database with a few turns, closed.
fn filled() -> Disk {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    for n in 0..20 {
        let start = turn(&mut ids, &room, &format!("prompt {n} {}", "x".repeat(300)));
        begin(&store, &start).wait().unwrap();
        for reply in &start.replies {
            store
                .finish(vec![delta(reply.reply, 0, "text")], end(reply, dollars(1, Source::Reported)))
                .wait()
                .unwrap();
        }
    }
    store.close();
    disk
}

fn texts(notices: &[Notice]) -> String {
    notices.iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// As after a crash: the next start looks through the file.
fn leave_a_dead_instance(disk: &Disk) {
    let conn = rusqlite::Connection::open(&disk.path).unwrap();
    conn.execute("INSERT INTO instance (id, pid, started) VALUES (?1, 1, 1)", [[7_u8; 16]]).unwrap();
}

#[test]
fn the_pragmas_are_set() {
    let disk = Disk::new();
    let store = disk.store();
    let read = |name: &'static str| {
        store
            .ask(move |book| {
                book.read(|conn| {
                    Ok(conn.query_row(&format!("PRAGMA {name}"), [], |row| {
                        row.get::<_, rusqlite::types::Value>(0)
                    })?)
                })
            })
            .wait()
            .unwrap()
    };
    for (name, value) in [
        ("synchronous", 1),
        ("busy_timeout", 5000),
        ("foreign_keys", 1),
        ("mmap_size", 0),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("secure_delete", 1),
        ("application_id", i64::from(schema::APPLICATION)),
        ("user_version", i64::try_from(schema::MIGRATIONS.len()).unwrap()),
    ] {
        assert_eq!(read(name), rusqlite::types::Value::Integer(value), "{name}");
    }
    assert_eq!(read("journal_mode"), rusqlite::types::Value::Text("wal".to_owned()));
    assert!(rusqlite::version_number() >= 3_051_003);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::MetadataExt;
    // The widest mask; what other tests create meanwhile is in directories of their own.
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    let disk = filled();
    let store = disk.store();
    store.remember("a", "b".to_owned()).wait().unwrap();
    let data = disk.path.parent().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(data), 0o700);
    assert_eq!(mode(&disk.locks()), 0o700);
    let mut seen = 0;
    for dir in [data, &disk.locks()] {
        for entry in
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            assert_eq!(mode(&entry), 0o600, "{}", entry.display());
            seen += 1;
        }
    }
    rustix::process::umask(mask);
    assert_eq!(seen, 5, "database, log, shared memory, two locks");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let disk = filled();
    std::fs::set_permissions(&disk.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(texts(&disk.open().notices).contains("chmod 600"));
}

#[test]
fn a_newer_or_a_foreign_file_is_left_alone() {
    let disk = filled();
    rusqlite::Connection::open(&disk.path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&disk.path).unwrap();
    let Err(StoreError::Newer(text)) = disk.try_open().map(drop) else { panic!("refused") };
    assert!(text.contains(&format!("schema 99; this one knows {}", schema::MIGRATIONS.len())), "{text}");
    assert_eq!(std::fs::read(&disk.path).unwrap(), before);

    let foreign = Disk::new();
    std::fs::create_dir_all(foreign.path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&foreign.path).unwrap().execute_batch("CREATE TABLE room (x)").unwrap();
    let before = std::fs::read(&foreign.path).unwrap();
    let Err(StoreError::Failed(text)) = foreign.try_open().map(drop) else { panic!("refused") };
    assert!(text.contains("another program"), "{text}");
    assert_eq!(std::fs::read(&foreign.path).unwrap(), before);
}

#[test]
fn an_empty_file_becomes_a_database() {
    let disk = Disk::new();
    std::fs::create_dir_all(disk.path.parent().unwrap()).unwrap();
    place::create(&disk.path).unwrap();
    disk.store().close();
    disk.store().close();
}

#[test]
fn where_nothing_can_be_written_it_works_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let in_its_place = dir.path().join("directory.db");
    std::fs::create_dir(&in_its_place).unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [in_its_place.as_path(), &file.join("salon.db"), std::path::Path::new("/proc/salon/salon.db")]
    {
        let opened = Store::open(Place::File(path), NOW).unwrap();
        let text = texts(&opened.notices);
        assert!(text.contains("nothing is saved") && text.contains(&*path.to_string_lossy()), "{text}");
        let mut ids = Ids::seeded(1);
        let room = head(&mut ids, "room");
        begin(&opened.store, &turn(&mut ids, &room, "?")).wait().unwrap();
        assert_eq!(opened.store.rooms(false).wait().unwrap().len(), 1);
        opened.store.close();
    }
}

#[test]
fn a_damaged_file_is_kept_and_a_new_one_begun() {
    type Damage = fn(&mut std::fs::File);
    let damages: [(&str, Damage); 3] = [
        ("zero header", |file| file.write_all(&[0; 100]).unwrap()),
        ("cut short", |file| file.set_len(8192).unwrap()),
        ("no database", |file| {
            file.set_len(0).unwrap();
            file.write_all(&b"once upon a time ".repeat(100)).unwrap();
        }),
    ];
    for (name, damage) in damages {
        let disk = filled();
        leave_a_dead_instance(&disk);
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&disk.path).unwrap();
        damage(&mut file);
        let before = std::fs::read(&disk.path).unwrap();
        let opened = disk.open();
        let aside = disk.files("salon.db.corrupt-20260102T000000Z");
        assert_eq!(aside.len(), 1, "{name}: {:?}", opened.notices);
        assert_eq!(opened.notices[0].severity, Severity::Error);
        assert!(opened.notices[0].text.contains(&*aside[0].to_string_lossy()), "{name}");
        assert_eq!(std::fs::read(&aside[0]).unwrap(), before, "{name}: kept as it was");
        assert!(opened.store.rooms(true).wait().unwrap().is_empty());
        opened.store.remember("a", "b".to_owned()).wait().unwrap();
        opened.store.close();
        disk.store().close();
    }
}

/// A letter of a table's text: no page of it is wrong, and no statement works any more.
#[test]
fn a_schema_that_is_not_ours_any_more_is_damage() {
    let table: [(&str, &[u8]); 3] =
        [("length(", b"lelgth("), ("prompt", b"promqt"), ("prompt", b"prom\xFFt")];
    for (from, to) in table {
        let disk = filled();
        disk.store().close();
        let mut bytes = std::fs::read(&disk.path).unwrap();
        let at: Vec<usize> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
        assert!(!at.is_empty(), "{from} is in the schema");
        at.iter().for_each(|at| bytes[*at..*at + to.len()].copy_from_slice(to));
        std::fs::write(&disk.path, bytes).unwrap();
        let opened = disk.open();
        assert!(texts(&opened.notices).contains("is damaged"), "{from}: {:?}", opened.notices);
        opened.store.remember("a", "b".to_owned()).wait().unwrap();
    }
    let disk = filled();
    disk.store().close();
    rusqlite::Connection::open(&disk.path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let opened = disk.open();
    assert!(opened.notices.is_empty(), "a table of the user's is no damage: {:?}", opened.notices);
}

#[test]
fn the_log_of_another_database_is_not_taken_in_unseen() {
    let (disk, other) = (filled(), filled());
    let store = other.store();
    store.remember("a", "b".repeat(50_000)).wait().unwrap();
    std::fs::copy(place::beside(&other.path, "-wal"), place::beside(&disk.path, "-wal")).unwrap();
    let opened = disk.open();
    let sound =
        opened.notices.is_empty() && opened.store.rooms(true).wait().is_ok_and(|rooms| rooms.len() == 1);
    assert!(sound || !disk.files(".corrupt-").is_empty(), "{:?}", opened.notices);
}

#[test]
fn a_damaged_file_that_another_has_open_is_not_renamed() {
    let disk = filled();
    let first = disk.store();
    leave_a_dead_instance(&disk);
    let mut file = std::fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    file.write_all(&[0; 100]).unwrap();
    let second = disk.open();
    assert!(disk.files(".corrupt-").is_empty());
    assert!(texts(&second.notices).contains("another salon has it open"), "{:?}", second.notices);
    first.close();
}

#[test]
fn a_start_with_a_thousand_turns() {
    let disk = Disk::new();
    let mut ids = Ids::seeded(1);
    let store = disk.store();
    let room = head(&mut ids, "room");
    let mut last = None;
    for n in 0..1000 {
        let start = turn(&mut ids, &room, &format!("prompt {n}"));
        drop(begin(&store, &start));
        for reply in &start.replies {
            let text = vec![delta(reply.reply, 0, &"word ".repeat(300))];
            last = Some(store.finish(text, end(reply, dollars(1, Source::Reported))));
        }
    }
    // Closing waits for a while only; here every write counts.
    last.expect("a write").wait().expect("written");
    store.close();
    let size = std::fs::metadata(&disk.path).unwrap().len();
    for _ in 0..3 {
        let began = Instant::now();
        let store = disk.store();
        let opened = began.elapsed();
        let lineup = store.remembered("lineup").wait();
        let ready = began.elapsed();
        let turns = store.load_room(WhichRoom::Last).wait().unwrap().turns.len();
        println!(
            "{turns} turns, {size} bytes: open {opened:?}, first answer {ready:?}, loaded {:?}",
            began.elapsed()
        );
        assert_eq!((turns, lineup), (1000, Ok(None)));
        store.close();
    }
    let start = turn(&mut ids, &room, "?");
    let store = disk.store();
    begin(&store, &start).wait().unwrap();
    let began = Instant::now();
    for seq in 0..1000 {
        let piece = |reply: &ReplyStart| delta(reply.reply, seq, "some words of a tick ");
        store.append(start.replies.iter().map(piece).collect()).wait().unwrap();
    }
    println!("1000 commits of two deltas: {:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever bytes are changed: it opens, or refuses and touches nothing; what was there is there still or aside.
    #[test]
    fn flipped_bytes_never_destroy(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200)) {
        let disk = filled();
        leave_a_dead_instance(&disk);
        let size = std::fs::metadata(&disk.path).unwrap().len();
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&disk.path).unwrap();
        for (place, byte) in flips {
            file.seek(SeekFrom::Start(u64::try_from(place.index(usize::try_from(size).unwrap())).unwrap())).unwrap();
            file.write_all(&[byte]).unwrap();
        }
        let mut before = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut before).unwrap();
        match disk.try_open() {
            Ok(opened) => {
                let aside = disk.files("corrupt-");
                if let Some(aside) = aside.iter().find(|path| !path.to_string_lossy().ends_with('l') && !path.to_string_lossy().ends_with('m')) {
                    prop_assert!(texts(&opened.notices).contains("is damaged"));
                    prop_assert!(std::fs::read(aside).unwrap().len() >= before.len().min(4096));
                    opened.store.remember("a", "b".to_owned()).wait().unwrap();
                } else {
                    // Sound enough to pass the check, or in memory: any answer but a crash of the thread.
                    prop_assert!(opened.store.rooms(true).wait() != Err(StoreError::Closed));
                    prop_assert!(opened.store.load_room(WhichRoom::Last).wait() != Err(StoreError::Closed));
                }
                opened.store.close();
            }
            Err(error) => {
                prop_assert!(matches!(error, StoreError::Newer(_) | StoreError::Failed(_)), "{error:?}");
                prop_assert_eq!(std::fs::read(&disk.path).unwrap(), before);
            }
        }
    }
}
