//! Everything that a person can do, one row each: the name for the keymap file and the palette, the
//! sentence for the help screen, and the default keys. Parser, help, footer hints and docs read
//! these rows.

/// Where the keyboard is when a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere.
    Global,
    /// In the composer.
    Composer,
    /// In a pane.
    Pane,
    /// In a panel: help, usage, a picker.
    Panel,
}

impl Context {
    /// All contexts with their names in the keymap.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Global, "global"),
        (Self::Composer, "composer"),
        (Self::Pane, "pane"),
        (Self::Panel, "panel"),
    ];
}

/// What a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send the draft.
    Send,
    /// A new line in the draft.
    Newline,
    /// Stop the current pane; closes what is open first.
    Escape,
    /// Stop all, then clear the draft, then quit.
    Interrupt,
    /// Stop all runs.
    StopAll,
    /// Quit.
    Quit,
    /// Ctrl-D on an empty draft, twice.
    QuitIfEmpty,
    /// Suspend to the shell.
    Suspend,
    /// Keyboard focus to the next of composer and panes.
    FocusNext,
    /// Keyboard focus to the one before.
    FocusPrevious,
    /// Keyboard focus to the composer.
    FocusComposer,
    /// Current pane n, from 1.
    Pane(u8),
    /// Current pane to the left.
    PaneLeft,
    /// Current pane to the right.
    PaneRight,
    /// Scroll.
    PageUp,
    /// Scroll.
    PageDown,
    /// Scroll.
    HalfUp,
    /// Scroll.
    HalfDown,
    /// Scroll.
    LineUp,
    /// Scroll.
    LineDown,
    /// To the first row.
    Top,
    /// To the end; follow again.
    Bottom,
    /// To the next turn.
    NextTurn,
    /// To the turn before.
    PreviousTurn,
    /// Copy the reply.
    CopyReply,
    /// Copy the replies of all panes.
    CopyAll,
    /// Copy code block n: the next digit says which.
    CopyCode,
    /// Save code block n to a file.
    SaveCode,
    /// Save the reply to a file.
    SaveReply,
    /// Ask the current pane again.
    Again,
    /// Ask all failed panes again.
    AgainFailed,
    /// The version of the reply before.
    VersionPrevious,
    /// The next version of the reply.
    VersionNext,
    /// Thinking of the current pane open or closed.
    ToggleThinking,
    /// Thinking of all panes.
    ToggleThinkingAll,
    /// Markdown or its source.
    ToggleRaw,
    /// One pane over the whole width.
    Zoom,
    /// The next layout: columns, rows, grid, tabs.
    NextLayout,
    /// Leave the seat out of what goes to all, or take it in again.
    Mute,
    /// Take the seat out of the room.
    RemoveSeat,
    /// Send to this seat only, until changed back.
    TargetOnly,
    /// Mark the seat for the next sends.
    TargetMark,
    /// The models.
    Models,
    /// The help.
    Help,
    /// All actions and commands, to search.
    Palette,
    /// The usage panel: beside, full, hidden.
    Usage,
    /// The themes.
    Themes,
    /// A new room with the same line-up.
    NewRoom,
    /// The draft in $EDITOR.
    ExternalEditor,
    /// Search in the prompts.
    HistorySearch,
    /// The prompt before, in the history.
    HistoryPrevious,
    /// The next prompt, in the history.
    HistoryNext,
    /// Draw everything anew.
    Redraw,
}

/// One row of [`ACTIONS`].
pub struct ActionRow {
    /// What it is.
    pub action: Action,
    /// Its name in the keymap and the palette.
    pub name: &'static str,
    /// One sentence for the help.
    pub doc: &'static str,
    /// Default keys: the context and the chord, in the keymap's own spelling. `"ctrl-x ctrl-e"` is a sequence.
    pub keys: &'static [(Context, &'static str)],
}

use Context::{Composer, Global, Pane as InPane};

macro_rules! rows {
    ($($action:expr, $name:literal, $doc:literal, [$($keys:tt)*];)*) => {
        &[$(ActionRow { action: $action, name: $name, doc: $doc, keys: &[$($keys)*] }),*]
    };
}

/// All actions, in the order of the help.
pub const ACTIONS: &[ActionRow] = rows![
    Action::Send, "send", "send the prompt", [(Composer, "enter")];
    Action::Newline, "newline", "a new line in the prompt", [(Composer, "ctrl-j"), (Composer, "alt-enter"), (Composer, "shift-enter")];
    Action::Escape, "stop", "stop the reply of the current pane; first closes what is open", [(Global, "esc")];
    Action::Interrupt, "interrupt", "stop all replies; again: clear the draft; again: quit", [(Global, "ctrl-c")];
    Action::StopAll, "stop-all", "stop all replies", [(InPane, "S")];
    Action::Quit, "quit", "leave salon", [(Global, "ctrl-q")];
    Action::QuitIfEmpty, "quit-if-empty", "leave salon when the draft is empty, pressed twice", [(Composer, "ctrl-d")];
    Action::Suspend, "suspend", "go to the shell; fg comes back", [(Global, "ctrl-z")];
    Action::FocusNext, "focus-next", "keyboard to the next of composer and panes", [(Global, "tab")];
    Action::FocusPrevious, "focus-previous", "keyboard to the one before", [(Global, "shift-tab")];
    Action::FocusComposer, "focus-composer", "keyboard to the composer", [(InPane, "i"), (InPane, "enter")];
    Action::Pane(1), "pane-1", "make pane 1 the current one", [(Global, "alt-1"), (InPane, "1")];
    Action::Pane(2), "pane-2", "make pane 2 the current one", [(Global, "alt-2"), (InPane, "2")];
    Action::Pane(3), "pane-3", "make pane 3 the current one", [(Global, "alt-3"), (InPane, "3")];
    Action::Pane(4), "pane-4", "make pane 4 the current one", [(Global, "alt-4"), (InPane, "4")];
    Action::Pane(5), "pane-5", "make pane 5 the current one", [(Global, "alt-5"), (InPane, "5")];
    Action::Pane(6), "pane-6", "make pane 6 the current one", [(Global, "alt-6"), (InPane, "6")];
    Action::Pane(7), "pane-7", "make pane 7 the current one", [(Global, "alt-7"), (InPane, "7")];
    Action::Pane(8), "pane-8", "make pane 8 the current one", [(Global, "alt-8"), (InPane, "8")];
    Action::Pane(9), "pane-9", "make pane 9 the current one", [(Global, "alt-9"), (InPane, "9")];
    Action::PaneLeft, "pane-left", "make the pane before the current one", [(InPane, "h"), (InPane, "left")];
    Action::PaneRight, "pane-right", "make the next pane the current one", [(InPane, "l"), (InPane, "right")];
    Action::PageUp, "page-up", "scroll up a page", [(Global, "pageup")];
    Action::PageDown, "page-down", "scroll down a page", [(Global, "pagedown")];
    Action::HalfUp, "half-up", "scroll up half a page", [(InPane, "ctrl-u")];
    Action::HalfDown, "half-down", "scroll down half a page", [(InPane, "ctrl-d")];
    Action::LineUp, "line-up", "scroll up a line", [(InPane, "k"), (InPane, "up")];
    Action::LineDown, "line-down", "scroll down a line", [(InPane, "j"), (InPane, "down")];
    Action::Top, "top", "scroll to the first line", [(InPane, "g"), (InPane, "home")];
    Action::Bottom, "bottom", "scroll to the end and follow it", [(InPane, "G"), (InPane, "end")];
    Action::NextTurn, "next-turn", "scroll to the next turn", [(InPane, "]")];
    Action::PreviousTurn, "previous-turn", "scroll to the turn before", [(InPane, "[")];
    Action::CopyReply, "copy-reply", "copy the reply", [(InPane, "y")];
    Action::CopyAll, "copy-all", "copy the replies of all panes", [(InPane, "Y")];
    Action::CopyCode, "copy-code", "copy a code block; then its number", [(InPane, "c")];
    Action::SaveCode, "save-code", "save a code block to a file; then its number", [(InPane, "s")];
    Action::SaveReply, "save-reply", "save the reply to a file", [];
    Action::Again, "again", "ask the current pane again; asks first when the reply is done", [(InPane, "r")];
    Action::AgainFailed, "again-failed", "ask all failed panes again", [(InPane, "R")];
    Action::VersionPrevious, "version-previous", "show the version of the reply before", [(InPane, "<")];
    Action::VersionNext, "version-next", "show the next version of the reply", [(InPane, ">")];
    Action::ToggleThinking, "thinking", "open or close the thinking of this pane", [(InPane, "t")];
    Action::ToggleThinkingAll, "thinking-all", "open or close the thinking of all panes", [(Global, "alt-t")];
    Action::ToggleRaw, "raw", "show the source of the reply, or its markdown", [(InPane, "v")];
    Action::Zoom, "zoom", "one pane over the whole room, and back", [(InPane, "z")];
    Action::NextLayout, "layout", "the next layout: columns, rows, grid, tabs", [(InPane, "w")];
    Action::Mute, "mute", "leave the seat out of what goes to all, or take it in again", [(InPane, "m")];
    Action::RemoveSeat, "remove-seat", "take the seat out of the room", [(InPane, "X")];
    Action::TargetOnly, "target-only", "send to this seat only, until pressed again", [(InPane, "a")];
    Action::TargetMark, "target-mark", "mark the seat: sends go to the marked ones", [(InPane, "space")];
    Action::Models, "models", "choose models", [(Global, "ctrl-l")];
    Action::Help, "help", "show the keys", [(Global, "f1"), (InPane, "?")];
    Action::Palette, "palette", "search everything that can be done", [(Global, "ctrl-p"), (InPane, ":")];
    Action::Usage, "usage", "usage: beside the panes, full, hidden", [(Global, "f3")];
    Action::Themes, "themes", "choose a theme", [];
    Action::NewRoom, "new-room", "a new room with the same line-up", [(Global, "ctrl-n")];
    Action::ExternalEditor, "editor", "write the prompt in $EDITOR", [(Composer, "ctrl-g"), (Composer, "ctrl-x ctrl-e")];
    Action::HistorySearch, "history-search", "search in the prompts", [(Composer, "ctrl-r")];
    Action::HistoryPrevious, "history-previous", "the prompt before", [];
    Action::HistoryNext, "history-next", "the next prompt", [];
    Action::Redraw, "redraw", "draw the screen anew", [];
];
