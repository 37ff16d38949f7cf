//! Themes: files of colours, one style a role. A folder of them is embedded; a file of the same name
//! in the user's folder wins. What is wrong in a file is told, never silently passed over.

mod colour;
mod depth;
mod file;
mod role;

#[cfg(test)]
mod tests;

use std::path::Path;

use include_dir::Dir;
use include_dir::include_dir;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;

use crate::chat::Notice;

pub use depth::Depth;
pub use role::Role;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/themes");

/// The theme that is used when nothing else is said: the terminal's own sixteen colours.
pub const DEFAULT: &str = "terminal";

/// A style for every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// In the order of [`Role::ALL`].
    styles: Vec<Style>,
}

impl Theme {
    /// How text of that role is drawn. Colours that the theme leaves open are unset, so that a style can
    /// be patched over that of the ground it stands on.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The embedded theme of that name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        embedded(name)?;
        Some(file::read(name, &|name, _| embedded(name).map(|text| Ok(text.to_owned()))).0)
    }

    /// The names of the embedded themes, in order, the default one first.
    #[must_use]
    pub fn names() -> Vec<String> {
        let files = FOLDER.files().filter_map(|file| file.path().file_name()?.to_str());
        sorted(files.filter_map(title).collect())
    }

    /// The embedded ones and those of the user's folder.
    #[must_use]
    pub fn names_with(user_dir: &Path) -> Vec<String> {
        let mut names = Self::names();
        let entries = std::fs::read_dir(user_dir).into_iter().flatten().flatten();
        names.extend(entries.filter_map(|entry| title(entry.file_name().to_str()?)));
        sorted(names)
    }

    /// The theme of that name, from the user's folder or embedded, and what is wrong with it. A theme
    /// that is not there or cannot be read gives the default one and a notice.
    #[must_use]
    pub fn load(name: &str, user_dir: &Path) -> (Self, Vec<Notice>) {
        file::read(name, &|name, own| match (own, file::open(name, user_dir)) {
            (true, Some(text)) => Some(text),
            _ => embedded(name).map(|text| Ok(text.to_owned())),
        })
    }

    /// The same theme in the colours that the terminal has: made once, so that no frame has to be gone
    /// over for it.
    #[must_use]
    pub fn limited(mut self, depth: Depth) -> Self {
        let ground = self.style(Role::Ground).bg.unwrap_or(Color::Reset);
        let code = self.style(Role::CodeBlock).bg.unwrap_or(ground);
        for style in &mut self.styles {
            let meant = style.bg.unwrap_or(ground);
            let marked = meant != ground && meant != Color::Reset;
            let under = style.bg.map_or(vec![ground, code], |own| vec![own]);
            style.fg = style.fg.map(|colour| depth.nearest_on(colour, &under));
            for colour in [&mut style.bg, &mut style.underline_color].into_iter().flatten() {
                *colour = depth.nearest(*colour);
            }
            let lost = depth == Depth::None || depth.nearest(meant) == depth.nearest(ground);
            if depth == Depth::None {
                (style.fg, style.bg, style.underline_color) = (None, None, None);
            }
            // What was told by its ground alone must still be told.
            let said = style.add_modifier.intersects(Modifier::REVERSED);
            if lost && marked && !said && style.add_modifier.contains(Modifier::BOLD) {
                *style = style.add_modifier(Modifier::REVERSED);
            }
        }
        self
    }

    /// Whether the theme can be drawn as it is in so many colours.
    #[cfg(test)]
    #[must_use]
    pub fn fits(&self, depth: Depth) -> bool {
        let colours = self.styles.iter().flat_map(|style| [style.fg, style.bg, style.underline_color]);
        colours.flatten().all(|colour| depth.nearest(colour) == colour)
    }
}

impl Default for Theme {
    fn default() -> Self {
        let plain = Self { name: DEFAULT.to_owned(), styles: vec![Style::new(); Role::ALL.len()] };
        Self::builtin(DEFAULT).unwrap_or(plain)
    }
}

fn embedded(name: &str) -> Option<&'static str> {
    FOLDER.get_file(format!("{name}.toml"))?.contents_utf8()
}

/// The name of a theme's file. One that begins with `_` is for others to inherit.
fn title(file: &str) -> Option<String> {
    let name = file.strip_suffix(".toml")?;
    (file::is_name(name) && !name.starts_with('_')).then(|| name.to_owned())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_by(|one, other| (one != DEFAULT, one).cmp(&(other != DEFAULT, other)));
    names.dedup();
    names
}
