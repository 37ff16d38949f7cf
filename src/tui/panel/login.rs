//! Logging in without leaving the room: a provider is chosen, and its key is pasted unseen, or
//! OpenRouter is logged in to by the browser. What is typed here is shown as dots, stands nowhere
//! else, and goes with the panel.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::chat::Secret;
use crate::config;
use crate::text::cell_width;
use crate::text::one_line;
use crate::tui::effect::Login;
use crate::tui::effect::LoginRow;
use crate::tui::panel::Ask;
use crate::tui::panel::Cx;
use crate::tui::panel::Outcome;
use crate::tui::panel::Panel;
use crate::tui::panel::palette::query_line;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::List;
use crate::tui::widget::Paint;
use crate::tui::widget::put;
use crate::tui::widget::put_clipped;
use crate::tui::widget::put_fields;
use crate::tui::widget::wrap;

/// The panel's title, by which it is found when it has done its work.
pub const TITLE: &str = "log in";

/// Longer texts are no keys.
const LONGEST: usize = 8 * 1024;

/// How far a login is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoginStage {
    /// Nothing goes on.
    #[default]
    Idle,
    /// This is waited for.
    Busy(&'static str),
    /// This page is to be opened.
    Page {
        /// Its address.
        url: String,
        /// Whether the person pastes the code that it shows; else the browser brings it.
        code: bool,
    },
    /// It failed: why, and what to do.
    Failed(String),
}

/// A way to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Browser,
    Page,
    Key,
}

/// What is typed unseen. It has no `Debug`, and no way out but as a [`Secret`].
#[derive(Default)]
struct Unseen(String);

/// The panel.
#[derive(Default)]
pub struct LoginPanel {
    list: List,
    /// What the list shows: providers by index, and ways.
    ways: Vec<(usize, Way)>,
    /// What was chosen: the provider's name, and the way.
    chosen: Option<(String, Way)>,
    typed: Unseen,
    /// What is wrong with what was typed.
    wrong: Option<String>,
    /// Whether there is a page whose address can be copied.
    page: bool,
}

impl LoginPanel {
    /// The panel over the providers that there are; `provider` is chosen already when it has a row.
    #[must_use]
    pub fn new(cx: &Cx<'_>, provider: &str) -> Self {
        let mut panel = Self::default();
        panel.list.query = provider.to_owned();
        panel.search(cx);
        panel
    }

    fn search(&mut self, cx: &Cx<'_>) {
        self.ways = ways(cx.logins);
        let names: Vec<String> = self.ways.iter().map(|(at, way)| searched(cx.logins, *at, *way)).collect();
        self.list.search(names.iter().map(String::as_str));
    }

    fn pick(&mut self, cx: &Cx<'_>) -> Outcome {
        let picked = self.list.picked().and_then(|index| self.ways.get(index)).copied();
        let Some((row, way)) = picked.and_then(|(at, way)| Some((cx.logins.get(at)?, way))) else {
            return Outcome::Stay(Vec::new());
        };
        let provider = row.name.clone();
        self.chosen = Some((provider.clone(), way));
        self.wrong = None;
        Outcome::Stay(match way {
            Way::Key => Vec::new(),
            Way::Browser => vec![Ask::Login(Login::Browser { provider })],
            Way::Page => vec![Ask::Login(Login::Page { provider })],
        })
    }

    /// Whether something is typed unseen now.
    fn asks(&self, cx: &Cx<'_>) -> bool {
        match (&self.chosen, cx.login) {
            (Some((_, Way::Key)), LoginStage::Idle | LoginStage::Failed(_)) => true,
            (Some((_, Way::Page)), LoginStage::Page { code, .. }) => *code,
            _ => false,
        }
    }

    /// Enter on what was typed.
    fn give(&mut self) -> Outcome {
        let Some((provider, way)) = self.chosen.clone() else { return Outcome::Stay(Vec::new()) };
        let typed = std::mem::take(&mut self.typed);
        match config::pasted(&typed.0) {
            Ok(key) => {
                self.wrong = None;
                Outcome::Stay(vec![Ask::Login(login(provider, way, key))])
            }
            Err(error) => {
                self.wrong = Some(format!("{error}"));
                Outcome::Stay(Vec::new())
            }
        }
    }

    fn type_key(&mut self, key: KeyEvent) -> Outcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Enter => return self.give(),
            KeyCode::Backspace => {
                self.typed.0.pop();
            }
            KeyCode::Char('u') if control => self.typed.0.clear(),
            KeyCode::Char(c) if !control && !alt && self.typed.0.len() < LONGEST => self.typed.0.push(c),
            // What is bound everywhere stays so, and no letter of a key goes anywhere else.
            KeyCode::Char(_) if !control => {}
            _ => return Outcome::Ignored,
        }
        self.wrong = None;
        Outcome::Stay(Vec::new())
    }
}

fn login(provider: String, way: Way, key: Secret) -> Login {
    match way {
        Way::Page => Login::Code { provider, code: key },
        Way::Browser | Way::Key => Login::Key { provider, key },
    }
}

fn ways(rows: &[LoginRow]) -> Vec<(usize, Way)> {
    let of = |(at, row): (usize, &LoginRow)| {
        let more: &[Way] = if row.browser { &[Way::Browser, Way::Page] } else { &[] };
        more.iter().copied().chain([Way::Key]).map(move |way| (at, way)).collect::<Vec<_>>()
    };
    rows.iter().enumerate().flat_map(of).collect()
}

fn words(way: Way) -> &'static str {
    match way {
        Way::Browser => "in the browser",
        Way::Page => "with a code, by a browser elsewhere",
        Way::Key => "with a key",
    }
}

fn searched(rows: &[LoginRow], at: usize, way: Way) -> String {
    format!("{} {}", rows.get(at).map_or("", |row| row.name.as_str()), words(way))
}

impl Panel for LoginPanel {
    fn title(&self) -> String {
        TITLE.to_owned()
    }

    fn handle(&mut self, key: KeyEvent, cx: &Cx<'_>) -> Outcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if let (LoginStage::Page { url, .. }, KeyCode::Char('y'), true) = (cx.login, key.code, control) {
            return Outcome::Stay(vec![Ask::Copy { what: "the address".to_owned(), text: url.clone() }]);
        }
        if self.asks(cx) {
            return self.type_key(key);
        }
        if self.chosen.is_some() {
            // Back to the list after a failure; else there is nothing to do but to wait.
            if matches!(cx.login, LoginStage::Failed(_) | LoginStage::Idle) && key.code == KeyCode::Enter {
                self.chosen = None;
                return Outcome::Stay(vec![Ask::Login(Login::Stop)]);
            }
            let letter = matches!(key.code, KeyCode::Char(_)) && !control;
            return if letter { Outcome::Stay(Vec::new()) } else { Outcome::Ignored };
        }
        if key.code == KeyCode::Enter {
            return self.pick(cx);
        }
        match self.list.key(key) {
            None => Outcome::Ignored,
            Some(changed) => {
                if changed {
                    self.search(cx);
                }
                Outcome::Stay(Vec::new())
            }
        }
    }

    fn paste(&mut self, text: &str, cx: &Cx<'_>) -> bool {
        if self.asks(cx) {
            let room = LONGEST.saturating_sub(self.typed.0.len());
            self.typed.0.extend(text.trim().chars().take(room));
            self.wrong = None;
        } else {
            self.wrong = Some("choose the provider first, then paste the key".to_owned());
        }
        true
    }

    fn prepare(&mut self, area: Rect, cx: &Cx<'_>) {
        if self.ways.len() != ways(cx.logins).len() {
            self.search(cx);
        }
        self.page = matches!(cx.login, LoginStage::Page { .. });
        self.list.prepare(area.height.saturating_sub(2));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, cx: &Cx<'_>) -> Option<Position> {
        match &self.chosen {
            None => self.draw_list(area, buffer, paint, cx),
            Some((provider, way)) => self.draw_way(area, buffer, paint, (cx, provider, *way)),
        }
    }

    fn hints(&self) -> &'static str {
        match &self.chosen {
            None => "enter chooses · ↑ ↓ move · {esc} close",
            Some((_, Way::Key)) => "enter keeps it · {esc} close",
            Some((_, Way::Page)) if self.page => "enter gives it · ctrl-y copies the address · {esc} stops",
            Some(_) if self.page => "ctrl-y copies the address · {esc} stops",
            Some(_) => "{esc} stops",
        }
    }

    fn dismiss(&mut self) -> Vec<Ask> {
        vec![Ask::Login(Login::Stop)]
    }

    fn wants(&self) -> (u16, u16) {
        (84, 16)
    }
}

impl LoginPanel {
    fn draw_list(&self, area: Rect, buffer: &mut Buffer, paint: Paint<'_>, cx: &Cx<'_>) -> Option<Position> {
        let cursor = query_line(area, &self.list.query, "which provider?", buffer, paint);
        let last = Rect { y: area.bottom().saturating_sub(1), height: 1.min(area.height), ..area };
        if let Some(wrong) = &self.wrong {
            put_clipped(buffer, last, wrong, paint.of(Role::Warn));
        }
        let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
        self.list.draw(rows, buffer, paint, &|index, cells, buffer| {
            let Some((at, way)) = self.ways.get(index) else { return };
            let Some(row) = cx.logins.get(*at) else { return };
            let name = format!("{:<12} ", one_line(&row.name));
            let fields =
                [Field::new(name, Role::Strong), Field::new(format!("{:<36} ", words(*way)), Role::Text)];
            let used = put_fields(buffer, cells, &fields, paint);
            let rest = Rect { x: cells.x + used, width: cells.width - used, ..cells };
            let role = if row.ready { Role::Good } else { Role::Dim };
            put_clipped(buffer, rest, &one_line(&row.said), paint.of(role));
        });
        cursor
    }

    fn draw_way(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        paint: Paint<'_>,
        (cx, provider, way): (&Cx<'_>, &str, Way),
    ) -> Option<Position> {
        let mut lines: Vec<(String, Role)> = Vec::new();
        let mut say = |text: &str, role: Role| {
            lines.extend(wrap(text, usize::from(area.width)).into_iter().map(|line| (line, role)));
        };
        say(&format!("{} {}", one_line(provider), words(way)), Role::Strong);
        match cx.login {
            LoginStage::Idle => {}
            LoginStage::Busy(what) => say(what, Role::Dim),
            LoginStage::Failed(why) => say(&one_line(why), Role::Bad),
            LoginStage::Page { url, code } => {
                say(
                    if *code {
                        "Open this page, and paste the code that it shows:"
                    } else {
                        "This page opens in the browser:"
                    },
                    Role::Text,
                );
                say(url, Role::Code);
                if !code {
                    say("salon waits for it, 5 minutes at most.", Role::Dim);
                }
            }
        }
        if let Some(wrong) = &self.wrong {
            say(wrong, Role::Warn);
        }
        let mut row = Rect { height: 1.min(area.height), ..area };
        for (line, role) in lines.iter().take(usize::from(area.height.saturating_sub(1))) {
            put(buffer, row, line, paint.of(*role));
            row.y += 1;
        }
        if !self.asks(cx) {
            if matches!(cx.login, LoginStage::Failed(_)) {
                put(buffer, row, "enter: choose again", paint.of(Role::Key));
            }
            return None;
        }
        let what = if way == Way::Page { "code › " } else { "key › " };
        let used = put(buffer, row, what, paint.of(Role::Key));
        let rest = Rect { x: row.x + used, width: row.width.saturating_sub(used), ..row };
        if self.typed.0.is_empty() {
            put(buffer, rest, "paste it; it is shown as dots", paint.of(Role::Dim));
            return Some(Position { x: rest.x, y: rest.y });
        }
        let dots =
            "•".repeat(cell_width(&self.typed.0).max(1).min(usize::from(rest.width.saturating_sub(1))));
        let wide = put(buffer, rest, &dots, paint.of(Role::Input));
        Some(Position { x: (rest.x + wide).min(area.right().saturating_sub(1)), y: rest.y })
    }
}
