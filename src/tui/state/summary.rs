//! Figures put together for panels, the side panel and the composer's title.

use crate::chat::Charge;
use crate::chat::Message;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Pico;
use crate::chat::Reply;
use crate::chat::Status;
use crate::chat::Sum;
use crate::chat::Tariff;
use crate::chat::Tokens;
use crate::tui::panel::Cx;
use crate::tui::panel::ModelRow;
use crate::tui::panel::TurnRow;
use crate::tui::panel::UsageView;
use crate::tui::state::Known;
use crate::tui::state::Live;
use crate::tui::state::Pane;
use crate::tui::state::State;
use crate::tui::state::turn_sum;

/// What the next send is likely to take and to cost, over all seats that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Tokens in, over all seats.
    pub input_tokens: u64,
    /// What it probably costs, as far as prices are known.
    pub expected: Pico,
    /// The most that it can cost, as far as that is known.
    pub at_most: Pico,
    /// Seats that cost money.
    pub paid: usize,
    /// Those of them whose price is not known.
    pub unpriced: usize,
    /// Those of them whose reply has no known end.
    pub unbounded: usize,
}

impl Default for Next {
    fn default() -> Self {
        Self {
            input_tokens: 0,
            expected: Pico::ZERO,
            at_most: Pico::ZERO,
            paid: 0,
            unpriced: 0,
            unbounded: 0,
        }
    }
}

impl State {
    /// Calls something with what panels may know.
    pub fn with_cx<R>(&self, act: impl FnOnce(&Cx<'_>) -> R) -> R {
        let view = self.usage_view();
        let cx = Cx {
            keymap: &self.keymap,
            models: &self.known.models,
            models_told: self.known.models_told,
            commands: &self.commands,
            themes: &self.look.ui.themes,
            theme: &self.look.ui.theme,
            usage: &view,
            seat: self.pane().map(|pane| (pane.id().0, self.seat_name(&pane.seat))),
            demo: self.only_demo(),
            logins: &self.known.logins,
            login: &self.login,
            providers: &self.known.tariffs,
        };
        act(&cx)
    }

    /// Whether only demo models sit here, because there is no key.
    #[must_use]
    pub fn only_demo(&self) -> bool {
        self.look.ui.demo && self.panes.iter().all(|pane| self.tariff(&pane.seat.model) == Tariff::Play)
    }

    /// The run of a pane.
    #[must_use]
    pub fn live(&self, pane: &Pane) -> Option<&Live> {
        pane.live.and_then(|run| self.runs.get(run))
    }

    /// What the last turn cost so far: what is settled, and what is live as an estimate.
    #[must_use]
    pub fn turn_so_far(&self) -> Sum {
        let Some(turn) = self.room.turns.last() else { return Sum::default() };
        let mut sum = turn_sum(turn);
        let here = self.room.turns.len() - 1;
        for (_, live) in self.runs.iter().filter(|(_, live)| live.turn == here) {
            if let Some(charge) = &live.shown.charge {
                sum.add(charge);
            }
        }
        sum
    }

    /// What there is to say of a seat in the last turn.
    #[must_use]
    pub fn turn_row(&self, pane: &Pane) -> Option<TurnRow> {
        let here = self.room.turns.len().checked_sub(1)?;
        let reply = self.room.turns.get(here)?.active(pane.id())?;
        let live = self.live(pane).filter(|live| live.reply == reply.id);
        let served = reply.served_model.as_ref().map(|served| served.line().into_owned());
        let served = served.filter(|served| *served != reply.model.id && *served != reply.model.short());
        let upstream = reply.upstream.as_ref().map(|upstream| upstream.line().into_owned());
        Some(TurnRow {
            number: pane.id().0,
            name: self.model_name(&reply.model),
            served: [served, upstream].into_iter().flatten().collect::<Vec<_>>().join(" · "),
            finish: finish_words(reply),
            ttft_ms: reply.ttft_ms,
            speed: live.map_or_else(|| speed(pane, here, reply), |live| live.shown.speed),
            tokens: live.map_or(reply.tokens, Live::tokens),
            charge: live.map_or(reply.charge, |live| live.shown.charge),
        })
    }

    fn usage_view(&self) -> UsageView<'_> {
        let wanted = self.panels.is_empty() || self.panels.iter().any(|panel| panel.is_usage());
        UsageView {
            turn: if wanted {
                self.panes.iter().filter_map(|pane| self.turn_row(pane)).collect()
            } else {
                Vec::new()
            },
            turn_number: self.room.turns.len(),
            turn_sum: self.turn_so_far(),
            room: self.money.room,
            today: self.money.today,
            budget_day: self.money.budget_day,
            reports: &self.money.reports,
        }
    }

    /// What Enter would send now, estimated over all seats that it goes to.
    #[must_use]
    pub fn estimate_next(&self, prompt: &str) -> Next {
        let mut total = Next::default();
        for pane in self.panes.iter().filter(|pane| self.target.takes(&pane.seat)) {
            let messages = self.room.preview(&pane.seat, prompt);
            let one = (self.known.estimate)(&pane.seat, &messages);
            total.input_tokens = total.input_tokens.saturating_add(one.input_tokens);
            if self.tariff(&pane.seat.model) != Tariff::Metered {
                continue;
            }
            total.paid += 1;
            total.unpriced += usize::from(one.expected.is_none());
            total.unbounded += usize::from(one.at_most.is_none());
            total.expected = add(total.expected, one.expected);
            total.at_most = add(total.at_most, one.at_most);
        }
        total
    }

    /// The models that can be chosen, with what is known of their prices.
    #[must_use]
    pub fn model_rows(&self, models: Vec<ModelInfo>) -> Vec<ModelRow> {
        models.into_iter().map(|info| model_row(&self.known, info)).collect()
    }

    /// Tokens of a request, roughly.
    #[must_use]
    pub fn guess_input(&self, pane: &Pane, messages: &[Message]) -> u64 {
        (self.known.estimate)(&pane.seat, messages).input_tokens
    }

    /// What so many tokens cost, marked as an estimate.
    #[must_use]
    pub fn guess_charge(&self, model: &ModelRef, tokens: &Tokens) -> Charge {
        let charge = (self.known.price)(model, tokens);
        match charge.amount {
            Some(amount) if !charge.tariff.is_nothing() => {
                Charge::of(amount, crate::chat::Source::Estimated, charge.tariff)
            }
            _ => charge,
        }
    }
}

/// Output tokens a second: as they were seen to come, else from the time after the first one.
#[must_use]
pub fn speed(pane: &Pane, turn: usize, reply: &Reply) -> Option<u64> {
    let seen = pane.items.get(turn).and_then(|item| item.speed);
    seen.or_else(|| {
        let took = reply.total_ms?.checked_sub(reply.ttft_ms?)?;
        (took >= 200).then(|| reply.tokens.output.unwrap_or(0).saturating_mul(1000) / took)
    })
    .filter(|speed| *speed > 0)
}

fn finish_words(reply: &Reply) -> String {
    match (reply.status, &reply.fault, &reply.finish) {
        (Status::Failed, Some(fault), _) => format!("failed: {}", fault.class.name()),
        (Status::Done, _, Some(finish)) => finish.clone(),
        (status, ..) => status.name().to_owned(),
    }
}

/// Adds what is known.
fn add(sum: Pico, more: Option<Pico>) -> Pico {
    more.and_then(|more| sum.plus(more)).unwrap_or(sum)
}

fn model_row(known: &Known, info: ModelInfo) -> ModelRow {
    let label = known.labels.get(&info.model);
    let alias = label.and_then(|label| label.alias.clone());
    let one = |tokens: Tokens| (known.price)(&info.model, &tokens).amount;
    let none = Tokens { input: Some(0), output: Some(0), ..Tokens::default() };
    // What a request costs by itself is no price of a token.
    let fee = one(none);
    let less = |whole: Option<Pico>| Some(Pico(whole?.0.checked_sub(fee?.0)?));
    let input = less(one(Tokens { input: Some(1), ..none }));
    let output = less(one(Tokens { output: Some(1), ..none }));
    let can = &info.abilities;
    let search = format!(
        "{} {} {}",
        alias.as_deref().unwrap_or_default(),
        info.model,
        info.name.as_deref().unwrap_or_default()
    );
    ModelRow {
        search: search.trim().to_owned(),
        alias,
        context: info.context,
        sees: can.input.iter().flatten().any(|kind| kind == "image"),
        has_tools: can.tools == Some(true),
        thinks: can.reasoning == Some(true),
        expires: info.expires,
        tariff: match known.tariffs.get(&info.model.provider).copied().unwrap_or_default() {
            Tariff::Local if info.is_elsewhere => Tariff::Metered,
            tariff => tariff,
        },
        price: input.zip(output),
        model: info.model,
    }
}
