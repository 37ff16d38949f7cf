//! `salon ask`: one prompt to one or more models, without a screen. It submits to the engine as
//! every door does and prints what the engine tells; it bills nothing and stores nothing itself.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Ids;
use crate::chat::Media;
use crate::chat::Millis;
use crate::chat::Pico;
use crate::chat::RunId;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::chat::ToolCall;
use crate::chat::Turn;
use crate::chat::own_history;
use crate::chat::short_usd;
use crate::cli::answer::About;
use crate::cli::answer::Printer;
use crate::cli::args::AskFormat;
use crate::cli::out::Out;
use crate::engine::Ask;
use crate::engine::Engine;
use crate::engine::Inlet;
use crate::engine::Job;
use crate::engine::Outcome;
use crate::engine::RunEvent;
use crate::engine::RunEventKind;
use crate::engine::SaveState;
use crate::engine::mailbox;
use crate::store::RoomHead;
use crate::text::Untrusted;

/// How long what was stopped may take to be written down.
const BOOKS: Duration = Duration::from_secs(5);

/// Longer than any reply takes.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Exit status when a budget refused everything.
const REFUSED: u8 = 4;

/// What is asked, ready to be sent.
pub struct Asking {
    /// The engine.
    pub engine: Engine,
    /// The room, with its seats.
    pub room: RoomHead,
    /// What was said in it before.
    pub past: Vec<Turn>,
    /// The prompt.
    pub prompt: String,
    /// What goes along with it.
    pub attachments: Vec<Media>,
    /// How each seat is paid for.
    pub tariffs: Vec<(SeatId, Tariff)>,
    /// Where ids come from.
    pub ids: Ids,
    /// The most that it may cost.
    pub max_cost: Option<Pico>,
    /// When what has not ended is stopped.
    pub timeout: Option<Duration>,
    /// What is printed.
    pub format: AskFormat,
    /// Whether replies are printed byte for byte.
    pub raw: bool,
}

/// One seat's reply as it comes.
pub(super) struct Answer {
    pub run: RunId,
    pub seat: Seat,
    pub text: Untrusted,
    pub thinking: Untrusted,
    pub tool_calls: Vec<ToolCall>,
    pub outcome: Option<Outcome>,
}

impl Answer {
    /// Where it ended.
    pub fn status(&self) -> Option<Status> {
        self.outcome.as_ref().map(|outcome| outcome.status)
    }

    /// Why it failed, when it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.outcome.as_ref().and_then(|outcome| outcome.fault.as_ref())
    }

    fn take(&mut self, kind: &RunEventKind) {
        match kind {
            RunEventKind::Text(text) => self.text.push(text),
            RunEventKind::Thinking(text) => self.thinking.push(text),
            RunEventKind::Part(part) => self.text.push(&set_apart(&self.text, part)),
            RunEventKind::ToolCall(call) => self.tool_calls.push(call.clone()),
            RunEventKind::Finished(outcome) => self.outcome = Some((**outcome).clone()),
            _ => {}
        }
    }
}

/// A part that is no text of the reply (a refusal, an image) stands on a line of its own.
pub(super) fn set_apart(before: &Untrusted, part: &Untrusted) -> Untrusted {
    let gap = if before.is_empty() || before.raw().ends_with('\n') { "" } else { "\n" };
    Untrusted::from(format!("{gap}{}\n", part.raw()))
}

/// Why it ended before every seat had answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It did not: every seat came to its own end.
    Own,
    /// A signal: the exit status that it has.
    Signal(u8),
    /// The time was up.
    Timeout,
    /// Nobody reads what is printed.
    Unread,
}

/// Asks, prints, and gives the exit status. The ledger is complete when it returns.
pub async fn run(asking: Asking, out: &mut Out) -> u8 {
    let Asking { engine, room, past, prompt, attachments, tariffs, mut ids, max_cost, timeout, format, raw } =
        asking;
    let turn = ids.turn();
    let asked: Vec<Seat> = room.seats.iter().filter(|seat| !seat.muted).cloned().collect();
    let parent = past.last().map(|turn| turn.id);
    let mut turns = past;
    turns.push(Turn {
        id: turn,
        parent,
        at: Millis::now(),
        prompt: prompt.clone(),
        attachments: attachments.clone(),
        targets: asked.iter().map(|seat| seat.id).collect(),
        replies: Vec::new(),
        chosen: Vec::new(),
    });
    let mut asks = Vec::new();
    for seat in asked {
        let messages = own_history(&seat, &turns, turn);
        asks.push(Ask { run: ids.run(), reply: ids.reply(), sibling: 1, seat, messages: messages.into() });
    }
    if let Some(limit) = max_cost
        && let Err(why) = within(&engine, &asks, &tariffs, limit)
    {
        out.tell(&format!("salon: {why}"));
        return REFUSED;
    }
    let answers: Vec<Answer> = asks.iter().map(answer).collect();
    let printer = Printer::new(format, raw, answers.len(), out);
    let mut desk = Desk { answers, printer, out };
    let (outlet, inlet) = mailbox();
    let about = About { prompt: prompt.clone(), room: room.name.clone(), turn };
    engine.submit(Job::Turn { room, turn, parent, prompt, attachments, asks }, outlet);
    let end = desk.listen(&engine, inlet, timeout).await;
    desk.finish(&about, end)
}

fn answer(ask: &Ask) -> Answer {
    Answer {
        run: ask.run,
        seat: ask.seat.clone(),
        text: Untrusted::default(),
        thinking: Untrusted::default(),
        tool_calls: Vec::new(),
        outcome: None,
    }
}

/// Where replies come in and are printed.
struct Desk<'a> {
    answers: Vec<Answer>,
    printer: Printer,
    out: &'a mut Out,
}

impl Desk<'_> {
    /// Takes events until every seat has ended. A signal, the time limit and a reader that goes
    /// away stop the requests; the ends are still waited for, because they are what is billed.
    async fn listen(&mut self, engine: &Engine, mut inlet: Inlet, timeout: Option<Duration>) -> End {
        let mut until = Instant::now() + timeout.unwrap_or(FAR);
        let mut end = End::Own;
        let mut events: Vec<RunEvent> = Vec::new();
        let mut signals = Signals::new();
        while self.answers.iter().any(|answer| answer.outcome.is_none()) {
            let stop = tokio::select! {
                biased;
                code = signals.next() => Some(End::Signal(code)),
                got = inlet.recv_many(&mut events) => {
                    events.drain(..).for_each(|event| self.take(&event));
                    if got.is_none() {
                        return end;
                    }
                    self.out.is_over().then_some(End::Unread)
                }
                () = tokio::time::sleep_until(until) => Some(End::Timeout),
            };
            let Some(stop) = stop else { continue };
            match end {
                End::Own => {
                    end = stop;
                    engine.cancel_all();
                    until = Instant::now() + BOOKS;
                }
                // A second signal, or books that do not close in time: leave now.
                _ if stop != End::Unread => return end,
                _ => {}
            }
        }
        end
    }

    fn take(&mut self, event: &RunEvent) {
        let Some(at) = self.answers.iter().position(|answer| answer.run == event.run) else { return };
        match &event.kind {
            RunEventKind::Retry { attempt, after_ms, why } => {
                let model =
                    self.answers.get(at).map(|answer| answer.seat.model.to_string()).unwrap_or_default();
                let (model, pause) = (Untrusted::from(model), after_ms.div_ceil(1000));
                let why = why.to_string();
                let why = why.trim_end_matches('.');
                self.out.tell(&format!("salon: {}: {why}; attempt {attempt} in {pause} s", model.line()));
            }
            RunEventKind::Queued { why, for_ms: Some(ms) } => {
                let model =
                    self.answers.get(at).map(|answer| answer.seat.model.to_string()).unwrap_or_default();
                let (model, pause) = (Untrusted::from(model), ms.div_ceil(1000));
                let why = Untrusted::from(why.as_str());
                self.out.tell(&format!("salon: {}: waits {pause} s: {}", model.line(), why.line()));
            }
            RunEventKind::Note(words) => {
                let model =
                    self.answers.get(at).map(|answer| answer.seat.model.to_string()).unwrap_or_default();
                self.out.tell(&format!("salon: {}: {words}", Untrusted::from(model).line()));
            }
            RunEventKind::Save(SaveState::NotSaved(why)) => {
                self.out
                    .tell(&format!("salon: NOT SAVED: {why}; the replies go on, and saving is tried again"));
            }
            _ => {}
        }
        self.printer.event(at, &event.kind, &self.answers, self.out);
        if let Some(answer) = self.answers.get_mut(at) {
            answer.take(&event.kind);
        }
        self.printer.after(&self.answers, self.out);
    }

    /// Prints what is still missing, says what failed, and gives the exit status.
    fn finish(&mut self, about: &About, end: End) -> u8 {
        self.printer.finish(about, &self.answers, end, self.out);
        for answer in &self.answers {
            tell_end(answer, self.out);
        }
        if end == End::Timeout {
            self.out.tell("salon: the time of --timeout was up; what had come by then was kept");
        }
        status(&self.answers, end)
    }
}

/// SIGINT and SIGTERM, as the exit status that they have.
struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn new() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) -> u8 {
        async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.interrupt) => 130,
            () = one(&mut self.terminate) => 143,
        }
    }
}

/// Whether it cannot cost more than the limit. Play money does not count.
fn within(engine: &Engine, asks: &[Ask], tariffs: &[(SeatId, Tariff)], limit: Pico) -> Result<(), String> {
    let mut sum = Pico::ZERO;
    for ask in asks {
        let of_seat = tariffs.iter().find(|(seat, _)| *seat == ask.seat.id).map(|(_, tariff)| *tariff);
        if of_seat.is_some_and(|tariff| tariff == Tariff::Play || tariff.is_nothing()) {
            continue;
        }
        let most = engine.estimate(&ask.seat, &ask.messages).at_most.ok_or_else(|| {
            format!(
                "what {} can cost at most is not known, so --max-cost cannot hold; nothing was sent.\n\
                 Give it a price in the config, and a limit, as in --param max_tokens=1000.",
                Untrusted::from(ask.seat.model.to_string()).line()
            )
        })?;
        sum = sum.plus(most).ok_or("it could cost more than can be counted; nothing was sent")?;
    }
    if sum <= limit {
        return Ok(());
    }
    let (most, limit) = (short_usd(i128::from(sum.0)), short_usd(i128::from(limit.0)));
    Err(format!("it could cost {most}, and --max-cost is {limit}; nothing was sent"))
}

/// Says on standard error why a seat has no reply: what happened and what to do, or that its model
/// had nothing to say.
fn tell_end(answer: &Answer, out: &mut Out) {
    let who = Untrusted::from(answer.seat.model.to_string());
    let Some(fault) = answer.fault() else {
        let silent = answer.text.is_empty() && answer.tool_calls.is_empty();
        if silent && answer.status() == Some(Status::Done) {
            out.tell(&format!("salon: {}: empty reply: the model sent no text", who.line()));
        }
        return;
    };
    let code = match fault.http_status {
        Some(code) => format!(" (HTTP {code})"),
        None if fault.unsent => " (nothing was sent)".to_owned(),
        None => String::new(),
    };
    let mut text = format!("salon: {}: {fault}{code}", who.line());
    if !fault.hint.is_empty() {
        text.push_str(&format!("\n  {}", fault.hint));
    }
    out.tell(&text);
}

/// The exit status: 0 every seat answered, 1 none did, 3 some did, 4 refused by a budget.
pub(super) fn status(answers: &[Answer], end: End) -> u8 {
    if let End::Signal(code) = end {
        return code;
    }
    let answered = answers.iter().filter(|answer| answer.status() == Some(Status::Done)).count();
    let refused = |answer: &Answer| answer.fault().is_some_and(|fault| fault.class == FaultClass::Budget);
    if !answers.is_empty() && answers.iter().all(refused) {
        return REFUSED;
    }
    match answered {
        0 => 1,
        n if n == answers.len() => 0,
        _ => 3,
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
