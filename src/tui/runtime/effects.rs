//! Carries out what `update` wants done in the world. Nothing here decides anything; what has an
//! answer comes back as a [`Report`].

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::chat::Notice;
use crate::chat::RoomId;
use crate::engine::Engine;
use crate::engine::Outlet;
use crate::store::Store;
use crate::store::UsageQuery;
use crate::tui::effect::Effect;
use crate::tui::effect::Lineup;
use crate::tui::effect::Logins;
use crate::tui::effect::Models;
use crate::tui::effect::News;
use crate::tui::effect::Report;
use crate::tui::runtime::clipboard::Choice;
use crate::tui::runtime::clipboard::Copied;
use crate::tui::runtime::clipboard::copy;

/// What effects are carried out with.
pub struct Hands {
    /// Asks models.
    pub engine: Engine,
    /// Where its events go.
    pub outlet: Outlet,
    /// Keeps everything.
    pub store: Store,
    /// Where answers go.
    pub reports: UnboundedSender<Report>,
    /// How to copy.
    pub clipboard: Choice,
    /// The user's days.
    pub zone: jiff::tz::TimeZone,
    /// The room that is open.
    pub room: RoomId,
    /// How seats are written down for the next new room.
    pub lineup: Lineup,
    /// How providers come into the room.
    pub logins: Arc<dyn Logins>,
    /// What is known of models.
    pub models: Arc<dyn Models>,
}

impl Hands {
    /// Carries out one effect, or gives back one that only the loop can: those that need the
    /// terminal or end the program.
    pub fn carry_out(&self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Submit(job) => self.engine.submit(job, self.outlet.clone()),
            Effect::Cancel(run) => self.engine.cancel(run),
            Effect::CancelAll => self.engine.cancel_all(),
            Effect::SaveDraft { room, draft } => {
                let pending = self.store.save_draft(room, draft);
                self.tell_failure(async move { pending.await.map(drop) }, "the draft is not saved");
            }
            Effect::Choose { turn, seat, reply } => {
                let pending = self.store.choose(turn, seat, reply);
                self.tell_failure(pending, "the version is not kept");
            }
            Effect::SaveRoom(room) => {
                let pending = self.store.save_room(room);
                self.tell_failure(async move { pending.await.map(drop) }, "the room is not saved");
            }
            Effect::Remember { key, value } => self.remember(key, value),
            Effect::Lineup(seats) => {
                self.remember("lineup", (self.lineup)(&seats));
                let (models, news) = (Arc::clone(&self.models), News::to(self.reports.clone()));
                let seated = seats.into_iter().map(|seat| seat.model).collect();
                tokio::task::spawn_blocking(move || models.seated(seated, &news));
            }
            Effect::SaveFile { name, text } => {
                let reports = self.reports.clone();
                tokio::task::spawn_blocking(move || {
                    let _ = reports.send(Report::Notice(save_file(Path::new("."), &name, &text)));
                });
            }
            Effect::Login(step) => {
                let reports = self.reports.clone();
                let tell = move |news| drop(reports.send(Report::Login(news)));
                self.logins.login(step, Box::new(tell));
            }
            Effect::Usage(queries) => self.ask_usage(queries),
            Effect::Spent => self.ask_spent(),
            other => return Some(other),
        }
        None
    }

    fn remember(&self, key: &'static str, value: String) {
        let pending = self.store.remember(key, value);
        self.tell_failure(async move { pending.await.map(drop) }, "the choice is not kept");
    }

    fn tell_failure<F>(&self, work: F, what: &'static str)
    where
        F: Future<Output = Result<(), crate::store::StoreError>> + Send + 'static,
    {
        let reports = self.reports.clone();
        tokio::spawn(async move {
            if let Err(error) = work.await {
                let _ = reports.send(Report::Notice(Notice::error(format!("{what}: {error}"))));
            }
        });
    }

    fn ask_usage(&self, queries: Vec<UsageQuery>) {
        let pending: Vec<_> = queries.into_iter().map(|query| self.store.usage(query)).collect();
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let mut answers = Vec::with_capacity(pending.len());
            for answer in pending {
                match answer.await {
                    Ok(report) => answers.push(report),
                    Err(error) => {
                        let text = format!("the ledger cannot be read: {error}");
                        let _ = reports.send(Report::Notice(Notice::error(text)));
                        return;
                    }
                }
            }
            let _ = reports.send(Report::Usage(answers));
        });
    }

    fn ask_spent(&self) {
        let today = self.store.spent(Some(start_of_day(&self.zone)), None);
        let room = self.store.spent(None, Some(self.room));
        let reports = self.reports.clone();
        tokio::spawn(async move {
            if let (Ok(today), Ok(room)) = (today.await, room.await) {
                let _ = reports.send(Report::Spent { today, room });
            }
        });
    }

    /// Copies on a thread of its own. The bytes for the terminal, if any, come to `to_terminal`.
    pub fn copy(&self, what: String, text: String, to_terminal: impl FnOnce(Vec<u8>) + Send + 'static) {
        let (reports, choice) = (self.reports.clone(), self.clipboard);
        tokio::task::spawn_blocking(move || {
            let size = text.chars().count();
            let notice = match copy(&text, choice, |name| std::env::var_os(name).is_some()) {
                Copied::By(way) => Notice::info(format!("copied {what} ({size} characters) with {way}")),
                Copied::ToTerminal(bytes) => {
                    to_terminal(bytes);
                    Notice::info(format!("sent {what} ({size} characters) to the terminal's clipboard"))
                }
                Copied::No(why) => Notice::warning(format!("{what} is not copied: {why}")),
            };
            let _ = reports.send(Report::Notice(notice));
        });
    }
}

/// Midnight of today in that zone.
fn start_of_day(zone: &jiff::tz::TimeZone) -> crate::chat::Millis {
    let now = jiff::Timestamp::now().to_zoned(zone.clone());
    let start = now.start_of_day().map_or(now.timestamp(), |day| day.timestamp());
    crate::chat::Millis(start.as_millisecond())
}

/// Writes a new file in `folder`, never over an old one: `name`, then `name-2`, …
fn save_file(folder: &Path, name: &str, text: &str) -> Notice {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    for n in 1..1000_u32 {
        let file = if n == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{n}.{ending}") };
        let path = folder.join(&file);
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut open) => {
                return match open.write_all(text.as_bytes()) {
                    Ok(()) => Notice::info(format!("saved {file} ({} bytes)", text.len())),
                    Err(error) => Notice::error(format!("{file} could not be written: {error}")),
                };
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Notice::error(format!("{file} could not be made here: {error}")),
        }
    }
    Notice::error(format!("{name} is there a thousand times already"))
}

/// The draft in the user's editor (`$VISUAL`, `$EDITOR`, `vi`), in a file only the user can read.
///
/// # Errors
/// When the editor cannot be started or fails: one sentence. The draft stays as it was.
pub fn edit(draft: &str) -> Result<String, String> {
    let named =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let command = named.unwrap_or_else(|| "vi".to_owned());
    let words = shlex::split(&command).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| format!("$EDITOR is no command: {command}"))?;
    let file = tempfile::Builder::new().prefix("salon-").suffix(".md").tempfile();
    let mut file = file.map_err(|error| format!("no file for the editor: {error}"))?;
    file.write_all(draft.as_bytes()).map_err(|error| format!("no file for the editor: {error}"))?;
    let path: PathBuf = file.path().to_owned();
    let (program, arguments) = words.split_first().ok_or("$EDITOR is empty")?;
    let status = Command::new(program).args(arguments).arg(&path).status();
    match status {
        Ok(status) if status.success() => {
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|error| format!("what the editor wrote cannot be read: {error}"))?;
            Ok(text.trim_end_matches('\n').to_owned())
        }
        Ok(status) => Err(format!("{program} ended with {status}; the draft is as it was")),
        Err(error) => Err(format!("{program} could not be started: {error}; set $EDITOR")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        for (n, name) in ["code.rs", "code-2.rs", "code-3.rs"].iter().enumerate() {
            let notice = save_file(folder.path(), "code.rs", &format!("text {n}"));
            assert!(notice.text.starts_with(&format!("saved {name}")), "{}", notice.text);
            let written = std::fs::read_to_string(folder.path().join(name)).expect("the file");
            assert_eq!(written, format!("text {n}"));
        }
    }
}
