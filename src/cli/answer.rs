//! How replies are printed: as text, as Markdown, as one JSON object, or as one event a line. One
//! seat's text streams; with several seats each reply is printed whole, in the order of the seats,
//! as soon as those before it are.

use serde_json::{Value, json};

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Status;
use crate::chat::Sum;
use crate::chat::ToolCall;
use crate::chat::TurnId;
use crate::cli::args::AskFormat;
use crate::cli::ask::Answer;
use crate::cli::ask::End;
use crate::cli::ask::set_apart;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::json::sum_usd;
use crate::cli::json::tokens;
use crate::cli::out::Out;
use crate::cli::out::Streaming;
use crate::engine::RunEventKind;
use crate::text::Untrusted;

/// What was asked, and where.
pub(super) struct About {
    pub prompt: String,
    pub room: String,
    pub turn: TurnId,
}

/// Prints the replies of one turn.
pub(super) struct Printer {
    format: AskFormat,
    raw: bool,
    /// The reply that streams, when there is but one seat and its text is what is printed.
    live: Option<Streaming>,
    /// How many replies are done with, and whether one of them was printed.
    printed: usize,
    begun: bool,
    /// Which seats were said to have started, for the lines of events.
    started: Vec<bool>,
}

impl Printer {
    pub fn new(format: AskFormat, raw: bool, seats: usize, out: &Out) -> Self {
        let live = (format == AskFormat::Text && seats == 1).then(|| Streaming::new(out, raw));
        Self { format, raw, live, printed: 0, begun: false, started: vec![false; seats] }
    }

    /// An event of the seat at that place, before it is added to the answer.
    pub fn event(&mut self, at: usize, kind: &RunEventKind, answers: &[Answer], out: &mut Out) {
        let Some(answer) = answers.get(at) else { return };
        if self.format == AskFormat::Jsonl {
            self.event_line(at, kind, answer, out);
        }
        let Some(live) = &mut self.live else { return };
        match kind {
            RunEventKind::Text(text) => live.push(text, out),
            RunEventKind::Part(part) => live.push(&set_apart(&answer.text, part), out),
            RunEventKind::ToolCall(call) => live.push(&call_text(call), out),
            _ => {}
        }
    }

    /// Prints the replies whose turn has come.
    pub fn after(&mut self, answers: &[Answer], out: &mut Out) {
        if self.live.is_some() || !matches!(self.format, AskFormat::Text | AskFormat::Md) {
            return;
        }
        while let Some(answer) = answers.get(self.printed).filter(|answer| answer.outcome.is_some()) {
            self.whole(answer, out);
            self.printed += 1;
        }
        out.flush();
    }

    /// The end: what is still missing, and the object.
    pub fn finish(&mut self, about: &About, answers: &[Answer], end: End, out: &mut Out) {
        if let Some(live) = &mut self.live {
            live.finish(out);
        }
        match self.format {
            AskFormat::Text | AskFormat::Md => {
                while let Some(answer) = answers.get(self.printed).filter(|_| self.live.is_none()) {
                    self.whole(answer, out);
                    self.printed += 1;
                }
            }
            AskFormat::Json | AskFormat::Jsonl => out.line(line(&whole_object(about, answers, end))),
        }
        out.flush();
    }

    /// A header and a reply. A seat that failed before any text has neither; standard error has it.
    fn whole(&mut self, answer: &Answer, out: &mut Out) {
        let silent = answer.text.is_empty() && answer.tool_calls.is_empty();
        if silent && answer.status() != Some(Status::Done) {
            return;
        }
        if self.begun {
            out.line("");
        }
        self.begun = true;
        let model = answer.seat.model.to_string();
        let head = match self.format {
            AskFormat::Md => format!("## {} · {}\n", answer.seat.id, Untrusted::from(model).line()),
            _ => format!("── {} · {} ──", answer.seat.id, Untrusted::from(model).line()),
        };
        out.line(head);
        let mut reply = Streaming::new(out, self.raw);
        match self.format {
            AskFormat::Md => reply.push(&Untrusted::from(answer.text.export().into_owned()), out),
            _ => reply.push(&answer.text, out),
        }
        for call in &answer.tool_calls {
            reply.push(&call_text(call), out);
        }
        reply.finish(out);
    }

    fn event_line(&mut self, at: usize, kind: &RunEventKind, answer: &Answer, out: &mut Out) {
        let seat = ("seat", json!(answer.seat.id.0));
        let text = |name: &str, text: &Untrusted| {
            object([("type", json!(name)), ("seat", json!(answer.seat.id.0)), ("text", json!(text.raw()))])
        };
        if !self.started.get(at).copied().unwrap_or(true) && starts(kind) {
            if let Some(started) = self.started.get_mut(at) {
                *started = true;
            }
            let (served, upstream) = match kind {
                RunEventKind::Started { served_model, upstream } => {
                    (served_model.as_ref(), upstream.as_ref())
                }
                _ => (None, None),
            };
            let start = object([
                ("type", json!("start")),
                seat.clone(),
                ("model", json!(answer.seat.model.to_string())),
                ("served_model", raw(served)),
                ("upstream", raw(upstream)),
            ]);
            out.line(line(&start));
        }
        let value = match kind {
            RunEventKind::Text(piece) | RunEventKind::Part(piece) => text("text", piece),
            RunEventKind::Thinking(piece) => text("thinking", piece),
            RunEventKind::ToolCall(call) => {
                let mut value = object([("type", json!("tool_call")), seat]);
                if let (Value::Object(into), Value::Object(members)) = (&mut value, call_object(call)) {
                    into.extend(members);
                }
                value
            }
            RunEventKind::Usage(used) => object([("type", json!("usage")), seat, ("tokens", tokens(used))]),
            RunEventKind::Finished(outcome) => object([
                ("type", json!("done")),
                seat,
                ("status", json!(outcome.status.name())),
                ("finish", json!(outcome.finish)),
            ]),
            _ => return out.flush(),
        };
        out.line(line(&value));
        out.flush();
    }
}

/// Whether this event says that a reply has begun.
fn starts(kind: &RunEventKind) -> bool {
    matches!(
        kind,
        RunEventKind::Started { .. }
            | RunEventKind::Text(_)
            | RunEventKind::Thinking(_)
            | RunEventKind::ToolCall(_)
            | RunEventKind::Part(_)
    )
}

fn raw(text: Option<&Untrusted>) -> Value {
    json!(text.map(Untrusted::raw))
}

/// A call that nobody declared, shown whole.
fn call_text(call: &ToolCall) -> Untrusted {
    Untrusted::from(format!("\n[tool call {} {}]\n", call.name.raw(), call.arguments.raw()))
}

fn call_object(call: &ToolCall) -> Value {
    object([
        ("id", json!(call.id)),
        ("name", json!(call.name.raw())),
        ("arguments", json!(call.arguments.raw())),
    ])
}

/// The object of `--format json`.
fn whole_object(about: &About, answers: &[Answer], end: End) -> Value {
    let mut sum = Sum::default();
    for charge in answers.iter().filter_map(|answer| answer.outcome.as_ref()).map(|outcome| &outcome.charge) {
        sum.add(charge);
    }
    object([
        ("prompt", json!(about.prompt)),
        ("room", json!(about.room)),
        ("turn", json!(about.turn.to_string())),
        ("replies", Value::Array(answers.iter().map(|answer| reply(answer, end)).collect())),
        ("charge", object([("usd", json!(sum_usd(&sum))), ("unknown", json!(sum.unknown))])),
    ])
}

fn reply(answer: &Answer, end: End) -> Value {
    let outcome = answer.outcome.as_ref();
    let charge = outcome.map(|outcome| outcome.charge);
    let status = answer.status().unwrap_or(Status::Stopped);
    let fault = match (answer.fault(), end) {
        (Some(fault), _) => Some(fault.clone()),
        (None, End::Timeout) if status == Status::Stopped => {
            Some(Fault::new(FaultClass::Timeout, "the time of --timeout was up"))
        }
        (None, _) => None,
    };
    object([
        ("seat", json!(answer.seat.id.0)),
        ("model", json!(answer.seat.model.to_string())),
        ("served_model", raw(outcome.and_then(|outcome| outcome.served_model.as_ref()))),
        ("upstream", raw(outcome.and_then(|outcome| outcome.upstream.as_ref()))),
        ("status", json!(status.name())),
        ("finish", json!(outcome.and_then(|outcome| outcome.finish.as_deref()))),
        ("text", json!(answer.text.raw())),
        ("thinking", json!(answer.thinking.raw())),
        ("tool_calls", Value::Array(answer.tool_calls.iter().map(call_object).collect())),
        ("tokens", tokens(&outcome.map(|outcome| outcome.tokens).unwrap_or_default())),
        (
            "charge",
            object([
                ("usd", json!(charge.and_then(|charge| charge.amount).map(|amount| amount.usd()))),
                ("source", json!(charge.map_or("unknown", |charge| charge.source.name()))),
            ]),
        ),
        ("attempts", json!(outcome.map_or(0, |outcome| outcome.attempts))),
        ("key", json!(outcome.map(|outcome| outcome.key_alias.as_str()))),
        ("ttft_ms", json!(outcome.and_then(|outcome| outcome.ttft_ms))),
        ("total_ms", json!(outcome.map(|outcome| outcome.total_ms))),
        (
            "error",
            fault.map_or(Value::Null, |fault| error(&fault, outcome.map_or(0, |outcome| outcome.attempts))),
        ),
    ])
}

fn error(fault: &Fault, attempts: u32) -> Value {
    object([
        ("class", json!(fault.class.name())),
        ("message", json!(fault.message.raw())),
        ("http_status", json!(fault.http_status)),
        ("retry_after_ms", json!(fault.retry_after_ms)),
        ("attempts", json!(attempts)),
    ])
}
