//! What happens when the deadline comes: a step of the spinner, a notice that goes, a draft that is
//! saved, an estimate that is made.

use crate::chat::RunId;
use crate::tui::effect::Effect;
use crate::tui::state::State;
use crate::tui::update::Dirty;
use crate::tui::update::run;

/// Takes the deadline.
pub fn tick(state: &mut State, out: &mut Vec<Effect>) -> Dirty {
    let now = state.clock.now;
    let gone = state.boxed_notice().is_none() && state.notices.expire(now);
    let mut dirty = if gone { Dirty::Now } else { Dirty::Nothing };
    if state.due.draft.is_some_and(|due| due <= now) {
        state.due.draft = None;
        if state.room.read_only.is_none() {
            out.push(Effect::SaveDraft { room: state.head(), draft: state.composer.text() });
        }
    }
    if state.due.estimate.is_some_and(|due| due <= now) {
        state.due.estimate = None;
        let draft = state.composer.text();
        state.estimate =
            (!draft.trim().is_empty() && !draft.starts_with('/')).then(|| state.estimate_next(&draft));
        dirty = Dirty::Now;
    }
    if state.waits_for_colours() {
        dirty = dirty.max(Dirty::Stream);
    }
    if state.shows_life() {
        let live: Vec<RunId> = state.runs.iter().map(|(run, _)| *run).collect();
        for id in live {
            run::figures(state, id, false);
        }
        dirty = dirty.max(Dirty::Stream);
    }
    dirty
}
