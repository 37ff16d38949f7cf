//! Where the keyboard is, and which layout is on the screen. The current pane is another thing: it
//! is what Esc, scrolling and copying act on, also from the composer.

use std::time::Duration;
use std::time::Instant;

use ratatui::layout::Size;

use crate::tui::action::Action;
use crate::tui::screen::Areas;
use crate::tui::screen::LayoutChoice;
use crate::tui::state::setup::Ui;

/// Presses of Ctrl-C within this count as one, and Esc does not stop a reply for as long after it
/// has closed something.
pub const GUARD: Duration = Duration::from_millis(500);

/// How long a second press is waited for: as long as it is said that it is.
pub const TWICE: Duration = Duration::from_secs(4);

/// A second Esc within this stops all.
pub const AGAIN: Duration = Duration::from_secs(1);

/// Keys that come faster than this were pasted.
pub const BURST: Duration = Duration::from_millis(8);

/// So many characters in a row that were faster than [`BURST`] are a paste, not a person.
pub const PASTED: u32 = 3;

/// Where the keyboard is when no panel is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// In the composer.
    #[default]
    Composer,
    /// In the current pane.
    Pane,
}

/// How usage is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// Beside the panes where there is room.
    #[default]
    Auto,
    /// Beside the panes.
    Side,
    /// Over the whole room.
    Full,
    /// Not at all.
    Hidden,
}

/// What is on the screen, and where.
pub struct Look {
    /// What the root said.
    pub ui: Ui,
    /// The chosen layout.
    pub layout: LayoutChoice,
    /// One pane over the whole room.
    pub zoom: bool,
    /// Usage.
    pub usage: Usage,
    /// The size of the screen.
    pub size: Size,
    /// Where everything is.
    pub areas: Areas,
}

/// Moments that keys are judged by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guards {
    /// The last Ctrl-C that counted.
    pub interrupted: Option<Instant>,
    /// When it was said that one more Ctrl-C quits.
    pub leaving: Option<Instant>,
    /// The last Ctrl-D on an empty draft.
    pub ended: Option<Instant>,
    /// When Esc last closed something.
    pub closed: Option<Instant>,
    /// When Esc last stopped a reply, if no other key came since.
    pub stopped: Option<Instant>,
    /// When a character was last typed.
    pub typed: Option<Instant>,
    /// How many characters came faster than anybody types, one after the other.
    pub quick: u32,
    /// An action that waits for a digit.
    pub digit: Option<Action>,
}

/// What is due later.
#[derive(Clone, Copy, Debug, Default)]
pub struct Due {
    /// The draft is to be saved.
    pub draft: Option<Instant>,
    /// The estimate is to be made.
    pub estimate: Option<Instant>,
}
