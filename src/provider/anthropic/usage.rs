//! Anthropic's usage in disjoint kinds. A stream tells it in pieces that replace each other; the
//! input is the uncached part alone; and the rounds of which a reply is made may have worked for
//! other models, or on a compaction, of which the counts at the top say nothing.

use serde_json::value::RawValue;

use crate::chat::Billing;
use crate::chat::Tokens;
use crate::provider::members::Members;
use crate::wire::List;
use crate::wire::anthropic::Usage;

/// The most bytes of a usage object that is read.
const MOST: usize = 64 * 1024;
/// How deep objects are laid over each other.
const DEEPEST: u8 = 3;

/// One usage over an earlier one, as JSON text: what is there and not null wins. A zero is no news,
/// because the counts only grow: some servers write zeros for what they do not know.
pub(super) fn merged(earlier: &str, later: &str) -> Option<String> {
    if later.len() > MOST {
        return None;
    }
    let later = Members::read(later).ok()?;
    match Members::read(earlier) {
        Ok(earlier) => Some(laid_over(earlier, later, DEEPEST).write()),
        Err(_) => Some(later.write()),
    }
}

fn laid_over(mut earlier: Members, later: Members, depth: u8) -> Members {
    for (key, value) in later.into_iter() {
        let old = earlier.get(&key).filter(|old| *old != "null");
        match (old, value.get()) {
            (Some(_), "null" | "0") => {}
            (Some(old), new) if depth > 0 && old.starts_with('{') && new.starts_with('{') => {
                let (Ok(old), Ok(new)) = (Members::read(old), Members::read(new)) else { continue };
                let both = laid_over(old, new, depth - 1).write();
                if let Ok(both) = RawValue::from_string(both) {
                    earlier.set(&key, both);
                }
            }
            _ => earlier.set(&key, value),
        }
    }
    earlier
}

/// The counts, and what their price depends on.
pub(super) fn read(json: &str) -> Option<(Tokens, Billing)> {
    let usage: Usage<'_> = serde_json::from_str(json).ok()?;
    let top = kinds(&usage);
    let list = usage.iterations.get().and_then(|raw| serde_json::from_str::<List<Usage<'_>>>(raw).ok());
    let rounds = list.unwrap_or_default();
    let (mut tokens, apart) = with_rounds(top, rounds.items());
    if tokens.input_total() == Some(0) {
        // No request is without input: the zeros stand for what the server does not know.
        let Tokens { output, reasoning, searches, .. } = tokens;
        tokens = Tokens { output, reasoning, searches, ..Tokens::default() };
    }
    Some((tokens, Billing { tier: tier(&usage), apart, ..Billing::default() }))
}

/// The counts of one object.
fn kinds(usage: &Usage<'_>) -> Tokens {
    let split = usage.cache_creation.get();
    let short = split.and_then(|split| split.ephemeral_5m_input_tokens.get());
    let hour = split.and_then(|split| split.ephemeral_1h_input_tokens.get());
    let sum = [short, hour].into_iter().flatten().reduce(u64::saturating_add);
    // The total may have grown after the split was told; a split is never lost.
    let written = usage.cache_creation_input_tokens.get().max(sum);
    let output = usage.output_tokens.get();
    let thinking = usage.output_tokens_details.get().and_then(|details| details.thinking_tokens.get());
    Tokens {
        input: usage.input_tokens.get(),
        cache_read: usage.cache_read_input_tokens.get(),
        cache_write: written.map(|written| written.saturating_sub(hour.unwrap_or(0))),
        cache_write_1h: hour,
        output,
        reasoning: thinking.map(|thinking| output.map_or(thinking, |output| thinking.min(output))),
        searches: usage.server_tool_use.get().and_then(|used| used.web_search_requests.get()),
        ..Tokens::default()
    }
}

/// The sum of the rounds, when they can be believed, and those of other models. They are never less
/// than the counts at the top.
fn with_rounds(top: Tokens, rounds: &[Usage<'_>]) -> (Tokens, Vec<(String, Tokens)>) {
    let counts: Vec<Tokens> = rounds.iter().map(kinds).collect();
    let told = |tokens: &Tokens| tokens.input_total().is_some() && tokens.output.is_some();
    let Some(mut sum) = counts.iter().copied().reduce(plus).filter(|_| counts.iter().all(told)) else {
        return (top, Vec::new());
    };
    if sum.input_total() < top.input_total() || sum.output < top.output {
        return (top, Vec::new());
    }
    if let (None, Some(hour)) = (sum.cache_write_1h, top.cache_write_1h) {
        let written = sum.cache_write.unwrap_or(0);
        sum.cache_write_1h = Some(hour.min(written));
        sum.cache_write = sum.cache_write.map(|written| written.saturating_sub(hour));
    }
    sum.reasoning = sum.reasoning.max(top.reasoning);
    sum.searches = top.searches.or(sum.searches);
    let apart = rounds.iter().zip(counts).filter_map(|(round, tokens)| {
        let model = match (round.kind.get().unwrap_or("message"), round.model.get()) {
            ("message" | "compaction", _) => return None,
            (_, Some(model)) => model,
            // Whose price counts is not told: a name that no model has makes it unknown.
            (kind @ ("advisor_message" | "fallback_message"), None) => kind,
            (_, None) => return None,
        };
        Some((model.to_owned(), tokens))
    });
    (sum, apart.collect())
}

fn plus(left: Tokens, right: Tokens) -> Tokens {
    let sum = |left: Option<u64>, right: Option<u64>| {
        [left, right].into_iter().flatten().reduce(u64::saturating_add)
    };
    Tokens {
        input: sum(left.input, right.input),
        cache_read: sum(left.cache_read, right.cache_read),
        cache_write: sum(left.cache_write, right.cache_write),
        cache_write_1h: sum(left.cache_write_1h, right.cache_write_1h),
        output: sum(left.output, right.output),
        reasoning: sum(left.reasoning, right.reasoning),
        searches: sum(left.searches, right.searches),
        ..Tokens::default()
    }
}

/// The tier, and what else changes the price: how fast it was, and where it had to be.
fn tier(usage: &Usage<'_>) -> Option<String> {
    let fast = usage.speed.get().filter(|speed| *speed != "standard");
    let place = usage.inference_geo.get().filter(|place| !matches!(*place, "not_available" | "global"));
    let words: Vec<&str> = [usage.service_tier.get(), fast, place].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join("+"))
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
