//! The keys that advice names, by the keymap in force. Where an action has no key, its command is
//! named: advice that cannot be followed is worse than none.

use crate::tui::action::Action;
use crate::tui::action::Context;
use crate::tui::keymap::Keymap;
use crate::tui::keymap::key_name;

/// What stands for each key in a text, the action, where it is pressed, and its command.
const KEYS: [(&str, Action, Context, &str); 6] = [
    ("{again}", Action::Again, Context::Pane, "/retry"),
    ("{models}", Action::Models, Context::Composer, "/model"),
    ("{new-room}", Action::NewRoom, Context::Composer, "/new"),
    ("{esc}", Action::Escape, Context::Composer, "/stop"),
    ("{interrupt}", Action::Interrupt, Context::Composer, "/quit"),
    ("{empty}", Action::QuitIfEmpty, Context::Composer, "/quit"),
];

/// The names of keys, for texts that are made where the keymap is not known.
#[derive(Debug)]
pub struct KeyNames([String; KEYS.len()]);

impl KeyNames {
    /// The names by a keymap.
    #[must_use]
    pub fn of(keymap: &Keymap) -> Self {
        Self(KEYS.map(|(_, action, context, command)| {
            keymap.chord(action, context).map_or_else(|| command.to_owned(), |chord| key_name(&chord))
        }))
    }

    /// A text of salon's own with the names in their places.
    #[must_use]
    pub fn name(&self, text: &str) -> String {
        let rows = KEYS.iter().zip(&self.0);
        rows.fold(text.to_owned(), |text, ((place, ..), name)| text.replace(place, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Overrides;

    #[test]
    fn advice_names_the_keys_that_are_bound() {
        let usual = KeyNames::of(&Keymap::default());
        assert_eq!(usual.name("{again} asks again; {models}, {new-room}"), "r asks again; ctrl-l, ctrl-n");
        let mut overrides = Overrides::new();
        let pane = [("r", "none"), ("f5", "again")].map(|(key, action)| (key.to_owned(), action.to_owned()));
        overrides.insert("pane".to_owned(), pane.into_iter().collect());
        let global = [("ctrl-l", "none"), ("esc", "none"), ("f8", "stop")];
        let global = global.map(|(key, action)| (key.to_owned(), action.to_owned()));
        overrides.insert("global".to_owned(), global.into_iter().collect());
        let own = KeyNames::of(&Keymap::load(&overrides).0);
        assert_eq!(own.name("{again} {models} {esc}"), "F5 /model F8");
    }
}
