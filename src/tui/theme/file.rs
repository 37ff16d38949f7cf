//! Reading theme files: `inherits`, a `[palette]`, and a line a role. It gives a theme in any case, and
//! a notice for each thing that does not work as written.

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use toml::Table;
use toml::Value;

use crate::chat::Notice;
use crate::text::Untrusted;

use super::DEFAULT;
use super::Role;
use super::Theme;
use super::colour;

/// So many files may inherit from one another.
const CHAIN: usize = 8;
/// Theme files are small.
const SIZE: u64 = 256 * 1024;

/// Finds the text of a theme: its name, and whether the user's own file may be taken. A file that is
/// there but cannot be read gives the reason.
pub(super) type Find<'f> = &'f dyn Fn(&str, bool) -> Option<Result<String, String>>;

/// Whether it can be the name of a theme: no path, nothing hidden.
pub(super) fn is_name(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.bytes().all(fine)
}

/// The text of a theme in that folder.
pub(super) fn open(name: &str, folder: &Path) -> Option<Result<String, String>> {
    if !is_name(name) {
        return None;
    }
    let path = folder.join(format!("{name}.toml"));
    let about = std::fs::metadata(&path).ok()?;
    if !about.is_file() || about.len() > SIZE {
        return Some(Err(format!("{} is no theme file", path.display())));
    }
    Some(
        std::fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display())),
    )
}

/// Reads the theme of that name.
pub(super) fn read(name: &str, find: Find<'_>) -> (Theme, Vec<Notice>) {
    let mut notices = Vec::new();
    if let Some(chain) = chain(name, find, &mut notices) {
        return (resolve(name, &chain, &mut notices), notices);
    }
    if name == DEFAULT {
        let styles = vec![Style::new(); Role::ALL.len()];
        return (Theme { name: name.to_owned(), styles }, notices);
    }
    (Theme::default(), notices)
}

/// One file of a chain.
struct File {
    name: String,
    table: Table,
}

/// The file and what it inherits from, the last ancestor first. `None` when the file itself is of no
/// use.
fn chain(name: &str, find: Find<'_>, notices: &mut Vec<Notice>) -> Option<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take() {
        let seen = files.iter().filter(|file| file.name == name).count();
        let from = files.last().map(|file| file.name.clone());
        // A user's theme may inherit from the embedded one of its own name.
        let text = if seen < 2 && files.len() < CHAIN { find(&name, seen == 0) } else { None };
        let known = text.is_some();
        let parsed = text.map(|text| text.and_then(|text| parse(&name, &text)));
        match parsed {
            Some(Ok(table)) if seen == 0 || from.as_deref() == Some(&*name) => {
                next = inherits(&name, &table, notices);
                files.push(File { name, table });
            }
            Some(Err(why)) => notices.push(Notice::warning(format!("{why}; using {}", instead(&files)))),
            _ => {
                let what = if seen > 0 || known {
                    format!("theme {} inherits from itself", shown(&name))
                } else {
                    let names = Theme::names();
                    format!("no theme {}{}", shown(&name), guess(&name, names.iter().map(String::as_str)))
                };
                notices.push(Notice::warning(format!("{what}; using {}", instead(&files))));
            }
        }
    }
    files.reverse();
    (!files.is_empty()).then_some(files)
}

fn instead(files: &[File]) -> String {
    if files.is_empty() { DEFAULT.to_owned() } else { "the rest without it".to_owned() }
}

fn parse(name: &str, text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|error| format!("theme {} is not valid TOML:\n{error}", shown(name)))
}

fn inherits(name: &str, table: &Table, notices: &mut Vec<Notice>) -> Option<String> {
    match table.get("inherits")? {
        Value::String(parent) => Some(parent.clone()),
        _ => {
            notices.push(Notice::warning(format!("theme {}: inherits must be a name", shown(name))));
            None
        }
    }
}

/// Puts the files over one another.
fn resolve(name: &str, files: &[File], notices: &mut Vec<Notice>) -> Theme {
    let mut palette = BTreeMap::new();
    for file in files {
        colours(file, &mut palette, notices);
    }
    let mut styles = if files.first().is_some_and(|file| file.name == DEFAULT) {
        vec![Style::new(); Role::ALL.len()]
    } else {
        Theme::default().styles
    };
    for file in files {
        for (key, value) in &file.table {
            if key == "inherits" || key == "palette" {
                continue;
            }
            let Some((role, _)) = Role::ALL.iter().find(|(_, name)| name == key) else {
                let names = Role::ALL.iter().map(|(_, name)| *name);
                tell(file, notices, &format!("no role {}{}", shown(key), guess(key, names)));
                continue;
            };
            let style = style(file, (key, value), &palette, notices);
            if let Some(slot) = styles.get_mut(*role as usize) {
                *slot = style;
            }
        }
    }
    Theme { name: name.to_owned(), styles }
}

fn colours(file: &File, palette: &mut BTreeMap<String, Color>, notices: &mut Vec<Notice>) {
    let Some(value) = file.table.get("palette") else { return };
    let Some(table) = value.as_table() else {
        return tell(file, notices, "palette must be a table");
    };
    for (name, value) in table {
        match value.as_str().and_then(colour::parse) {
            Some(colour) => drop(palette.insert(name.clone(), colour)),
            None => {
                let what = format!("palette {}: {} is no colour", shown(name), shown(&value.to_string()));
                tell(file, notices, &what);
            }
        }
    }
}

fn style(
    file: &File,
    (key, value): (&str, &Value),
    palette: &BTreeMap<String, Color>,
    notices: &mut Vec<Notice>,
) -> Style {
    let mut style = Style::new();
    let mut tell = |what: &str| tell(file, notices, &format!("{key}: {what}"));
    let table = match value {
        Value::Table(table) => table.clone(),
        other => Table::from_iter([("fg".to_owned(), other.clone())]),
    };
    for (part, value) in &table {
        match (part.as_str(), value) {
            ("mods", Value::Array(list)) => {
                for modifier in list {
                    match modifier.as_str().map(modify) {
                        Some(Ok(modifier)) => style = style.add_modifier(modifier),
                        Some(Err(why)) => tell(&why),
                        None => tell("mods must be a list of names"),
                    }
                }
            }
            ("mods", _) => tell("mods must be a list of names"),
            ("fg", value) => match paint(value, palette) {
                Ok(colour) => style = style.fg(colour),
                Err(why) => tell(&why),
            },
            ("bg", value) => match paint(value, palette) {
                Ok(colour) => style = style.bg(colour),
                Err(why) => tell(&why),
            },
            (other, _) => {
                tell(&format!("no {}{}", shown(other), guess(other, ["fg", "bg", "mods"].into_iter())));
            }
        }
    }
    style
}

fn modify(name: &str) -> Result<Modifier, String> {
    let known = colour::MODIFIERS.iter().find(|(known, _)| *known == name);
    let names = colour::MODIFIERS.iter().map(|(name, _)| *name);
    known
        .map(|(_, modifier)| *modifier)
        .ok_or_else(|| format!("no modifier {}{}", shown(name), guess(name, names)))
}

fn paint(value: &Value, palette: &BTreeMap<String, Color>) -> Result<Color, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Integer(index) => index.to_string(),
        other => return Err(format!("{} is no colour", shown(&other.to_string()))),
    };
    let found = palette.get(&text).copied().or_else(|| colour::parse(&text));
    found.ok_or_else(|| {
        let names = palette.keys().map(String::as_str).chain(colour::NAMES.iter().map(|(name, _)| *name));
        format!("no colour {}{}", shown(&text), guess(&text, names))
    })
}

fn tell(file: &File, notices: &mut Vec<Notice>, what: &str) {
    notices.push(Notice::warning(format!("theme {}: {what}", file.name)));
}

fn shown(text: &str) -> String {
    format!("`{}`", Untrusted::from(text).line())
}

/// What was probably meant.
fn guess<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> String {
    let near = names.map(|name| (strsim::damerau_levenshtein(word, name), name));
    match near.min() {
        Some((distance, name)) if distance <= 1 + word.len() / 4 => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}
