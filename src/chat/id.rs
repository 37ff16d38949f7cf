//! Ids: what a thing is called, never where it stands. Ids are time-ordered (UUIDv7) and minted by
//! the door that asks, from a source that tests can seed. A seat's id is an ordinal of its room.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Milliseconds since 1970-01-01T00:00:00Z, by the wall clock. For what is stored and shown;
/// durations are measured with [`std::time::Instant`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// The wall clock now.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

uuid_id!(
    /// A room.
    RoomId
);
uuid_id!(
    /// A turn of a room.
    TurnId
);
uuid_id!(
    /// One reply of one seat in one turn.
    ReplyId
);
uuid_id!(
    /// One reply while it is in flight.
    RunId
);

/// A seat: an ordinal that is unique in its room and never used again. It is the number of the
/// pane and the `seat` of the JSON, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatId(pub u32);

impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where ids come from: the clock and the system's randomness, or a counter in tests.
pub struct Ids(Box<dyn FnMut() -> Uuid + Send>);

impl Ids {
    /// Time-ordered ids from the clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Box::new(Uuid::now_v7))
    }

    /// Ids that are the same on every run: a counter, well formed as UUIDv7.
    #[cfg(test)]
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut next = u128::from(seed) << 20;
        Self(Box::new(move || {
            next += 1;
            Uuid::from_u128((next << 80) | 0x7000_8000_0000_0000_0000 | (next & 0xffff))
        }))
    }

    /// A new room id.
    pub fn room(&mut self) -> RoomId {
        RoomId((self.0)())
    }

    /// A new turn id.
    pub fn turn(&mut self) -> TurnId {
        TurnId((self.0)())
    }

    /// A new reply id.
    pub fn reply(&mut self) -> ReplyId {
        ReplyId((self.0)())
    }

    /// A new run id.
    pub fn run(&mut self) -> RunId {
        RunId((self.0)())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_differ_and_repeat() {
        let (mut a, mut b) = (Ids::seeded(1), Ids::seeded(1));
        let first = a.run();
        assert_eq!(first, b.run());
        let second = a.run();
        assert_ne!(first, second);
        assert!(second > first, "ids sort by when they were minted");
        assert_eq!(second.0.get_version_num(), 7);
    }
}
