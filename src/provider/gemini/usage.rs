//! Gemini's tokens in disjoint kinds. Its counts only grow during a reply, and what is zero is left
//! out; an event that lacks a count that came before therefore does not take it back.
//!
//! Pure: counts in, counts out.

use crate::chat::Billing;
use crate::chat::Tokens;
use crate::wire::List;
use crate::wire::gemini::{Modality, Usage};

/// The counts so far, under the provider's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    prompt: Option<u64>,
    cached: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    tool_use: Option<u64>,
    total: Option<u64>,
    audio_input: Option<u64>,
    audio_tools: Option<u64>,
    audio_cached: Option<u64>,
    audio_output: Option<u64>,
    image_output: Option<u64>,
    tier: Option<String>,
}

impl Counts {
    /// Takes what one event says.
    pub(super) fn take(&mut self, usage: &Usage<'_>) {
        let new = [
            (&mut self.prompt, usage.prompt.get()),
            (&mut self.cached, usage.cached.get()),
            (&mut self.candidates, usage.candidates.get()),
            (&mut self.thoughts, usage.thoughts.get()),
            (&mut self.tool_use, usage.tool_use.get()),
            (&mut self.total, usage.total.get()),
            (&mut self.audio_input, of_kind(&usage.prompt_details, "AUDIO")),
            (&mut self.audio_tools, of_kind(&usage.tool_details, "AUDIO")),
            // What is zero is left out: a list without sound has none.
            (
                &mut self.audio_cached,
                of_kind(&usage.cache_details, "AUDIO").or(none_in(&usage.cache_details)),
            ),
            (&mut self.audio_output, of_kind(&usage.candidates_details, "AUDIO")),
            (&mut self.image_output, of_kind(&usage.candidates_details, "IMAGE")),
        ];
        for (known, told) in new {
            *known = told.or(*known);
        }
        // The tier that served says more than the kind of capacity that it came from.
        let tier = usage.service_tier.get().or_else(|| usage.traffic_type.get());
        self.tier = tier.map(str::to_owned).or_else(|| self.tier.take());
    }

    /// The counts in disjoint kinds.
    pub(super) fn tokens(&self, searches: Option<u64>) -> Tokens {
        let (cached, tool_use) = (self.cached.unwrap_or(0), self.tool_use.unwrap_or(0));
        let all = self.prompt.map(|prompt| prompt.saturating_add(tool_use)).or(self.tool_use);
        // More was read from the cache than was sent: then the input does not include it.
        let input = all.map(|all| all.checked_sub(cached).unwrap_or(all));
        let output = self.output();
        let audio_input = self.audio_input.or(self.audio_tools).map(|_| {
            let sum = self.audio_input.unwrap_or(0).saturating_add(self.audio_tools.unwrap_or(0));
            sum.saturating_sub(self.audio_cached.unwrap_or(0)).min(input.unwrap_or(0))
        });
        let within = |part: Option<u64>| part.map(|part| part.min(output.unwrap_or(0)));
        Tokens {
            input,
            cache_read: self.cached.or(self.prompt.map(|_| 0)),
            output,
            // What is zero is left out; but not where some output is left out that was not zero.
            reasoning: self.thoughts.or(output.filter(|_| !self.is_guessed()).map(|_| 0)),
            audio_input,
            audio_output: within(self.audio_output),
            image_output: within(self.image_output),
            searches,
            ..Tokens::default()
        }
    }

    /// What decides the price together with the tokens, but for the tier.
    pub(super) fn doubts(&self) -> (bool, Option<u64>) {
        (self.is_guessed(), self.audio_cached)
    }

    /// What the price depends on besides.
    pub(super) fn billing(&self) -> Billing {
        Billing {
            tier: self.tier.clone(),
            guessed: self.is_guessed(),
            audio_cached: self.audio_cached,
            ..Billing::default()
        }
    }

    /// Whether the output was taken from the total, because it says more than its parts: it could be
    /// input of tools as well.
    fn is_guessed(&self) -> bool {
        self.output() > self.parts_of_output().or(Some(0))
    }

    /// What is visible and the thoughts, which are counted apart.
    fn parts_of_output(&self) -> Option<u64> {
        [self.candidates, self.thoughts].into_iter().flatten().reduce(u64::saturating_add)
    }

    /// All output. Where a part of it is not told, the total may say more.
    fn output(&self) -> Option<u64> {
        let told = self.parts_of_output();
        if self.candidates.is_some() && self.thoughts.is_some() {
            return told;
        }
        let other = self.prompt.map(|prompt| prompt.saturating_add(self.tool_use.unwrap_or(0)));
        let rest = other.zip(self.total).map(|(other, total)| total.saturating_sub(other));
        told.max(rest)
    }
}

fn none_in(details: &List<Modality<'_>>) -> Option<u64> {
    (!details.items().is_empty()).then_some(0)
}

fn of_kind(details: &List<Modality<'_>>, kind: &str) -> Option<u64> {
    let of = |one: &Modality<'_>| one.count.get().filter(|_| one.modality.get() == Some(kind));
    details.items().iter().filter_map(of).reduce(u64::saturating_add)
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
