//! What becomes of the parameters: each model takes other ones, and refuses the whole request for
//! one that it does not take. What is left out or changed is told in a sentence.

use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Format;
use crate::chat::Params;
use crate::provider::anthropic::models;
use crate::provider::anthropic::models::{Model, Way};
use crate::wire::anthropic::Thinking;

/// The fewest tokens of thinking that can be asked for.
const LEAST_BUDGET: u64 = 1_024;
/// The most that an effort stands for.
const MOST_BUDGET: u64 = 128_000;
/// Which part of the reply an effort gives to thinking, in percent.
const RATIOS: [(Effort, u64); 6] = [
    (Effort::Max, 95),
    (Effort::Xhigh, 95),
    (Effort::High, 80),
    (Effort::Medium, 50),
    (Effort::Low, 20),
    (Effort::Minimal, 10),
];

/// The parameters as they are sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) max_tokens: u64,
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u32>,
    /// What was left out or changed.
    pub(super) notes: Vec<String>,
}

/// The plan for a request.
pub(super) fn of(asked: &ChatRequest) -> Plan {
    let mut model = models::model(&asked.model.id);
    if asked.abilities.reasoning == Some(false) {
        model.way = Way::Never;
    }
    let mut plan = Plan { max_tokens: asked.params.max_tokens.unwrap_or(model.most), ..Plan::default() };
    let name = asked.model.short();
    plan.think(asked, &model);
    plan.sample(&asked.params, &model, name);
    plan.leave_out(&asked.params, name);
    plan
}

impl Plan {
    fn note(&mut self, words: String) {
        self.notes.push(words);
    }

    fn think(&mut self, asked: &ChatRequest, model: &Model) {
        let (params, name) = (&asked.params, asked.model.short());
        let effort = params.effort;
        if model.way == Way::Never {
            if params.thinking_tokens.is_some() || effort.is_some_and(|effort| effort != Effort::None) {
                self.note(format!("{name} cannot think: it was not asked to."));
            }
            return;
        }
        if effort == Some(Effort::None) {
            if asked.abilities.always_reasons == Some(true) {
                self.note(format!("{name} always thinks: that cannot be switched off."));
            } else {
                self.thinking = Some(Thinking::Disabled);
            }
            return;
        }
        if let Some(effort) = effort.filter(|_| matches!(model.way, Way::Adaptive | Way::Either)) {
            self.thinking = Some(ADAPTIVE);
            self.effort = Some(self.known_effort(asked, model, effort).name());
        }
        match (params.thinking_tokens, model.way) {
            (Some(_), Way::Adaptive) => {
                self.thinking = Some(ADAPTIVE);
                self.note(format!("{name} takes no number of thinking tokens: it thinks as it finds right."));
            }
            (Some(budget), _) => self.budget(budget.max(LEAST_BUDGET), name),
            (None, Way::Budget) => {
                let ratio = RATIOS.iter().find(|(known, _)| Some(*known) == effort);
                if let Some((_, percent)) = ratio {
                    let part = self.max_tokens.saturating_mul(*percent) / 100;
                    self.budget(part.clamp(LEAST_BUDGET, MOST_BUDGET), name);
                }
            }
            (None, _) => {}
        }
    }

    /// Asks for so many tokens of thinking, or as many as the reply has room for.
    fn budget(&mut self, budget: u64, name: &str) {
        let room = self.max_tokens.saturating_sub(1);
        if room < LEAST_BUDGET {
            let words = format!(
                "max_tokens of {} leaves no room for the {LEAST_BUDGET} tokens of thinking that {name} wants at least: \
                 it was not asked to think.",
                self.max_tokens
            );
            self.note(words);
            return;
        }
        if budget > room {
            self.note(format!("Thinking was limited to {room} tokens, to stay below max_tokens."));
        }
        self.thinking = Some(Thinking::Enabled { budget_tokens: budget.min(room) });
    }

    /// The strongest effort that the model knows and that is not above the one that was asked for.
    fn known_effort(&mut self, asked: &ChatRequest, model: &Model, effort: Effort) -> Effort {
        let told = asked.abilities.efforts.as_deref().unwrap_or(model.efforts);
        let known = || model.efforts.iter().copied().filter(|known| told.contains(known));
        let chosen =
            known().filter(|known| *known <= effort).max().or_else(|| known().min()).unwrap_or(Effort::Low);
        if chosen != effort {
            let name = asked.model.short();
            self.note(format!("{name} knows no effort {}: {} was sent.", effort.name(), chosen.name()));
        }
        chosen
    }

    fn sample(&mut self, params: &Params, model: &Model, name: &str) {
        let thinks = matches!(self.thinking, Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. }));
        let (refused, why) = match (model.sampling, thinks) {
            (false, _) => (true, "takes none"),
            (true, true) => (true, "takes none while it thinks"),
            (true, false) => (false, ""),
        };
        let mut left_out = |set: bool, member: &str| {
            if set && refused {
                self.notes.push(format!("{member} was left out: {name} {why}."));
            }
            set && !refused
        };
        let temperature =
            params.temperature.filter(|_| left_out(params.temperature.is_some(), "temperature"));
        let top_k = params.top_k.filter(|_| left_out(params.top_k.is_some(), "top_k"));
        (self.temperature, self.top_k) = (temperature, top_k);
        if let Some(hot) = temperature.filter(|hot| *hot > 1.0) {
            self.note(format!("temperature {hot} was lowered to 1, the most that {name} takes."));
            self.temperature = Some(1.0);
        }
        if params.top_p.is_some() && !model.sampling {
            self.note(format!("top_p was left out: {name} takes none."));
        } else if params.top_p.is_some() && temperature.is_some() && !model.both {
            self.note(format!("top_p was left out: {name} takes either it or temperature."));
        } else {
            self.top_p = params.top_p;
        }
    }

    /// What the format has no member for.
    fn leave_out(&mut self, params: &Params, name: &str) {
        let set = [
            (params.seed.is_some(), "seed"),
            (params.frequency_penalty.is_some(), "frequency_penalty"),
            (params.presence_penalty.is_some(), "presence_penalty"),
            (params.verbosity.is_some(), "verbosity"),
        ];
        for (_, member) in set.into_iter().filter(|(set, _)| *set) {
            self.note(format!("{member} was left out: {name} takes none."));
        }
        if params.format == Some(Format::Json) {
            self.note(format!(
                "{name} is not held to JSON without a schema: give one, or ask for JSON in the prompt."
            ));
        }
    }
}

/// Thinking as the model finds right, told in its own short words.
const ADAPTIVE: Thinking = Thinking::Adaptive { display: "summarized" };

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
