//! What one request has said so far, and the ledger entry that follows from it. Pure: it is handed
//! events and instants, and knows nothing of sockets, retries or the journal's ways.

use std::time::Instant;

use crate::chat::Billing;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::LedgerEntry;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::ReplyId;
use crate::chat::StreamEvent;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::engine::account::Bill;
use crate::engine::account::Facts;
use crate::engine::account::Rates;
use crate::engine::account::Reach;
use crate::engine::account::reach;
use crate::engine::account::settle;
use crate::engine::estimate::Estimator;
use crate::engine::event::RunEventKind;
use crate::engine::lane::Piece;
use crate::store::DeltaKind;
use crate::text::LONGEST;
use crate::text::Untrusted;

/// One request of a run.
#[derive(Debug, Default)]
pub struct Attempt {
    /// 1 for the first.
    pub n: u32,
    /// When the request was sent.
    pub sent: Option<Instant>,
    /// The same on the clock of the wall, because prices may depend on the hour.
    pub sent_at: Option<Millis>,
    /// Something of the reply has come.
    pub output: bool,
    /// The model that really serves.
    pub served_model: Option<Untrusted>,
    /// The provider behind the provider.
    pub upstream: Option<Untrusted>,
    /// Why it ended, when it ended well.
    pub finish: Option<String>,
    /// Why it failed, and when that was.
    pub failed: Option<(Fault, Instant, Millis)>,
    generation_id: Option<Untrusted>,
    first_token: Option<Instant>,
    tokens: Tokens,
    billing: Billing,
    raw_usage: Option<String>,
    /// Nothing was said since the last count.
    counted: bool,
    cost: Option<Pico>,
    /// All output, thinking included.
    output_guess: Estimator,
    thinking_guess: Estimator,
    kept: usize,
}

/// Whom an attempt is for, and how it is paid.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// The reply.
    pub reply: ReplyId,
    /// Who was asked.
    pub model: &'a ModelRef,
    /// How tokens are paid for.
    pub tariff: Tariff,
    /// Our estimate of what was sent, in tokens.
    pub input_guess: u64,
    /// How many pictures were sent.
    pub images: u64,
}

impl Attempt {
    /// The attempt of that number.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self { n, ..Self::default() }
    }

    /// Takes one event; what is to be saved or told goes to `out`. Says whether it was the last.
    ///
    /// # Errors
    /// When there is more than is kept of one reply.
    pub fn take(&mut self, event: StreamEvent, now: Instant, out: &mut Vec<Piece>) -> Result<bool, Fault> {
        match event {
            StreamEvent::Text(text) => self.say(DeltaKind::Text, text.raw(), now, out)?,
            StreamEvent::Thinking(text) => self.say(DeltaKind::Thinking, text.raw(), now, out)?,
            StreamEvent::Part(text) => self.say(DeltaKind::Part, text.raw(), now, out)?,
            StreamEvent::Opaque(json) => {
                self.keep(json.len())?;
                out.push(Piece::Written(DeltaKind::Opaque, json));
            }
            StreamEvent::ToolCall(call) => {
                self.keep(call.name.len().saturating_add(call.arguments.len()))?;
                self.output_guess.push(call.name.raw());
                self.output_guess.push(call.arguments.raw());
                out.push(Piece::Call(call));
            }
            StreamEvent::Started { served_model, upstream, generation_id } => {
                self.served_model = self.served_model.take().or(served_model);
                self.upstream = self.upstream.take().or(upstream);
                self.generation_id = self.generation_id.take().or(generation_id);
                let (served_model, upstream) = (self.served_model.clone(), self.upstream.clone());
                out.push(Piece::Told(RunEventKind::Started { served_model, upstream }));
            }
            StreamEvent::Usage { tokens, raw, billing } => {
                self.tokens = tokens;
                self.billing = billing;
                self.raw_usage = Some(raw);
                self.counted = true;
                out.push(Piece::Told(RunEventKind::Usage(tokens)));
            }
            StreamEvent::Cost(cost) => self.cost = Some(cost),
            StreamEvent::Note(words) => out.push(Piece::Written(DeltaKind::Note, words)),
            // Of a used-up limit the gate is told, which all runs of the key share.
            StreamEvent::KeepAlive | StreamEvent::Hold(_) => {}
            StreamEvent::Finished(finish) => {
                self.finish = Some(finish.name());
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// By what name the provider is asked for the cost later.
    #[must_use]
    pub fn generation(&self) -> Option<&str> {
        self.generation_id.as_ref().map(Untrusted::raw)
    }

    /// From the request's sending to the first token, in milliseconds.
    #[must_use]
    pub fn ttft_ms(&self) -> Option<u64> {
        Some(millis_between(self.sent?, self.first_token?))
    }

    /// The row of the ledger, as things stand.
    #[must_use]
    pub fn entry(&self, rates: &dyn Rates, account: &Account<'_>, now: (Instant, Millis)) -> LedgerEntry {
        let (ended, at) = self.failed.as_ref().map_or(now, |(_, ended, at)| (*ended, *at));
        let served = self.served_model.as_ref().map(Untrusted::raw);
        let model = rates.rated_as(account.model, served);
        let tariff = match account.tariff {
            // A server at home that passes the request on has not answered itself.
            Tariff::Local if self.upstream.is_some() => Tariff::Metered,
            tariff => tariff,
        };
        let Bill { tokens, charge, computed, prices } = settle(
            rates,
            &Facts {
                model: &model,
                tariff,
                reach: self.reach(),
                told: &self.tokens,
                settled: self.counted || self.finish.is_some(),
                cost: self.cost,
                guess: self.guess(account.input_guess),
                billing: &self.billing,
                at: self.sent_at,
                images: account.images,
            },
        );
        LedgerEntry {
            reply: account.reply,
            n: self.n,
            at,
            served_model: self.served_model.clone(),
            upstream: self.upstream.clone(),
            generation_id: self.generation_id.clone(),
            tokens,
            tier: self.billing.tier.clone(),
            raw_usage: self.raw_usage.clone(),
            prices,
            charge,
            computed,
            ttft_ms: self.ttft_ms(),
            duration_ms: self.sent.map_or(0, |sent| millis_between(sent, ended)),
            finish: self.finish.clone(),
            error_class: self.failed.as_ref().map(|(fault, ..)| fault.class),
        }
    }

    fn reach(&self) -> Reach {
        match (&self.failed, self.sent) {
            (_, None) => Reach::Unsent,
            (Some((fault, ..)), Some(_)) => reach(fault, self.output),
            (None, Some(_)) => Reach::Served,
        }
    }

    fn guess(&self, input: u64) -> Tokens {
        let thinking = self.thinking_guess.tokens();
        Tokens {
            input: Some(input),
            output: Some(self.output_guess.tokens()),
            reasoning: (thinking > 0).then_some(thinking),
            ..Tokens::default()
        }
    }

    /// Saves text, as far as there is room, and joins it to the text before it.
    fn say(&mut self, kind: DeltaKind, text: &str, now: Instant, out: &mut Vec<Piece>) -> Result<(), Fault> {
        if text.is_empty() {
            return Ok(());
        }
        let room = LONGEST - self.kept;
        let fits = text.get(..whole_chars(text, room)).unwrap_or_default();
        if kind != DeltaKind::Part {
            self.first_token.get_or_insert(now);
        }
        self.output_guess.push(fits);
        if kind == DeltaKind::Thinking {
            self.thinking_guess.push(fits);
        }
        match out.last_mut() {
            Some(Piece::Written(last, before)) if *last == kind && kind != DeltaKind::Part => {
                before.push_str(fits);
            }
            _ if fits.is_empty() => {}
            _ => out.push(Piece::Written(kind, fits.to_owned())),
        }
        self.keep(text.len())
    }

    /// Counts what is kept.
    fn keep(&mut self, bytes: usize) -> Result<(), Fault> {
        self.output = true;
        self.counted = false;
        let kept = self.kept.saturating_add(bytes);
        self.kept = kept.min(LONGEST);
        if kept > LONGEST {
            let mut fault =
                Fault::new(FaultClass::Protocol, format!("The reply is longer than {} MiB.", LONGEST >> 20))
                    .hint("Set max_tokens to bound replies.");
            fault.cut = true;
            return Err(fault);
        }
        Ok(())
    }
}

/// Whole milliseconds from one instant to a later one.
#[must_use]
pub fn millis_between(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

/// The longest prefix of at most `room` bytes that splits no character.
fn whole_chars(text: &str, room: usize) -> usize {
    if text.len() <= room {
        return text.len();
    }
    (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
