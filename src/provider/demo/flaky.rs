//! The model that fails on purpose, so that people and tests can see how salon behaves when a
//! provider does. A word in the prompt chooses how; without one it goes round by turns.

use std::sync::atomic::Ordering;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::provider::demo::cue::Cue;
use crate::provider::demo::play::Beat;

/// One way to fail.
struct Failure {
    /// The words that choose it.
    words: &'static [&'static str],
    /// What it does.
    act: fn(&Cue) -> Vec<Beat>,
}

/// The first [`ROUND`] of these are what the turns go round by.
const FAILURES: &[Failure] = &[
    Failure { words: &["429", "rate", "limit", "retry"], act: refused_once },
    Failure { words: &["cut", "truncate", "disconnect"], act: cut },
    Failure { words: &["error", "500", "fail"], act: broken },
    Failure { words: &["well", "fine", "ok"], act: well },
    Failure { words: &["503", "overloaded", "down"], act: down },
    Failure { words: &["401", "key", "auth"], act: locked },
    Failure { words: &["stall", "hang", "timeout"], act: stall },
    Failure { words: &["panic", "crash"], act: panics },
];
const ROUND: usize = 4;

const MENU: &str = "Say a word to choose what happens next:\n\n\
    | word | what happens |\n|---|---|\n\
    | `429` | the first request is refused, the second goes through |\n\
    | `503` | every request is refused |\n\
    | `401` | the key is refused, which no retry can help |\n\
    | `cut` | the line is cut in the middle of the reply |\n\
    | `error` | the provider fails in the middle of the reply |\n\
    | `stall` | it falls silent, until patience runs out |\n\
    | `panic` | its task breaks, as by a fault of salon's own |\n\n\
    Without one, it goes round by turns.";

const HALF: &str = "This reply begins well. It has a first sentence, and a second one that says a little more. \
    It has a list, too:\n\n1. what was said so far is kept,\n2. it is billed as far as known,\n3. and ";

/// What it answers.
pub(super) fn act(cue: &Cue) -> Vec<Beat> {
    let chosen = FAILURES.iter().find(|failure| failure.words.iter().any(|word| cue.has_word(word)));
    let by_turn = || FAILURES.get(cue.turn() % ROUND);
    chosen.or_else(by_turn).map_or_else(Vec::new, |failure| (failure.act)(cue))
}

fn refused_once(cue: &Cue) -> Vec<Beat> {
    if cue.refusals.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
        let text = "**Refused once, answered now.** The first request got a 429 with a `retry-after`; salon waited \
            and asked again, because nothing had been shown yet. Both attempts are in the ledger.\n\n";
        return vec![Beat::Say(text.into()), Beat::Say(MENU.into())];
    }
    let mut fault =
        Fault::new(FaultClass::Rate, "too many requests; this demo model refuses the first one on purpose")
            .hint("Ask again: then it goes through.")
            .retryable();
    fault.http_status = Some(429);
    fault.retry_after_ms = Some(1200);
    fail(fault)
}

fn down(_: &Cue) -> Vec<Beat> {
    let mut fault =
        Fault::new(FaultClass::Provider, "the server is overloaded; this demo model stays so on purpose")
            .hint("Ask again later: nothing else helps. The other panes go on.")
            .retryable();
    fault.http_status = Some(503);
    fail(fault)
}

fn locked(_: &Cue) -> Vec<Beat> {
    let mut fault = Fault::new(FaultClass::Auth, "this demo model has no key, and says so on purpose")
        .hint("With a real provider: check the key, as in salon config check.");
    fault.http_status = Some(401);
    fail(fault)
}

fn cut(_: &Cue) -> Vec<Beat> {
    let fault = Fault::cut("the connection was lost in the middle of the reply, on purpose")
        .hint("Ask again: that makes another version beside this one.");
    vec![Beat::Say(HALF.into()), Beat::Fail(Box::new(fault))]
}

fn broken(_: &Cue) -> Vec<Beat> {
    let fault = Fault::new(FaultClass::Provider, "internal error in the middle of the reply, on purpose")
        .hint("Ask again: that makes another version beside this one.");
    vec![Beat::Say(HALF.into()), Beat::Fail(Box::new(fault))]
}

fn stall(cue: &Cue) -> Vec<Beat> {
    let seconds = cue.patience.as_secs();
    let fault = Fault::new(FaultClass::Timeout, format!("nothing came for {seconds} s, on purpose"))
        .hint("Stop such a reply sooner, or ask again.");
    vec![Beat::Say(HALF.into()), Beat::Wait(cue.patience), Beat::Fail(Box::new(fault))]
}

/// A fault of the program itself: it has to end this reply, and nothing else.
#[allow(clippy::panic, reason = "to show that a panic in one seat leaves the others alone")]
fn panics(_: &Cue) -> Vec<Beat> {
    panic!("this demo model panics on purpose")
}

fn well(_: &Cue) -> Vec<Beat> {
    vec![Beat::Say("For once, all went well.\n\n".into()), Beat::Say(MENU.into())]
}

fn fail(fault: Fault) -> Vec<Beat> {
    vec![Beat::Fail(Box::new(fault))]
}
