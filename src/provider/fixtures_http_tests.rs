//! Every recorded stream once more, now from a socket: whole, one byte at a time, split around
//! every edge of its frames, and with every kind of ending. What arrives is what the decoder alone
//! makes of the bytes. With `SALON_TEST_SLOW` every edge is a split, and a cut, of its own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::*;
use crate::chat::{FaultClass, Redactor};
use crate::provider::driver_tests::mock::{Framing, LAST_CHUNK, Mock, Request, Step, chunk, events_head};
use crate::provider::{Http, Pace, connect};

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// With its last chunk.
    LastChunk,
    /// With the whole of its length.
    Length,
    /// With the connection, which has no other mark.
    Close,
    /// Its last chunk never comes.
    NoLastChunk,
    /// It is shorter than its length.
    ShortOfLength,
    /// With a reset behind the last byte.
    Reset,
}

const ENDINGS: [Ending; 6] = [
    Ending::LastChunk,
    Ending::Length,
    Ending::Close,
    Ending::NoLastChunk,
    Ending::ShortOfLength,
    Ending::Reset,
];

impl Ending {
    fn framing(self) -> Framing {
        match self {
            Self::LastChunk | Self::NoLastChunk | Self::Reset => Framing::Chunked,
            Self::Length | Self::ShortOfLength => Framing::Length,
            Self::Close => Framing::Close,
        }
    }

    /// Whether HTTP itself says that the body is not whole.
    fn breaks(self) -> bool {
        matches!(self, Self::NoLastChunk | Self::ShortOfLength | Self::Reset)
    }
}

/// A recording, or its beginning, as it is sent once.
struct Case {
    name: String,
    expected: Value,
    pieces: Vec<Vec<u8>>,
    ending: Ending,
}

impl Case {
    fn new(recording: &(String, Vec<u8>, Value), pieces: Vec<Vec<u8>>, ending: Ending) -> Self {
        Self { name: recording.0.clone(), expected: recording.2.clone(), pieces, ending }
    }

    /// What the server does. A reset overtakes what was not read yet: it waits for that long.
    fn steps(&self, pause: Duration) -> Vec<Step> {
        let chunked = self.ending.framing() == Framing::Chunked;
        let length: usize = self.pieces.iter().map(Vec::len).sum();
        let missing = if self.ending == Ending::ShortOfLength { 9 } else { 0 };
        let mut steps = vec![Step::Send(events_head(self.ending.framing(), length + missing))];
        let pieces = self.pieces.iter().filter(|piece| !piece.is_empty());
        steps.extend(pieces.map(|piece| Step::Send(if chunked { chunk(piece) } else { piece.clone() })));
        match self.ending {
            Ending::LastChunk => steps.extend([Step::Send(LAST_CHUNK.to_vec()), Step::Next]),
            Ending::Length => steps.push(Step::Next),
            Ending::Close | Ending::NoLastChunk | Ending::ShortOfLength => steps.push(Step::Fin),
            Ending::Reset => steps.extend([Step::Sleep(pause), Step::Rst]),
        }
        steps
    }

    /// Whether that is what the decoder alone makes of the same pieces, but for the sentence about
    /// a way that broke.
    fn holds(&self, found: &Outcome) -> Result<(), String> {
        let pieces: Vec<&[u8]> = self.pieces.iter().map(Vec::as_slice).collect();
        let mut pure = decode(&mut *decoder(&self.expected), &pieces);
        let told = match (&found.fault, &mut pure.fault) {
            // The end of the connection is why it was cut, and the better sentence.
            (Some(found), Some(fault)) if self.ending.breaks() && found.cut => {
                let network = found.class == FaultClass::Network && !found.hint.is_empty();
                let unread = fault.cut || fault.class == FaultClass::Protocol;
                *fault = found.clone();
                network && unread
            }
            _ => true,
        };
        if told && *found == pure { Ok(()) } else { Err(format!("{found:#?}\nis not\n{pure:#?}")) }
    }
}

/// The places behind the frames of a stream.
fn edges(bytes: &[u8]) -> Vec<usize> {
    let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let framed = bytes.windows(2).any(|two| two == b"\n\n");
    let blank = |at: &usize| !framed || bytes[..*at].ends_with(b"\n\n");
    lines.filter(blank).collect()
}

/// The bytes, cut into pieces at those places.
fn split_at(bytes: &[u8], places: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places.filter(|place| *place < bytes.len()) {
        pieces.push(bytes[from..place.max(from)].to_vec());
        from = place.max(from);
    }
    pieces.push(bytes[from..].to_vec());
    pieces
}

fn slow() -> bool {
    std::env::var_os("SALON_TEST_SLOW").is_some()
}

/// The ways in which one recording is sent.
fn cases(recording: &(String, Vec<u8>, Value)) -> Vec<Case> {
    let bytes = &recording.1;
    let edges = edges(bytes);
    let whole = ENDINGS.map(|ending| Case::new(recording, vec![bytes.clone()], ending));
    let mut cases = Vec::from(whole);
    let single = bytes.iter().map(|byte| vec![*byte]).collect();
    cases.push(Case::new(recording, single, Ending::LastChunk));
    for shift in [-1, 0, 1] {
        let shifted: Vec<usize> = edges.iter().filter_map(|edge| edge.checked_add_signed(shift)).collect();
        // A chunk is a piece of its own, however the socket joins what is written.
        let pieces = split_at(bytes, shifted.iter().copied());
        cases.push(Case::new(recording, pieces, Ending::LastChunk));
        for place in shifted.iter().copied().filter(|place| slow() && *place <= bytes.len()) {
            cases.push(Case::new(recording, split_at(bytes, std::iter::once(place)), Ending::Close));
            let begun = || vec![bytes[..place].to_vec()];
            cases.extend(ENDINGS.map(|ending| Case::new(recording, begun(), ending)));
        }
    }
    // Cut inside of its first half, and where its last frame would begin.
    let last = edges.iter().rev().find(|edge| **edge < bytes.len()).copied().unwrap_or(bytes.len() - 1);
    for (place, ending) in
        [(bytes.len() / 2, Ending::Reset), (last, Ending::NoLastChunk), (last, Ending::Close)]
    {
        cases.push(Case::new(recording, vec![bytes[..place].to_vec()], ending));
    }
    cases
}

/// Asks the server for that case and collects what comes.
async fn fetch(case: &Case, address: String, http: &Http) -> Outcome {
    let mut endpoint = spoken(&case.expected);
    endpoint.base_url = address;
    let mut stream = connect(endpoint, http, Pace::NONE).stream(asked("lab/m"));
    let mut outcome = Outcome::default();
    while let Some(batch) = stream.next().await {
        match batch {
            Ok(events) => events.into_iter().for_each(|event| outcome.take(event)),
            Err(fault) => {
                assert!(outcome.finish.is_none() && outcome.fault.is_none(), "{}: one end", case.name);
                outcome.fault = Some(fault);
            }
        }
    }
    outcome
}

/// The number that the address of a request begins with.
fn number(request: &Request) -> usize {
    let path = request.head.split(' ').nth(1).unwrap_or_default();
    path.split('/').nth(1).and_then(|number| number.parse().ok()).expect("a number of a case")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recording_has_its_outcome_over_http() {
    let recordings = recordings();
    let all: Arc<Vec<Case>> = Arc::new(recordings.iter().flat_map(cases).collect());
    assert!(all.len() > recordings.len() * 10);
    let http = Http::new(Redactor::default());
    let mut left: Vec<usize> = (0..all.len()).collect();
    // A busy machine may read too late for a reset: what did not hold is played again, slower.
    for pause in [60, 600, 3_000].map(Duration::from_millis) {
        let played = Arc::clone(&all);
        let server = Mock::answering(Arc::new(move |request| played[number(request)].steps(pause)));
        let play = async |at: usize| {
            let case = &all[at];
            let found = fetch(case, format!("{}/{at}", server.url()), &http).await;
            let told = case.holds(&found);
            assert!(
                told.is_ok() || case.ending == Ending::Reset,
                "{} {:?}: {told:?}",
                case.name,
                case.ending
            );
            told.err().map(|why| (at, why))
        };
        let odd: Vec<(usize, String)> = futures_util::stream::iter(left)
            .map(play)
            .buffer_unordered(48)
            .filter_map(std::future::ready)
            .collect()
            .await;
        assert!(pause.as_secs() < 3 || odd.is_empty(), "{}: {odd:?}", all[odd[0].0].name);
        left = odd.into_iter().map(|(at, _)| at).collect();
    }
}
