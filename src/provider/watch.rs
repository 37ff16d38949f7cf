//! When to give up on a stream (safety R35): two clocks, one wound by any byte, one by payload
//! alone. A server that sends only comments is given longer, but not for ever.
//!
//! Pure: time is a parameter, and it is monotonic.

use std::time::Duration;
use std::time::Instant;

use crate::chat::Timeouts;
use crate::provider::Pulse;

/// Which clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Not a byte came.
    Transport,
    /// Nothing of the reply came.
    Payload,
    /// Only signs of life came.
    OnlyKeepAlive,
}

/// The clocks of one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    timeouts: Timeouts,
    last_byte: Instant,
    last_payload: Instant,
    /// Whether a sign of life came since the last payload.
    alive: bool,
    pulse: Pulse,
}

impl Watch {
    /// Clocks that start now.
    pub(super) fn new(timeouts: Timeouts, now: Instant) -> Self {
        Self { timeouts, last_byte: now, last_payload: now, alive: false, pulse: Pulse::default() }
    }

    /// Bytes came, after which the decoder had seen that much.
    pub(super) fn bytes(&mut self, pulse: Pulse, now: Instant) {
        self.last_byte = now;
        if pulse.payloads != self.pulse.payloads {
            self.last_payload = now;
            self.alive = false;
        } else if pulse.idles != self.pulse.idles {
            self.alive = true;
        }
        self.pulse = pulse;
    }

    /// Nothing was read for a while for a reason of ours.
    pub(super) fn rested(&mut self, time: Duration) {
        self.last_byte += time;
        self.last_payload += time;
    }

    /// When to give up, and what to say then.
    pub(super) fn deadline(&self) -> (Instant, Silence) {
        let transport = (self.last_byte + self.timeouts.transport_idle, Silence::Transport);
        let payload = if self.alive {
            (self.last_payload + self.timeouts.keepalive_idle, Silence::OnlyKeepAlive)
        } else {
            (self.last_payload + self.timeouts.payload_idle, Silence::Payload)
        };
        if payload.0 < transport.0 { payload } else { transport }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes when, in seconds; and when it ends, and how.
    type Row = (&'static [(u64, u64, u64)], u64, Silence);

    #[test]
    fn payload_winds_both_clocks_and_comments_only_one() {
        let table: &[Row] = &[
            (&[], 60, Silence::Transport),
            (&[(50, 1, 0)], 110, Silence::Transport),
            // Bytes of a frame that never ends.
            (&[(50, 0, 0), (100, 0, 0)], 120, Silence::Payload),
            // Comments every half minute.
            (&[(30, 0, 1), (60, 0, 2), (90, 0, 3)], 150, Silence::Transport),
            (&[(590, 0, 20)], 600, Silence::OnlyKeepAlive),
            // A payload after comments starts anew.
            (&[(590, 0, 20), (595, 1, 20), (640, 1, 20)], 700, Silence::Transport),
            (&[(590, 0, 20), (595, 1, 20), (640, 1, 20), (690, 1, 20)], 715, Silence::Payload),
        ];
        for (pieces, expected, silence) in table {
            let start = Instant::now();
            let mut watch = Watch::new(Timeouts::REMOTE, start);
            for (at, payloads, idles) in *pieces {
                watch.bytes(Pulse { payloads: *payloads, idles: *idles }, start + Duration::from_secs(*at));
            }
            assert_eq!(watch.deadline(), (start + Duration::from_secs(*expected), *silence), "{pieces:?}");
        }
    }

    #[test]
    fn time_in_which_we_did_not_read_is_not_held_against_the_server() {
        let start = Instant::now();
        let mut watch = Watch::new(Timeouts::REMOTE, start);
        watch.rested(Duration::from_secs(100));
        assert_eq!(watch.deadline(), (start + Duration::from_secs(160), Silence::Transport));
    }
}
