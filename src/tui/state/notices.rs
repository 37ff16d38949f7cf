//! What is told to the person: it stays for a while, never steals a key, and is never lost before
//! it could be read. What stands in the composer's border goes by itself; a box stays until a key
//! comes after its time, so that who was away reads it, and nothing moves while nobody does anything.

use std::time::Duration;
use std::time::Instant;

use crate::chat::Notice;
use crate::chat::Severity;

/// How long each kind stays at least.
const STAYS: [(Severity, Duration); 3] = [
    (Severity::Info, Duration::from_secs(4)),
    (Severity::Warning, Duration::from_secs(12)),
    (Severity::Error, Duration::from_secs(30)),
];

/// What was shown for so long was read, by who went on.
const READ: Duration = Duration::from_secs(2);

/// The notices that wait or are shown: the first one is shown.
#[derive(Debug, Default)]
pub struct Notices {
    queue: Vec<Notice>,
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Notices {
    /// What loaders have to tell: in their order, the first one first.
    #[must_use]
    pub fn at_start(notices: Vec<Notice>, now: Instant) -> Self {
        let mut all = Self { queue: notices, ..Self::default() };
        all.show(now);
        all
    }

    /// Tells something: it is shown at once, because it answers what was done last. What was shown
    /// comes again after it, unless it was only good to know or had time to be read.
    pub fn tell(&mut self, notice: Notice, now: Instant) {
        let read = self.since.is_some_and(|since| now.duration_since(since) >= READ);
        if self.queue.first().is_some_and(|shown| shown.severity == Severity::Info || read) {
            self.queue.remove(0);
        }
        self.queue.retain(|old| *old != notice);
        if notice.severity == Severity::Info {
            self.queue.retain(|old| old.severity != Severity::Info);
        }
        self.queue.insert(0, notice);
        self.show(now);
    }

    /// What is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Notice> {
        self.queue.first()
    }

    /// When what is shown had its time.
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
        self.show(now);
    }

    fn show(&mut self, now: Instant) {
        self.since = self.queue.first().map(|_| now);
        self.until = self.queue.first().map(|shown| now + stays(shown));
    }
}

fn stays(notice: &Notice) -> Duration {
    STAYS.iter().find(|(kind, _)| *kind == notice.severity).map_or(Duration::from_secs(4), |(_, time)| *time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_shown_and_nothing_unread_is_lost() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut notices = Notices::at_start(vec![Notice::warning("a"), Notice::warning("b")], start);
        let shown = |notices: &Notices| notices.shown().map(|notice| notice.text.clone());
        assert_eq!(shown(&notices).as_deref(), Some("a"));
        notices.tell(Notice::error("c"), at(100));
        assert_eq!(shown(&notices).as_deref(), Some("c"));
        notices.tell(Notice::info("d"), at(3000));
        assert_eq!(shown(&notices).as_deref(), Some("d"));
        notices.dismiss(at(3100));
        assert_eq!(shown(&notices).as_deref(), Some("a"), "the error had its time, a had not");
        assert!(notices.expire(at(60_000)));
        assert_eq!(shown(&notices).as_deref(), Some("b"));
        notices.dismiss(at(60_001));
        assert_eq!((shown(&notices), notices.until()), (None, None));
    }
}
