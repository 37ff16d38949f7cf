//! The figures of a reply in one line. Whole fields go when there is no room for them, in a fixed
//! order; a figure is never cut.

use crate::chat::Charge;
use crate::chat::Reply;
use crate::chat::Source;
use crate::chat::Status;
use crate::chat::Tariff;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::panel::tokens;
use crate::tui::state::Clock;
use crate::tui::state::Live;
use crate::tui::state::Phase;
use crate::tui::state::SILENT_AFTER;
use crate::tui::theme::Role;
use crate::tui::widget::Field;

/// All figures there are; what is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// `done 14s`, `⠹ 4s`, `failed: rate 3s`. Always there.
    pub state: String,
    /// How it went, for the colour.
    pub role: Option<Role>,
    /// What has to be known at once: `no data for 17s`, what is waited for.
    pub badge: Option<String>,
    /// What it cost.
    pub charge: Option<String>,
    /// Output tokens.
    pub out: Option<String>,
    /// Output tokens a second.
    pub speed: Option<u64>,
    /// Input tokens.
    pub input: Option<String>,
    /// To the first token, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Input tokens from a cache.
    pub cached: Option<u64>,
}

impl Figures {
    /// Of a reply that is over.
    #[must_use]
    pub fn of(reply: &Reply, speed: Option<u64>) -> Self {
        let word = match (reply.status, &reply.fault) {
            (Status::Failed, Some(fault)) => format!("failed: {}", fault.class.name()),
            (status, _) => status.name().to_owned(),
        };
        let role = match reply.status {
            Status::Done => Role::Status,
            Status::Failed | Status::Cut => Role::Bad,
            _ => Role::Warn,
        };
        let limit = reply.status == Status::Done && reply.finish.as_deref() == Some("length");
        let guess =
            if reply.charge.is_some_and(|charge| charge.source == Source::Estimated) { "≈" } else { "" };
        let count = |n: Option<u64>| n.map(|n| format!("{guess}{}", tokens(n)));
        Self {
            state: reply.total_ms.map_or(word.clone(), |ms| format!("{word} {}", took(ms))),
            role: Some(role),
            badge: limit.then(|| "token limit".to_owned()),
            charge: reply.charge.as_ref().map(charge_words),
            out: count(reply.tokens.output),
            speed,
            input: count(reply.tokens.input_total()),
            ttft_ms: reply.ttft_ms,
            cached: reply.tokens.cache_read.filter(|cached| *cached > 0),
        }
    }

    /// Of a reply in flight.
    #[must_use]
    pub fn live(live: &Live, clock: &Clock) -> Self {
        let elapsed = seconds(clock.since(live.begun).as_secs());
        let spinner = clock.spinner();
        let mut badge = None;
        let state = if live.stopping {
            format!("{spinner} stopping {elapsed}")
        } else if let Some(retry) = &live.retry {
            let left = left_until(retry.at, clock);
            let why = retry
                .why
                .http_status
                .map_or_else(|| retry.why.class.name().to_owned(), |http| http.to_string());
            badge = Some(format!("retry {}/3 in {left}", retry.attempt));
            format!("{why} {elapsed}")
        } else {
            match live.phase {
                Phase::Waiting => {
                    let until = live.queued.as_ref().and_then(|queue| queue.until);
                    badge = live.queued.as_ref().map(|queue| one_line(&queue.why).into_owned());
                    until.map_or_else(
                        || format!("waiting {elapsed}"),
                        |at| format!("starts in {}", left_until(at, clock)),
                    )
                }
                Phase::Connecting => format!("{spinner} connecting {elapsed}"),
                Phase::Thinking => format!("{spinner} thinking {elapsed}"),
                Phase::Streaming => format!("{spinner} {elapsed}"),
            }
        };
        let silent = clock.since(live.heard);
        if badge.is_none() && live.phase != Phase::Waiting && silent >= SILENT_AFTER {
            badge = Some(format!("no data for {}", seconds(silent.as_secs())));
        }
        let shown = &live.shown;
        let guess = if live.counted.output.is_some_and(|counted| counted >= shown.out) { "" } else { "≈" };
        Self {
            state,
            role: Some(if badge.is_some() { Role::Warn } else { Role::Status }),
            badge,
            charge: shown.charge.as_ref().map(charge_words),
            out: (shown.out > 0).then(|| format!("{guess}{}", tokens(shown.out))),
            speed: shown.speed,
            input: shown.input.filter(|_| shown.out > 0).map(|input| format!("≈{}", tokens(input))),
            ttft_ms: live.deltas.map(|(first, _)| {
                u64::try_from(first.saturating_duration_since(live.asked).as_millis()).unwrap_or(u64::MAX)
            }),
            cached: None,
        }
    }

    /// The fields that fit into so many cells. State and elapsed are kept longest, then charge, out,
    /// speed, in, first token, cached. What needs attention stands behind the state.
    #[must_use]
    pub fn fit(&self, cells: usize) -> Vec<Field> {
        let mut kept = 0;
        let most = 6;
        while kept < most && cell_width(&joined(&self.fields(kept + 1))) <= cells {
            kept += 1;
        }
        let fields = self.fields(kept);
        if cell_width(&joined(&fields)) <= cells {
            return spaced(fields);
        }
        let bare = Self { badge: None, ..self.clone() }.fields(0);
        if cell_width(&joined(&bare)) <= cells { spaced(bare) } else { Vec::new() }
    }

    /// The fields as they stand, with so many of the optional ones kept.
    fn fields(&self, kept: usize) -> Vec<Field> {
        let keep = |rank: usize, text: Option<String>| text.filter(|_| rank < kept);
        let role = self.role.unwrap_or(Role::Status);
        let mut out = vec![Field::new(self.state.clone(), role)];
        out.extend(self.badge.clone().map(|badge| Field::new(badge, Role::Warn)));
        let first = keep(4, self.ttft_ms.map(|ms| format!("first {}", took(ms))));
        let speed = keep(2, self.speed.map(|speed| format!("{speed} tok/s")));
        let output = keep(1, self.out.clone());
        let input = keep(3, self.input.clone());
        let through = match (input, output) {
            (Some(input), Some(output)) => Some(format!("{input}→{output}")),
            (None, Some(output)) => Some(format!("{output} out")),
            (Some(input), None) => Some(format!("{input} in")),
            (None, None) => None,
        };
        let cached = keep(5, self.cached.map(|cached| format!("{} cached", tokens(cached))));
        out.extend(
            [first, speed, through, cached].into_iter().flatten().map(|text| Field::new(text, Role::Status)),
        );
        out.extend(keep(0, self.charge.clone()).map(|charge| Field::new(charge, Role::Money)));
        out
    }
}

/// What is left in whole seconds, rounded up.
fn left_until(at: std::time::Instant, clock: &Clock) -> String {
    let left = at.saturating_duration_since(clock.now).as_millis().div_ceil(1000);
    seconds(u64::try_from(left).unwrap_or(u64::MAX))
}

/// As a footer shows a charge; play money is named.
#[must_use]
pub fn charge_words(charge: &Charge) -> String {
    if charge.tariff == Tariff::Play { format!("{charge} play") } else { charge.to_string() }
}

/// How long something took: tenths below ten seconds.
#[must_use]
pub fn took(ms: u64) -> String {
    if ms < 9_950 {
        let tenths = (ms + 50) / 100;
        return format!("{}.{}s", tenths / 10, tenths % 10);
    }
    seconds((ms + 500) / 1000)
}

/// Seconds as people read them: `14s`, `2m03s`, `1h02m`.
#[must_use]
pub fn seconds(all: u64) -> String {
    match all {
        0..60 => format!("{all}s"),
        60..3600 => format!("{}m{:02}s", all / 60, all % 60),
        _ => format!("{}h{:02}m", all / 3600, all % 3600 / 60),
    }
}

fn joined(fields: &[Field]) -> String {
    fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" · ")
}

fn spaced(fields: Vec<Field>) -> Vec<Field> {
    let mut out = Vec::with_capacity(fields.len() * 2);
    for (at, field) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(Field::new(" · ", Role::Dim));
        }
        out.push(field);
    }
    out
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
