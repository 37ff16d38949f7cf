//! What came back from effects.

use crate::chat::Notice;
use crate::tui::effect::Effect;
use crate::tui::effect::Report;
use crate::tui::state::Pasted;
use crate::tui::state::State;
use crate::tui::update::compose;
use crate::tui::update::login;

/// Takes a report.
pub fn report(state: &mut State, report: Report, out: &mut Vec<Effect>) {
    match report {
        Report::Notice(notice) => state.tell(notice),
        Report::Usage(reports) => state.money.reports = reports,
        Report::Spent { today, room } => {
            state.money.today = today;
            state.money.room = room;
        }
        Report::Settled(settled) => {
            let turns = &mut state.room.turns;
            let mut replies = turns.iter_mut().flat_map(|turn| &mut turn.replies);
            if let Some(reply) = replies.find(|reply| reply.id == settled.reply) {
                reply.charge = Some(settled.charge);
                reply.tokens = settled.tokens;
            }
            out.push(Effect::Spent);
        }
        Report::Edited(Some(text)) => {
            let text = Pasted::new(text.trim_end_matches('\n'));
            state.composer.clear();
            if text.invisible > 0 {
                state.composer.paste(text);
            } else {
                state.composer.set(&text.text);
            }
            compose::changed(state);
        }
        Report::Edited(None) => {
            state.tell(Notice::warning("the editor did not end well; the draft is as it was"))
        }
        Report::Prompts(prompts) => state.composer.prompts.add_older(prompts),
        Report::Models(models) => login::models(state, models),
        Report::Logins(rows) => login::rows(state, rows),
        Report::Login(news) => login::news(state, news, out),
        Report::Found(said, models) => login::found(state, &said, models),
    }
}
