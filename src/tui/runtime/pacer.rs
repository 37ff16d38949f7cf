//! When to draw. A pure clock-keeper: it is told what changed and when, and says when the next frame
//! is due. Keys and resizes draw at once; what streams is drawn at most 60 times a second; nothing
//! is drawn when nothing changed, so that an idle room has no timer at all.

use std::time::Duration;
use std::time::Instant;

/// Between two frames that only streams asked for.
const FRAME: Duration = Duration::from_micros(16_700);

/// How soon a change wants to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    Nothing,
    Soon,
    Now,
}

/// The pacer.
#[derive(Debug)]
pub struct Pacer {
    want: Want,
    last: Option<Instant>,
}

impl Pacer {
    /// A pacer that wants a first frame.
    pub fn new() -> Self {
        Self { want: Want::Now, last: None }
    }

    /// Something streamed.
    pub fn soon(&mut self) {
        self.want = self.want.max(Want::Soon);
    }

    /// A person did something.
    pub fn now(&mut self) {
        self.want = Want::Now;
    }

    /// When the next frame is due; `None` when there is nothing to draw.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        match (self.want, self.last) {
            (Want::Nothing, _) => None,
            (Want::Now, _) | (Want::Soon, None) => Some(now),
            (Want::Soon, Some(last)) => Some(now.max(last + FRAME)),
        }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.want = Want::Nothing;
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_has_no_timer() {
        let start = Instant::now();
        let mut pacer = Pacer::new();
        assert_eq!(pacer.due(start), Some(start), "the first frame");
        pacer.drawn(start);
        assert_eq!(pacer.due(start), None);
    }

    #[test]
    fn streams_are_paced_and_keys_are_not() {
        let start = Instant::now();
        let mut pacer = Pacer::new();
        pacer.drawn(start);
        pacer.soon();
        assert_eq!(pacer.due(start), Some(start + FRAME));
        let later = start + FRAME * 3;
        assert_eq!(pacer.due(later), Some(later), "a frame that is late is due now");
        pacer.now();
        assert_eq!(pacer.due(start), Some(start));
        pacer.soon();
        assert_eq!(pacer.due(start), Some(start), "a stream does not put off a key");
    }
}
