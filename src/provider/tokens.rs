//! The tokens of chat-style usage in disjoint kinds, and the cost where the server says one.
//!
//! Servers differ in what includes what. Input includes cache reads and writes everywhere but at
//! xAI, whose cached count may exceed the input. Output includes thinking unless the total says
//! otherwise. What was not told stays unknown. Money never becomes a float.

use crate::chat::Billing;
use crate::chat::Pico;
use crate::chat::Tokens;
use crate::wire::openai::Usage;

/// The counts in disjoint kinds.
pub(super) fn tokens(usage: &Usage<'_>) -> Tokens {
    let outputs = usage.completion_tokens_details.get();
    let reasoning = outputs.and_then(|details| details.reasoning_tokens.get());
    let tools = usage.server_tool_use_details.get().or(usage.server_tool_use.get());
    Tokens {
        input: inputs(usage).0,
        cache_read: cache_read(usage),
        cache_write: cache_write(usage),
        cache_write_1h: None,
        output: output(
            usage.prompt_tokens.get(),
            usage.completion_tokens.get(),
            reasoning,
            usage.total_tokens.get(),
        ),
        reasoning,
        // Parts of which there are none say nothing.
        audio_input: some(audio(usage).0),
        audio_output: some(outputs.and_then(|details| details.audio_tokens.get())),
        image_output: some(outputs.and_then(|details| details.image_tokens.get())),
        searches: some(tools.and_then(|tools| tools.web_search_requests.get())),
    }
}

/// What the price depends on besides, at a service tier.
pub(super) fn billing(usage: &Usage<'_>, tier: Option<String>) -> Billing {
    let details = usage.prompt_tokens_details.get();
    Billing {
        tier,
        apart: Vec::new(),
        guessed: is_guessed(usage),
        audio_cached: audio(usage).1,
        image_input: details.and_then(|details| details.image_tokens.get()),
    }
}

/// The sound in the input: the uncached part, and the cached one where the counts leave no choice.
/// Only the whole is told, cached or not.
fn audio(usage: &Usage<'_>) -> (Option<u64>, Option<u64>) {
    let Some(all) = usage.prompt_tokens_details.get().and_then(|details| details.audio_tokens.get()) else {
        return (None, None);
    };
    let (input, read, written) = inputs(usage);
    let most = all.min(read);
    let least = input.map_or(0, |input| all.saturating_sub(input).min(most));
    // What was written to a cache may have been sound too.
    if least == most && (written == 0 || all == 0) {
        (Some(all - most), Some(most))
    } else {
        (Some(all - least), None)
    }
}

/// Whether the output was taken from the total without being told that the rest of it is thinking:
/// it could be input of tools as well.
fn is_guessed(usage: &Usage<'_>) -> bool {
    let outputs = usage.completion_tokens_details.get();
    outputs.and_then(|details| details.reasoning_tokens.get()).is_none()
        && tokens(usage).output != usage.completion_tokens.get()
}

fn cache_read(usage: &Usage<'_>) -> Option<u64> {
    let details = usage.prompt_tokens_details.get();
    details
        .and_then(|details| details.cached_tokens.get())
        .or(usage.cached_tokens.get())
        .or(usage.prompt_cache_hit_tokens.get())
}

fn cache_write(usage: &Usage<'_>) -> Option<u64> {
    usage.prompt_tokens_details.get().and_then(|details| details.cache_write_tokens.get())
}

/// Uncached input, and what was read from a cache and written to one.
fn inputs(usage: &Usage<'_>) -> (Option<u64>, u64, u64) {
    let (read, written) = (cache_read(usage).unwrap_or(0), cache_write(usage).unwrap_or(0));
    let input = usage.prompt_tokens.get().map(|prompt| {
        // More was read from the cache than was sent: then the input does not include it.
        if read > prompt { prompt } else { prompt.saturating_sub(read).saturating_sub(written) }
    });
    (input, read, written)
}

fn some(count: Option<u64>) -> Option<u64> {
    count.filter(|count| *count > 0)
}

/// All output: what the total has beyond the prompt, when the completion leaves the thinking out.
fn output(
    prompt: Option<u64>,
    completion: Option<u64>,
    reasoning: Option<u64>,
    total: Option<u64>,
) -> Option<u64> {
    let (Some(prompt), Some(completion), Some(total)) = (prompt, completion, total) else {
        return completion;
    };
    let told = prompt.saturating_add(completion);
    let fits = reasoning.is_none_or(|reasoning| total == told.saturating_add(reasoning));
    if total > told && fits { Some(total - prompt) } else { Some(completion) }
}

/// What OpenRouter says that it cost: with a key of the user's own, its fee and the upstream's bill.
pub(super) fn openrouter_cost(usage: &Usage<'_>) -> Option<Pico> {
    let cost = money(usage.cost.get()?)?;
    if usage.is_byok.get() != Some("true") {
        return Some(cost);
    }
    let upstream = usage.cost_details.get().and_then(|details| details.upstream_inference_cost.get());
    // Without the upstream's bill the cost is not known: the fee alone would look like the price.
    cost.plus(money(upstream?)?)
}

/// What xAI says that it cost.
pub(super) fn tick_cost(usage: &Usage<'_>) -> Option<Pico> {
    /// A tick is 10⁻¹⁰ dollars.
    const TICK: Pico = Pico(100);
    TICK.times(usage.cost_in_usd_ticks.get()?)
}

fn money(json: &str) -> Option<Pico> {
    Pico::from_usd(json.trim_matches('"')).ok().filter(|pico| *pico >= Pico::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> (Tokens, Option<Pico>, Option<Pico>) {
        let usage: Usage<'_> = serde_json::from_str(json).expect(json);
        (tokens(&usage), openrouter_cost(&usage), tick_cost(&usage))
    }

    /// Columns: uncached input, read, written, output, thinking.
    type Row = (&'static str, [Option<u64>; 5]);

    #[test]
    fn kinds_are_disjoint() {
        let table: &[Row] = &[
            (
                r#"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}"#,
                [Some(10), None, None, Some(4), None],
            ),
            (
                r#"{"prompt_tokens":20243,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":1,"cache_write_tokens":20240}}"#,
                [Some(2), Some(1), Some(20240), Some(9), None],
            ),
            (r#"{"prompt_tokens":5,"cached_tokens":3}"#, [Some(2), Some(3), None, None, None]),
            (r#"{"prompt_tokens":5,"prompt_cache_hit_tokens":5}"#, [Some(0), Some(5), None, None, None]),
            (
                r#"{"prompt_tokens":10,"completion_tokens":3,"total_tokens":20,"completion_tokens_details":{"reasoning_tokens":7}}"#,
                [Some(10), None, None, Some(10), Some(7)],
            ),
            (
                r#"{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19,"completion_tokens_details":{"reasoning_tokens":7}}"#,
                [Some(10), None, None, Some(9), Some(7)],
            ),
            (
                r#"{"prompt_tokens":55,"completion_tokens":30,"total_tokens":130}"#,
                [Some(55), None, None, Some(75), None],
            ),
            (
                r#"{"prompt_tokens":3,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":9}}"#,
                [Some(3), Some(9), None, Some(1), None],
            ),
            (
                r#"{"prompt_tokens":-1,"completion_tokens":9223372036854775808,"total_tokens":1e3}"#,
                [None, None, None, Some(9_223_372_036_854_775_808), None],
            ),
            (r#"{"prompt_tokens":null,"prompt_tokens_details":null}"#, [None; 5]),
        ];
        for (json, [input, cache_read, cache_write, output, reasoning]) in table {
            let expected = Tokens {
                input: *input,
                cache_read: *cache_read,
                cache_write: *cache_write,
                cache_write_1h: None,
                output: *output,
                reasoning: *reasoning,
                ..Tokens::default()
            };
            assert_eq!(of(json).0, expected, "{json}");
        }
    }

    #[test]
    fn output_that_only_the_total_knows_of_is_guessed() {
        for (json, guessed) in [
            (r#"{"prompt_tokens":55,"completion_tokens":30,"total_tokens":130}"#, true),
            (
                r#"{"prompt_tokens":55,"completion_tokens":0,"total_tokens":130,"completion_tokens_details":{"audio_tokens":0}}"#,
                true,
            ),
            (
                r#"{"prompt_tokens":10,"completion_tokens":3,"total_tokens":20,"completion_tokens_details":{"reasoning_tokens":7}}"#,
                false,
            ),
            (r#"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}"#, false),
            (r#"{"prompt_tokens":10,"completion_tokens":4,"total_tokens":9}"#, false),
            (r#"{"prompt_tokens":10,"completion_tokens":4}"#, false),
            (r#"{"prompt_tokens":10,"total_tokens":14}"#, false),
        ] {
            let usage: Usage<'_> = serde_json::from_str(json).expect(json);
            assert_eq!(is_guessed(&usage), guessed, "{json}");
        }
    }

    #[test]
    fn costs_are_decimal_texts() {
        assert_eq!(of(r#"{"cost":2.8e-05}"#).1, Some(Pico(28_000_000)));
        assert_eq!(of(r#"{"cost":"0.1"}"#).1, Some(Pico(100_000_000_000)));
        let byok = r#"{"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.035002}}"#;
        assert_eq!(of(byok).1, Some(Pico(35_002_000_000)));
        assert_eq!(
            of(r#"{"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":null}}"#).1,
            None
        );
        assert_eq!(of(r#"{"cost":{"total":1}}"#).1, None);
        assert_eq!(of(r#"{"cost":-1}"#).1, None);
        assert_eq!(of(r#"{"cost_in_usd_ticks":12}"#).2, Some(Pico(1200)));
    }
}
