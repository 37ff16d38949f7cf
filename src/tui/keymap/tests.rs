//! The defaults, what a config changes, and how keys come to actions.

use crossterm::event::KeyCode;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;

use super::*;

fn overrides(rows: &[(&str, &str, &str)]) -> Overrides {
    let mut all = Overrides::new();
    for (context, keys, action) in rows {
        all.entry((*context).to_owned()).or_default().insert((*keys).to_owned(), (*action).to_owned());
    }
    all
}

fn key(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)
}

fn ctrl(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
}

fn press(keymap: &Keymap, context: Context, keys: &[KeyEvent]) -> Vec<Resolved> {
    let mut pending = Pending::default();
    keys.iter().map(|key| keymap.resolve(context, &mut pending, *key)).collect()
}

#[test]
fn every_default_is_read_and_written_as_it_stands() {
    let mut seen: Vec<(Context, Vec<Chord>)> = Vec::new();
    for row in ACTIONS {
        for (context, text) in row.keys {
            let keys = parse(text).unwrap_or_else(|why| panic!("{}: {text}: {why}", row.name));
            assert_eq!(print(&keys), *text, "{}", row.name);
            for (other, others) in &seen {
                let clash = other == context && (*others == keys || overlap(others, &keys));
                assert!(!clash, "{}: {text} is taken", row.name);
            }
            seen.push((*context, keys));
        }
        assert_eq!(ACTIONS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
    }
    assert_eq!(Keymap::default().rows().count(), seen.len());
}

#[test]
fn the_context_comes_before_the_global_keys() {
    let map = Keymap::default();
    let one = |context, key| press(&map, context, &[key])[0];
    assert_eq!(one(Context::Composer, KeyCode::Enter.into()), Resolved::Action(Action::Send));
    assert_eq!(one(Context::Pane, KeyCode::Enter.into()), Resolved::Action(Action::FocusComposer));
    assert_eq!(one(Context::Panel, KeyCode::Enter.into()), Resolved::None);
    assert_eq!(one(Context::Composer, ctrl('d')), Resolved::Action(Action::QuitIfEmpty));
    assert_eq!(one(Context::Pane, ctrl('d')), Resolved::Action(Action::HalfDown));
    assert_eq!(one(Context::Panel, KeyCode::F(1).into()), Resolved::Action(Action::Help));
    assert_eq!(one(Context::Pane, key('S')), Resolved::Action(Action::StopAll));
    assert_eq!(one(Context::Pane, key('s')), Resolved::Action(Action::SaveCode));
    assert_eq!(one(Context::Composer, key('S')), Resolved::None);
    let release = KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, KeyEventKind::Release);
    assert_eq!(one(Context::Composer, release), Resolved::None);
}

#[test]
fn a_sequence_waits_and_ends() {
    let map = Keymap::default();
    let editor = Resolved::Action(Action::ExternalEditor);
    assert_eq!(press(&map, Context::Composer, &[ctrl('x'), ctrl('e')]), [Resolved::Prefix, editor]);
    // What does not go on with it counts by itself.
    let interrupt = Resolved::Action(Action::Interrupt);
    assert_eq!(press(&map, Context::Composer, &[ctrl('x'), ctrl('c')]), [Resolved::Prefix, interrupt]);
    assert_eq!(press(&map, Context::Composer, &[ctrl('x'), key('a')]), [Resolved::Prefix, Resolved::None]);
    assert_eq!(
        press(&map, Context::Composer, &[ctrl('x'), ctrl('x'), ctrl('e')]),
        [Resolved::Prefix, Resolved::Prefix, editor]
    );
    // Esc ends the sequence and does not stop a reply.
    let esc = KeyEvent::from(KeyCode::Esc);
    assert_eq!(
        press(&map, Context::Composer, &[ctrl('x'), esc, esc]),
        [Resolved::Prefix, Resolved::None, Resolved::Action(Action::Escape)]
    );
    // In another place the sequence is forgotten.
    let mut pending = Pending::default();
    map.resolve(Context::Composer, &mut pending, ctrl('x'));
    assert_eq!(pending.shown().as_deref(), Some("ctrl-x"));
    assert_eq!(map.resolve(Context::Pane, &mut pending, ctrl('e')), Resolved::None);
    assert_eq!(pending, Pending::default());
}

#[test]
fn a_config_binds_and_unbinds() {
    let (map, notices) = Keymap::load(&overrides(&[
        ("pane", "g g", "top"),
        ("pane", "ctrl-x", "zoom"),
        ("composer", "ctrl-p", "none"),
        ("composer", "ctrl-s", "send"),
        ("global", "ctrl-q", "none"),
        ("global", "f10", "quit"),
        ("global", "q", "help"),
    ]));
    let one = |context, key| press(&map, context, &[key])[0];
    assert_eq!(
        press(&map, Context::Pane, &[key('g'), key('g')]),
        [Resolved::Prefix, Resolved::Action(Action::Top)]
    );
    assert_eq!(one(Context::Pane, ctrl('x')), Resolved::Action(Action::Zoom));
    assert_eq!(one(Context::Composer, ctrl('p')), Resolved::None);
    assert_eq!(one(Context::Pane, ctrl('p')), Resolved::Action(Action::Palette));
    assert_eq!(one(Context::Pane, ctrl('q')), Resolved::None);
    assert_eq!(one(Context::Pane, key('q')), Resolved::Action(Action::Help));
    assert_eq!(one(Context::Composer, key('q')), Resolved::None);
    assert_eq!(one(Context::Panel, key('q')), Resolved::None);
    assert_eq!(map.chord(Action::Send, Context::Composer).as_deref(), Some("ctrl-s"));
    assert_eq!(map.chord(Action::Quit, Context::Pane).as_deref(), Some("f10"));
    assert_eq!(map.chord(Action::Palette, Context::Composer), None);
    let told: Vec<&str> = notices.iter().map(|notice| notice.text.as_str()).collect();
    assert_eq!(told, ["keys.pane: \"g\" (top) gives way to \"g g\" (top)"]);
}

#[test]
fn hints_name_a_key_that_works() {
    let map = Keymap::default();
    assert_eq!(map.chord(Action::Newline, Context::Composer).as_deref(), Some("ctrl-j"));
    assert_eq!(map.chord(Action::Escape, Context::Composer).as_deref(), Some("esc"));
    assert_eq!(map.chord(Action::Help, Context::Pane).as_deref(), Some("?"));
    assert_eq!(map.chord(Action::Send, Context::Pane), None);
    assert_eq!(map.chord(Action::SaveReply, Context::Pane), None);
    // A global character is text in the composer.
    let (map, _) = Keymap::load(&overrides(&[("global", "x", "redraw")]));
    assert_eq!(map.chord(Action::Redraw, Context::Composer), None);
    assert_eq!(map.chord(Action::Redraw, Context::Pane).as_deref(), Some("x"));
}

#[test]
fn what_cannot_be_used_is_told() {
    type Given = [(&'static str, &'static str, &'static str)];
    let rows: &[(&Given, &[&str])] = &[
        (&[("panes", "x", "zoom")], &["keys: there is no context \"panes\": did you mean \"pane\"?"]),
        (&[("pane", "x", "zom")], &["keys.pane: there is no action \"zom\": did you mean \"zoom\"?"]),
        (&[("pane", "x", "fly")], &["keys.pane: there is no action \"fly\""]),
        (&[("pane", "x", "copy_reply")], &[]),
        (
            &[("pane", "entr", "zoom")],
            &["keys.pane: \"entr\" cannot be read: there is no such key: did you mean \"enter\"?"],
        ),
        (&[("pane", " ", "zoom")], &["keys.pane: \" \" cannot be read: it names no key"]),
        (
            &[("pane", "\u{202e}x", "zoom")],
            &["keys.pane: \"<U+202E>x\" cannot be read: there is no such key"],
        ),
        (
            &[("composer", "ctrl-enter", "send"), ("composer", "ctrl-j", "help")],
            &["keys.composer: \"ctrl-j\" is the key ctrl-j again, which is \"send\" already; that one holds"],
        ),
        (
            &[("pane", "x", "zoom"), ("pane", "x y", "help")],
            &["keys.pane: \"x y\" cannot be reached, because \"x\" alone is \"zoom\""],
        ),
        (&[("composer", "enter", "newline")], &["keys: \"send\" has no key now"]),
    ];
    for (given, expected) in rows {
        let (_, notices) = Keymap::load(&overrides(given));
        let told: Vec<&str> = notices.iter().map(|notice| notice.text.as_str()).collect();
        assert_eq!(told, *expected, "{given:?}");
    }
}

#[test]
fn no_config_changes_nothing() {
    let (map, notices) = Keymap::load(&Overrides::new());
    assert_eq!(map.bindings, Keymap::default().bindings);
    assert!(notices.is_empty());
}
