//! Every theme of the folder, and what is told about files that are wrong.

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

use super::Depth;
use super::Role;
use super::Theme;
use super::file;

fn user(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    folder
}

fn notices(text: &str) -> Vec<String> {
    let folder = user(&[("mine", text)]);
    Theme::load("mine", folder.path()).1.into_iter().map(|notice| notice.text).collect()
}

#[test]
fn roles_stand_in_the_order_of_their_values() {
    for (at, (role, name)) in Role::ALL.iter().enumerate() {
        assert_eq!(*role as usize, at, "{name}");
    }
    assert_eq!(Role::ALL.len(), Role::Ground as usize + 1);
}

#[test]
fn every_theme_is_without_fault_and_complete() {
    let nowhere = user(&[]);
    let names = Theme::names();
    assert_eq!(names[0], "terminal");
    for name in [
        "catppuccin-mocha",
        "catppuccin-latte",
        "gruvbox-dark",
        "nord",
        "solarized-light",
        "tokyo-night",
        "dracula",
        "mono",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    for name in &names {
        let (theme, notices) = Theme::load(name, nowhere.path());
        assert_eq!(notices, []);
        assert_eq!(theme.name, *name);
        assert_eq!(Some(theme), Theme::builtin(name));
        let text = super::embedded(name).unwrap();
        let parent =
            if text.contains("inherits = \"_colours\"") { super::embedded("_colours").unwrap() } else { "" };
        for (_, role) in Role::ALL {
            let line = format!("\n{role} = ");
            assert!(text.contains(&line) || parent.contains(&line), "{name} leaves out {role}");
        }
    }
}

fn luminance(colour: Color) -> Option<f64> {
    let Color::Rgb(red, green, blue) = colour else { return None };
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue))
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Roles that are lines and bars, not text.
const LINES: &[Role] =
    &[Role::Ground, Role::Border, Role::BorderCurrent, Role::BorderFocus, Role::Rule, Role::Gauge];

/// Roles that stand on the ground of code.
const ON_CODE: std::ops::RangeInclusive<usize> = Role::Keyword as usize..=Role::Deleted as usize;

#[test]
fn text_can_be_read_on_its_ground() {
    let mut light = 0;
    let mut measured = 0;
    for name in Theme::names() {
        let theme = Theme::builtin(&name).unwrap();
        let Some(ground) = theme.style(Role::Ground).bg.and_then(luminance) else { continue };
        light += usize::from(ground > 0.5);
        measured += 1;
        for (role, role_name) in Role::ALL.iter().filter(|(role, _)| !LINES.contains(role)) {
            let style = theme.style(*role);
            let code = theme.style(Role::CodeBlock).bg.and_then(luminance);
            let under = style.bg.and_then(luminance).or(code.filter(|_| ON_CODE.contains(&(*role as usize))));
            let text =
                style.fg.and_then(luminance).unwrap_or_else(|| panic!("{name}: {role_name} has no colour"));
            let contrast = contrast(text, under.unwrap_or(ground));
            assert!(contrast >= 4.5, "{name}: {role_name} has {contrast:.2}");
        }
    }
    assert!(light >= 2 && measured >= 7);
}

/// What a colour of few looks like on most terminals.
fn looks(colour: Color) -> Color {
    const GREYS: [(Color, u8); 4] =
        [(Color::Black, 0), (Color::DarkGray, 127), (Color::Gray, 229), (Color::White, 255)];
    let named = [
        (Color::Red, (205, 0, 0)),
        (Color::Green, (0, 205, 0)),
        (Color::Yellow, (205, 205, 0)),
        (Color::Blue, (0, 0, 238)),
        (Color::Magenta, (205, 0, 205)),
        (Color::Cyan, (0, 205, 205)),
        (Color::LightRed, (255, 0, 0)),
        (Color::LightGreen, (0, 255, 0)),
        (Color::LightYellow, (255, 255, 0)),
        (Color::LightBlue, (92, 92, 255)),
        (Color::LightMagenta, (255, 0, 255)),
        (Color::LightCyan, (0, 255, 255)),
    ];
    let grey = GREYS.iter().find(|(known, _)| *known == colour);
    let shown = named.iter().find(|(known, _)| *known == colour);
    match (colour, grey, shown) {
        (_, Some((_, grey)), _) => Color::Rgb(*grey, *grey, *grey),
        (_, _, Some((_, (red, green, blue)))) => Color::Rgb(*red, *green, *blue),
        (Color::Indexed(index @ 232..), ..) => {
            let grey = (index - 232) * 10 + 8;
            Color::Rgb(grey, grey, grey)
        }
        (Color::Indexed(index), ..) => {
            let step = |at: u8| [0, 95, 135, 175, 215, 255][usize::from(at % 6)];
            let at = index - 16;
            Color::Rgb(step(at / 36), step(at / 6), step(at))
        }
        (other, ..) => other,
    }
}

#[test]
fn text_can_be_read_in_fewer_colours_too() {
    let seen = |colour: Option<Color>| colour.map(looks).and_then(luminance);
    for name in Theme::names() {
        let theme = Theme::builtin(&name).unwrap();
        if theme.style(Role::Ground).bg.and_then(luminance).is_none() {
            continue;
        }
        for depth in [Depth::Ansi256, Depth::Ansi16] {
            let theme = theme.clone().limited(depth);
            let ground = seen(theme.style(Role::Ground).bg).unwrap();
            for (role, role_name) in Role::ALL.iter().filter(|(role, _)| !LINES.contains(role)) {
                let style = theme.style(*role);
                let contrast = contrast(seen(style.fg).unwrap(), seen(style.bg).unwrap_or(ground));
                assert!(contrast >= 4.4, "{name} {depth:?}: {role_name} has {contrast:.2}");
            }
            let chosen = theme.style(Role::Selected);
            let reversed = chosen.add_modifier.contains(Modifier::REVERSED);
            assert!(
                reversed || seen(chosen.bg) != Some(ground),
                "{name} {depth:?}: what is chosen is not seen"
            );
        }
    }
}

#[test]
fn lines_can_be_seen_on_a_light_ground() {
    for name in Theme::names() {
        let theme = Theme::builtin(&name).unwrap();
        let Some(ground) = theme.style(Role::Ground).bg.and_then(luminance).filter(|ground| *ground > 0.5)
        else {
            continue;
        };
        for role in LINES.iter().filter(|role| **role != Role::Ground) {
            let line = theme.style(*role).fg.and_then(luminance).unwrap();
            assert!(contrast(line, ground) >= 3.0, "{name} {role:?}: {:.2}", contrast(line, ground));
        }
    }
}

#[test]
fn nothing_is_said_by_colour_alone() {
    for name in Theme::names() {
        let theme = Theme::builtin(&name).unwrap();
        for role in [Role::Selected, Role::BorderCurrent, Role::Bad, Role::Heading, Role::Link, Role::Match] {
            assert!(!theme.style(role).add_modifier.is_empty(), "{name} {role:?}");
        }
        let bare = theme.limited(Depth::None);
        assert!(bare.style(Role::Selected).add_modifier.contains(Modifier::REVERSED), "{name}");
        assert!(bare.fits(Depth::None));
    }
    assert!(Theme::default().fits(Depth::Ansi16));
    assert!(Theme::builtin("mono").unwrap().fits(Depth::None));
    assert!(!Theme::builtin("nord").unwrap().fits(Depth::Ansi256));
    assert!(Theme::builtin("nord").unwrap().limited(Depth::Ansi256).fits(Depth::Ansi256));
}

#[test]
fn files_inherit_and_the_users_win() {
    let folder = user(&[
        ("nord", "inherits = \"nord\"\ntext = \"#123\"\n[palette]\nblue = \"#000001\"\n"),
        ("mine", "text = { fg = \"ink\", bg = 7, mods = [\"bold\"] }\n[palette]\nink = \"red\"\n"),
        ("child", "inherits = \"mine\"\n[palette]\nink = \"#abcdef\"\n"),
    ]);
    let load = |name: &str| {
        let (theme, notices) = Theme::load(name, folder.path());
        assert_eq!(notices, [], "{name}");
        theme
    };
    let nord = load("nord");
    assert_eq!(nord.style(Role::Text), Style::new().fg(Color::Rgb(0x11, 0x22, 0x33)));
    assert_eq!(nord.style(Role::Link).fg, Some(Color::Rgb(0, 0, 1)));
    let mine = load("mine");
    assert_eq!(
        mine.style(Role::Text),
        Style::new().fg(Color::Red).bg(Color::Indexed(7)).add_modifier(Modifier::BOLD)
    );
    assert_eq!(mine.style(Role::Link), Theme::default().style(Role::Link));
    assert_eq!(load("child").style(Role::Text).fg, Some(Color::Rgb(0xab, 0xcd, 0xef)));
    assert!(Theme::names_with(folder.path()).contains(&"child".to_owned()));
    assert!(Theme::names().iter().all(|name| !name.starts_with('_')));
}

#[test]
fn what_is_wrong_is_told() {
    for (text, expected) in [
        ("txet = \"red\"", "theme mine: no role `txet`; did you mean `text`?"),
        ("text = \"gren\"", "theme mine: text: no colour `gren`; did you mean `green`?"),
        (
            "text = \"inc\"\n[palette]\nink = \"#111\"",
            "theme mine: text: no colour `inc`; did you mean `ink`?",
        ),
        ("text = \"#12345\"", "theme mine: text: no colour `#12345`"),
        ("text = \"#ééé\"", "theme mine: text: no colour `#ééé`"),
        ("text = 256", "theme mine: text: no colour `256`"),
        ("text = true", "theme mine: text: `true` is no colour"),
        ("text = { fgg = \"red\" }", "theme mine: text: no `fgg`; did you mean `fg`?"),
        ("text = { mods = [\"bald\"] }", "theme mine: text: no modifier `bald`; did you mean `bold`?"),
        ("text = { mods = \"bold\" }", "theme mine: text: mods must be a list of names"),
        ("palette = 1", "theme mine: palette must be a table"),
        ("[palette]\nink = \"what\"", "theme mine: palette `ink`: `\"what\"` is no colour"),
        ("inherits = \"nrod\"", "no theme `nrod`; did you mean `nord`?; using the rest without it"),
        ("inherits = 1", "theme `mine`: inherits must be a name"),
        ("inherits = \"mine\"", "theme `mine` inherits from itself; using the rest without it"),
    ] {
        assert_eq!(notices(text), [expected], "{text}");
    }
    let broken = notices("text = ");
    assert!(broken.len() == 1 && broken[0].starts_with("theme `mine` is not valid TOML:\n"), "{broken:?}");
    assert!(broken[0].ends_with("using terminal"), "{broken:?}");
}

#[test]
fn what_is_not_there_is_the_default() {
    let folder = user(&[("a", "inherits = \"b\""), ("b", "inherits = \"a\"")]);
    for name in ["nrod", "../secret", "", "/etc/passwd", "a\u{1b}b"] {
        let (theme, notices) = Theme::load(name, folder.path());
        assert_eq!((theme, notices.len()), (Theme::default(), 1), "{name}");
        assert!(!notices[0].text.contains('\u{1b}'));
    }
    assert_eq!(Theme::load("a", folder.path()).1.len(), 1);
    std::fs::create_dir(folder.path().join("d.toml")).unwrap();
    assert_eq!(Theme::load("d", folder.path()).1.len(), 1);
    assert!(Theme::builtin("no such").is_none());
    assert!(file::is_name("a-b_c.1") && !file::is_name("a/b") && !file::is_name(".a"));
}

#[test]
fn the_environment_tells_the_depth() {
    let detect = |vars: &[(&str, &str)]| {
        Depth::detect(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    };
    for (vars, expected) in [
        (&[("TERM", "xterm")][..], Depth::Ansi16),
        (&[("TERM", "xterm-256color")], Depth::Ansi256),
        (&[("TERM", "tmux-256color"), ("COLORTERM", "truecolor")], Depth::TrueColor),
        (&[("TERM", "xterm-kitty")], Depth::TrueColor),
        (&[("TERM", "xterm-direct")], Depth::TrueColor),
        (&[("TERM", "xterm"), ("COLORTERM", "24bit"), ("NO_COLOR", "1")], Depth::None),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], Depth::Ansi16),
        (&[("TERM", "dumb")], Depth::None),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], Depth::Ansi16),
        (&[("CLICOLOR_FORCE", "0")], Depth::None),
        (&[], Depth::None),
    ] {
        assert_eq!(detect(vars), expected, "{vars:?}");
    }
}

#[test]
fn colours_are_brought_to_fewer() {
    let red = Color::Rgb(250, 10, 10);
    for (depth, nearest) in [
        (Depth::TrueColor, red),
        (Depth::Ansi256, Color::Indexed(196)),
        (Depth::Ansi16, Color::LightRed),
        (Depth::None, Color::Reset),
    ] {
        assert_eq!(depth.nearest(red), nearest, "{depth:?}");
    }
    assert_eq!(Depth::Ansi16.nearest(Color::Green), Color::Green);
    assert_eq!(Depth::Ansi16.nearest(Color::Indexed(9)), Color::LightRed);
    assert_eq!(Depth::Ansi16.nearest(Color::Indexed(231)), Color::White);
}
