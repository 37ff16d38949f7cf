//! What is told to the person: it stays for a while, never steals a key, and is never lost before
//! it could be read.

use std::time::Duration;
use std::time::Instant;

use crate::chat::Notice;
use crate::chat::Severity;

/// How long each kind stays.
const STAYS: [(Severity, Duration); 3] = [
    (Severity::Info, Duration::from_secs(4)),
    (Severity::Warning, Duration::from_secs(12)),
    (Severity::Error, Duration::from_secs(30)),
];

/// The notices that wait or are shown: the first one is shown.
#[derive(Debug, Default)]
pub struct Notices {
    queue: Vec<Notice>,
    until: Option<Instant>,
}

impl Notices {
    /// Tells something. What was only good to know gives way at once.
    pub fn tell(&mut self, notice: Notice, now: Instant) {
        if self.queue.first().is_some_and(|shown| shown.severity == Severity::Info) {
            self.queue.remove(0);
        }
        self.queue.retain(|old| *old != notice);
        if notice.severity == Severity::Info {
            self.queue.retain(|old| old.severity != Severity::Info);
            self.queue.insert(0, notice);
        } else {
            self.queue.push(notice);
        }
        self.until = self.queue.first().map(|shown| now + stays(shown));
    }

    /// What is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Notice> {
        self.queue.first()
    }

    /// When what is shown goes.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Lets go what had its time; says whether something went.
    pub fn expire(&mut self, now: Instant) -> bool {
        let due = self.until.is_some_and(|until| until <= now);
        if due {
            self.next(now);
        }
        due
    }

    /// Closes what is shown; says whether there was something.
    pub fn dismiss(&mut self, now: Instant) -> bool {
        let some = !self.queue.is_empty();
        self.next(now);
        some
    }

    fn next(&mut self, now: Instant) {
        if !self.queue.is_empty() {
            self.queue.remove(0);
        }
        self.until = self.queue.first().map(|shown| now + stays(shown));
    }
}

fn stays(notice: &Notice) -> Duration {
    STAYS.iter().find(|(kind, _)| *kind == notice.severity).map_or(Duration::from_secs(4), |(_, time)| *time)
}
