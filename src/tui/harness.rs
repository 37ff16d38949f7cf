//! The screen in tests: keys as strings, runs as events, the screen as text. Time moves only when a
//! test says so, and by 20 ms with every key.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::chat::*;
use crate::engine::{Estimate, Job, Outcome, RunEvent, RunEventKind};
use crate::text::Untrusted;
use crate::tui::effect::{Effect, Report};
use crate::tui::keymap::Keymap;
use crate::tui::state::{Setup, State, Ui};
use crate::tui::theme::Theme;
use crate::tui::update::{Dirty, Event, update};
use crate::tui::view;

mod chat;
mod keys;
mod laws;
mod login;
mod looks;
mod told;

/// A screen under test.
pub struct Harness {
    pub state: State,
    pub now: Instant,
    pub size: Size,
    pub effects: Vec<Effect>,
    pub dirty: Dirty,
    pub cursor: Option<Position>,
    asks: Vec<(SeatId, RunId)>,
}

/// Seats of these models, all of the provider `demo` unless they name another.
pub fn seats(models: &[&str]) -> Vec<Seat> {
    (1..)
        .zip(models)
        .map(|(id, model)| Seat {
            id: SeatId(id),
            model: if model.contains('/') {
                model.parse().expect("a model")
            } else {
                ModelRef::new("demo", *model)
            },
            system: None,
            params: Params::default(),
            muted: false,
        })
        .collect()
}

/// A setup with these seats: prices of 1 µ$ a token in and 2 µ$ out.
pub fn setup(models: &[&str]) -> Setup {
    let seats = seats(models);
    let tariffs: BTreeMap<String, Tariff> = [
        ("demo", Tariff::Play),
        ("ollama", Tariff::Local),
        ("openrouter", Tariff::Metered),
        ("lab", Tariff::Metered),
    ]
    .map(|(name, tariff)| (name.to_owned(), tariff))
    .into_iter()
    .collect();
    let by_provider = tariffs.clone();
    let mut ids = Ids::seeded(7);
    Setup {
        id: ids.room(),
        name: None,
        hidden: false,
        context: ContextMode::Own,
        seats,
        turns: Vec::new(),
        draft: String::new(),
        read_only: None,
        ids,
        at: Millis(1_700_000_000_000),
        keymap: Keymap::default(),
        ui: Ui { theme: "terminal".into(), themes: vec!["terminal".into(), "day".into()], ..Ui::default() },
        notices: Vec::new(),
        tariffs,
        near: BTreeSet::new(),
        labels: HashMap::new(),
        budget_day: None,
        estimate: Box::new(|_, messages| {
            let bytes: usize = messages.iter().map(|message| message.joined_text().len()).sum();
            let tokens = (bytes as u64).div_ceil(4);
            Estimate {
                input_tokens: tokens,
                expected: Some(Pico(1_000_000 * (tokens as i64 + 500))),
                at_most: Some(Pico(1_000_000 * (tokens as i64 + 8000))),
            }
        }),
        price: Box::new(move |model, tokens| {
            let tariff = by_provider.get(&model.provider).copied().unwrap_or_default();
            let total = tokens.input.unwrap_or(0) + 2 * tokens.output.unwrap_or(0);
            let amount = if tariff == Tariff::Local { Pico::ZERO } else { Pico(1_000_000 * total as i64) };
            Charge::of(amount, Source::Computed, tariff)
        }),
    }
}

impl Harness {
    /// Demo seats at 120×40.
    pub fn new(models: &[&str]) -> Self {
        Self::with(setup(models), 120, 40)
    }

    pub fn with(setup: Setup, width: u16, height: u16) -> Self {
        let now = Instant::now();
        let state = State::new(setup, now);
        let mut harness = Self {
            state,
            now,
            size: Size { width, height },
            effects: Vec::new(),
            dirty: Dirty::Nothing,
            cursor: None,
            asks: Vec::new(),
        };
        harness.layout();
        harness
    }

    fn layout(&mut self) {
        view::prepare(&mut self.state, self.size);
    }

    /// One event; the effects are kept.
    pub fn event(&mut self, event: Event) -> &mut Self {
        let from = self.effects.len();
        self.dirty = update(&mut self.state, event, self.now, &mut self.effects);
        for effect in &self.effects[from..] {
            match effect {
                Effect::Submit(Job::Turn { asks, .. }) => {
                    self.asks.extend(asks.iter().map(|a| (a.seat.id, a.run)))
                }
                Effect::Submit(Job::Again { ask, .. }) => self.asks.push((ask.seat.id, ask.run)),
                _ => {}
            }
        }
        self.layout();
        self
    }

    /// A key, written as in the keymap.
    pub fn press(&mut self, chord: &str) -> &mut Self {
        self.wait(20);
        self.event(Event::Key(key(chord)))
    }

    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.wait(20);
            self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        self
    }

    pub fn send(&mut self, text: &str) -> &mut Self {
        self.type_text(text).press("enter")
    }

    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.event(Event::Paste(text.to_owned()))
    }

    /// Time passes; nothing is drawn.
    pub fn wait(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    /// Time passes and the deadline comes, as often as it does.
    pub fn pass(&mut self, ms: u64) -> &mut Self {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.state.deadline(self.now).filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.event(Event::Tick);
        }
        self.now = end;
        self.event(Event::Tick)
    }

    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.size = Size { width, height };
        self.event(Event::Resize(width, height))
    }

    /// The newest run of a seat.
    pub fn run_of(&self, seat: u32) -> RunId {
        self.asks.iter().rev().find(|(id, _)| id.0 == seat).expect("a run of that seat").1
    }

    /// How often the seat was asked.
    pub fn asked(&self, seat: u32) -> usize {
        self.asks.iter().filter(|(id, _)| id.0 == seat).count()
    }

    /// The newest run of a seat says something.
    pub fn says(&mut self, seat: u32, kind: RunEventKind) -> &mut Self {
        let event = RunEvent { run: self.run_of(seat), at: self.now, kind };
        self.event(Event::Run(vec![event]))
    }

    pub fn text(&mut self, seat: u32, text: &str) -> &mut Self {
        self.says(seat, RunEventKind::Text(Untrusted::from(text)))
    }

    pub fn thinks(&mut self, seat: u32, text: &str) -> &mut Self {
        self.says(seat, RunEventKind::Thinking(Untrusted::from(text)))
    }

    pub fn done(&mut self, seat: u32) -> &mut Self {
        let outcome = outcome(Status::Done, self.tariff(seat));
        self.says(seat, RunEventKind::Finished(Box::new(outcome)))
    }

    pub fn stopped(&mut self, seat: u32) -> &mut Self {
        let outcome = Outcome { finish: None, ..outcome(Status::Stopped, self.tariff(seat)) };
        self.says(seat, RunEventKind::Finished(Box::new(outcome)))
    }

    pub fn failed(&mut self, seat: u32, fault: Fault) -> &mut Self {
        let status = if fault.cut { Status::Cut } else { Status::Failed };
        let outcome = Outcome {
            finish: None,
            fault: Some(fault),
            tokens: Tokens::default(),
            ..outcome(status, self.tariff(seat))
        };
        self.says(seat, RunEventKind::Finished(Box::new(outcome)))
    }

    pub fn report(&mut self, report: Report) -> &mut Self {
        self.event(Event::Report(report))
    }

    fn tariff(&self, seat: u32) -> Tariff {
        self.state.pane_of(SeatId(seat)).map_or(Tariff::Metered, |pane| self.state.tariff(&pane.seat.model))
    }

    pub fn buffer(&mut self) -> Buffer {
        self.layout();
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.width, self.size.height));
        self.cursor = view::draw(&self.state, &Theme::default(), &mut buffer);
        buffer
    }

    /// The screen as text, without blanks at the ends of lines.
    pub fn screen(&mut self) -> String {
        let buffer = self.buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = crate::text::cell_width(symbol).saturating_sub(1);
                line.push_str(symbol);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Fails unless the screen has the text.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
        self
    }

    #[track_caller]
    pub fn misses(&mut self, text: &str) -> &mut Self {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} in\n{screen}");
        self
    }

    /// The rows of a pane's text.
    pub fn pane_text(&mut self, index: usize) -> Vec<String> {
        let buffer = self.buffer();
        let area = self.state.look.areas.panes.iter().find(|(at, _)| *at == index).expect("a visible pane").1;
        (area.y + 1..area.bottom() - 1)
            .map(|y| {
                let row: String =
                    (area.x + 1..area.right() - 1).map(|x| buffer[(x, y)].symbol().to_owned()).collect();
                row.trim().to_owned()
            })
            .collect()
    }

    pub fn has_effect(&self, test: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(test)
    }

    /// What the last submitted job asks of a seat, as text.
    pub fn sent_to(&self, seat: u32) -> Vec<String> {
        let asks = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::Submit(Job::Turn { asks, .. }) => Some(asks.clone()),
            Effect::Submit(Job::Again { ask, .. }) => Some(vec![ask.clone()]),
            _ => None,
        });
        let ask = asks.flatten().find(|ask| ask.seat.id.0 == seat).expect("an ask");
        ask.messages.iter().map(|m| format!("{:?}: {}", m.role, m.joined_text())).collect()
    }
}

/// An outcome with round figures.
pub fn outcome(status: Status, tariff: Tariff) -> Outcome {
    Outcome {
        status,
        finish: Some("stop".to_owned()),
        fault: None,
        tokens: Tokens { input: Some(1200), output: Some(812), ..Tokens::default() },
        charge: Charge::of(Pico(14_300_000_000), Source::Reported, tariff),
        attempts: 1,
        ttft_ms: Some(600),
        total_ms: 11_000,
        served_model: None,
        upstream: None,
        key_alias: "default".to_owned(),
    }
}

/// A key, written as in the keymap.
pub fn key(chord: &str) -> KeyEvent {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = chord;
    for (name, modifier) in
        [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
    {
        if let Some(tail) = rest.strip_prefix(name) {
            modifiers |= modifier;
            rest = tail;
        }
    }
    let code = match rest {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "space" => KeyCode::Char(' '),
        "f1" => KeyCode::F(1),
        "f3" => KeyCode::F(3),
        other => KeyCode::Char(other.chars().next().expect("a key")),
    };
    KeyEvent::new(code, modifiers)
}
