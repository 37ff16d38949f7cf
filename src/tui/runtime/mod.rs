//! The loop: events in, `update`, effects out, a frame when the pacer says so. It owns the terminal
//! and the clock; it knows nothing of what is on the screen.

mod clipboard;
mod effects;
mod guard;
mod input;
mod keys;
mod pacer;
mod painter;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crossterm::event::Event as Key;
use ratatui::layout::{Rect, Size};
use tokio::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::chat::Notice;
use crate::engine::Engine;
use crate::engine::Inlet;
use crate::engine::RunEvent;
use crate::engine::mailbox;
use crate::store::Store;
use crate::tui::effect::Effect;
use crate::tui::effect::Lineup;
use crate::tui::effect::Logins;
use crate::tui::effect::Models;
use crate::tui::effect::News;
use crate::tui::effect::Report;
use crate::tui::markdown;
use crate::tui::runtime::clipboard::Choice;
use crate::tui::runtime::effects::Hands;
use crate::tui::runtime::guard::{Guard, Modes};
use crate::tui::runtime::input::{Input, Keys};
use crate::tui::runtime::pacer::Pacer;
use crate::tui::runtime::painter::Painter;
use crate::tui::state::Setup;
use crate::tui::state::State;
use crate::tui::theme;
use crate::tui::theme::Theme;
use crate::tui::update::Dirty;
use crate::tui::update::Event;
use crate::tui::update::send_draft;
use crate::tui::update::update;
use crate::tui::view;

/// The exit status after a fault of salon itself, as a panic has it.
const BROKEN: u8 = 101;

/// How long the runs may take to be written down at the end.
const LAST_WORDS: Duration = Duration::from_millis(600);
/// So long after the first frame the terminal has drawn it, and what takes a while may begin.
const SETTLED: Duration = Duration::from_millis(40);
/// How long the painter may take to write its last bytes.
const LAST_BYTES: Duration = Duration::from_millis(150);

/// How many inputs may share a frame, so that a flood of them does not hide what streams.
const MOST_AT_ONCE: usize = 1024;

/// What there is to know of the terminal without asking it: how something is copied.
pub fn copies_with(choice: &str) -> &'static str {
    clipboard::first_way(Choice::from_name(choice), |name| std::env::var_os(name).is_some())
}

/// What the terminal and the themes are told.
pub struct Options {
    /// The theme to begin with.
    pub theme: String,
    /// The user's folder of themes.
    pub theme_dir: PathBuf,
    /// Colours that the terminal has.
    pub depth: theme::Depth,
    /// Wrap each frame in a synchronised update.
    pub sync_output: bool,
    /// Ask for keys that can be told apart.
    pub kitty_keys: bool,
    /// Capture the mouse from the start.
    pub mouse: bool,
    /// Set the window's title.
    pub title: bool,
    /// How to copy: `auto`, `osc52`, `command` or `off`.
    pub clipboard: String,
    /// The user's days.
    pub zone: jiff::tz::TimeZone,
    /// What is known of models.
    pub models: Arc<dyn Models>,
    /// How seats are written down for the next new room.
    pub lineup: Lineup,
    /// How providers come into the room.
    pub logins: Arc<dyn Logins>,
    /// Whether the draft is sent at once.
    pub send: bool,
}

/// Opens the room on the terminal and comes back when the person leaves it, with the exit status.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(engine: Engine, store: Store, setup: Setup, options: Options) -> io::Result<u8> {
    let modes = Modes { kitty_keys: options.kitty_keys, mouse: options.mouse, title: options.title };
    let guard = Guard::new(modes)?;
    guard::install_panic_hook(&guard);
    let (inputs, from_outside) = mpsc::unbounded_channel();
    let last = Arc::clone(&guard);
    input::watch_signals(inputs.clone(), move |signal| {
        last.leave();
        std::process::exit(128 + signal);
    })?;
    guard.enter()?;
    let result = Room::open(engine, store, setup, options, (Arc::clone(&guard), inputs));
    let code = match result {
        Ok(mut room) => room.live(from_outside).await,
        Err(error) => Err(error),
    };
    guard.leave();
    code
}

/// Why the loop ends.
enum End {
    /// The person left.
    Quit,
    /// A signal.
    Signal(i32),
    /// The terminal is gone.
    Gone,
    /// A thread that the room cannot do without has failed; the terminal was put back.
    Broken,
}

struct Room {
    state: State,
    hands: Hands,
    inlet: Inlet,
    reports: UnboundedReceiver<Report>,
    painter: Painter,
    keys: Keys,
    guard: Arc<Guard>,
    pacer: Pacer,
    theme: Theme,
    theme_dir: PathBuf,
    depth: theme::Depth,
    titles: bool,
    size: Size,
    send: bool,
    end: Option<End>,
}

impl Room {
    fn open(
        engine: Engine,
        store: Store,
        setup: Setup,
        options: Options,
        (guard, inputs): (Arc<Guard>, UnboundedSender<Input>),
    ) -> io::Result<Self> {
        let tell_end = inputs.clone();
        let painter = Painter::start(options.sync_output, move |end| {
            let input = match end {
                painter::End::Gone => Input::Gone,
                painter::End::Broken => Input::Broken,
            };
            let _ = tell_end.send(input);
        })?;
        input::watch_terminal(inputs.clone())?;
        let keys = Keys::start(inputs)?;
        let (outlet, inlet) = mailbox();
        let (tell, reports) = mpsc::unbounded_channel();
        let (theme, notices) = Theme::load(&options.theme, &options.theme_dir);
        let theme = theme.limited(options.depth);
        for notice in notices {
            let _ = tell.send(Report::Notice(notice));
        }
        let hands = Hands {
            engine,
            outlet,
            store,
            reports: tell,
            clipboard: Choice::from_name(&options.clipboard),
            zone: options.zone,
            room: setup.id,
            lineup: options.lineup,
            logins: options.logins,
            models: options.models,
        };
        Ok(Self {
            state: State::new(setup, Instant::now()),
            hands,
            inlet,
            reports,
            painter,
            keys,
            guard,
            pacer: Pacer::new(),
            theme,
            theme_dir: options.theme_dir,
            depth: options.depth,
            titles: options.title,
            size: terminal_size(),
            send: options.send,
            end: None,
        })
    }

    async fn live(&mut self, mut inputs: UnboundedReceiver<Input>) -> io::Result<u8> {
        self.step(Event::Resize(self.size.width, self.size.height));
        self.draw(Instant::now());
        self.read_earlier_turns().await;
        self.after_the_first_frame();
        if self.send {
            self.do_effects(send_draft);
            self.pacer.now();
        }
        let mut runs: Vec<RunEvent> = Vec::new();
        while self.end.is_none() {
            let now = Instant::now();
            let due = self.pacer.due(now);
            if due.is_some_and(|due| due <= now) {
                self.draw(now);
                continue;
            }
            let wake = [due, self.state.deadline(now)].into_iter().flatten().min();
            tokio::select! {
                biased;
                input = inputs.recv() => match input {
                    Some(input) => {
                        self.outside(input);
                        self.what_came_with_it(&mut inputs);
                    }
                    None => self.end = Some(End::Gone),
                },
                Some(report) = self.reports.recv() => self.step(Event::Report(report)),
                Some(_) = self.inlet.recv_many(&mut runs) => {
                    self.step(Event::Run(std::mem::take(&mut runs)));
                }
                () = until(wake) => self.step(Event::Tick),
            }
        }
        Ok(self.leave().await)
    }

    /// The turns that the first frame did not wait for. Nothing else happens meanwhile, so that what
    /// a seat is sent is always whole.
    async fn read_earlier_turns(&mut self) {
        let Some(first) = self.state.room.turns.first().map(|turn| turn.id) else { return };
        // The painter, and the terminal behind it, are at work on the first frame just now.
        tokio::time::sleep(SETTLED).await;
        match self.hands.store.earlier_turns(self.state.room.id, first).await {
            Ok(turns) => self.state.prepend(turns),
            Err(error) => {
                let why = format!("the earlier turns of this room cannot be read: {error}");
                self.state.tell(Notice::error(why.clone()));
                self.state.room.read_only = Some(why);
            }
        }
        self.pacer.now();
    }

    /// What may take a while, and what nobody needs to see the room.
    fn after_the_first_frame(&mut self) {
        let reports = self.hands.reports.clone();
        let prompts = self.hands.store.prompts(500);
        tokio::spawn(async move {
            if let Ok(prompts) = prompts.await {
                let _ = reports.send(Report::Prompts(prompts));
            }
        });
        let reports = self.hands.reports.clone();
        let (models, logins) = (Arc::clone(&self.hands.models), Arc::clone(&self.hands.logins));
        tokio::spawn(async move {
            // The painter, and the terminal behind it, are at work on the first frame just now.
            tokio::time::sleep(SETTLED).await;
            let found = reports.clone();
            logins.look_around(Box::new(move |said, models| drop(found.send(Report::Found(said, models)))));
            let _ = tokio::task::spawn_blocking(move || {
                let _ = reports.send(Report::Logins(logins.rows()));
                models.tend(&News::to(reports));
                markdown::warm();
            })
            .await;
        });
        let _ = self.hands.carry_out(Effect::Spent);
        let reports = self.hands.reports.clone();
        self.hands.engine.settle(move |settled| {
            let _ = reports.send(Report::Settled(settled));
        });
    }

    fn step(&mut self, event: Event) {
        self.step_at(event, Instant::now());
    }

    /// A step that happened at that time: keys are judged by when they were pressed.
    fn step_at(&mut self, event: Event, at: Instant) {
        let dirty = self.do_effects(|state, _, effects| update(state, event, at, effects));
        match dirty {
            Dirty::Nothing => {}
            Dirty::Stream => self.pacer.soon(),
            Dirty::Now => self.pacer.now(),
        }
    }

    /// Changes the state and carries out what that asks for.
    fn do_effects<T>(&mut self, change: impl FnOnce(&mut State, Instant, &mut Vec<Effect>) -> T) -> T {
        let mut effects = Vec::new();
        let answer = change(&mut self.state, Instant::now(), &mut effects);
        for effect in effects {
            if let Some(effect) = self.hands.carry_out(effect) {
                self.with_terminal(effect);
            }
        }
        answer
    }

    fn outside(&mut self, input: Input) {
        match input {
            Input::Key(Key::Key(key), at) => self.step_at(Event::Key(key), at),
            Input::Key(Key::Paste(text), at) => self.step_at(Event::Paste(text), at),
            Input::Key(Key::Mouse(mouse), at) => self.step_at(Event::Mouse(mouse), at),
            Input::Key(..) => {}
            Input::Resized => self.resized(),
            Input::End(signal) => self.end = Some(End::Signal(signal)),
            Input::Stop => self.suspend(),
            Input::Continue => self.come_back(),
            Input::Gone => self.end = Some(End::Gone),
            Input::Broken => self.end = Some(End::Broken),
        }
    }

    /// Keys that are already there share a frame: so a burst is seen as one however long a frame takes.
    fn what_came_with_it(&mut self, inputs: &mut UnboundedReceiver<Input>) {
        for _ in 0..MOST_AT_ONCE {
            match inputs.try_recv() {
                Ok(input) if self.end.is_none() => self.outside(input),
                _ => return,
            }
        }
    }

    fn resized(&mut self) {
        let size = terminal_size();
        if size != self.size {
            guard::rehearse("main");
            self.size = size;
            self.step(Event::Resize(size.width, size.height));
            self.pacer.now();
        }
    }

    fn draw(&mut self, now: Instant) {
        let area = Rect::new(0, 0, self.size.width, self.size.height);
        view::prepare(&mut self.state, self.size);
        let mut buffer = self.painter.blank(area);
        let cursor = view::draw(&self.state, &self.theme, &mut buffer);
        self.painter.show(buffer, cursor);
        self.pacer.drawn(now);
    }

    /// Effects that need the terminal, or that end the loop.
    fn with_terminal(&mut self, effect: Effect) {
        match effect {
            Effect::Copy { what, text } => {
                let painter = self.painter.lane();
                self.hands.copy(what, text, move |bytes| painter.send(&bytes));
            }
            Effect::Editor(draft) => {
                let edited = self.lend(|| effects::edit(&draft));
                let report = match edited {
                    Ok(text) => Report::Edited(Some(text)),
                    Err(why) => {
                        let _ = self.hands.reports.send(Report::Notice(Notice::warning(why)));
                        Report::Edited(None)
                    }
                };
                let _ = self.hands.reports.send(report);
            }
            Effect::Theme(name) => {
                let (theme, notices) = Theme::load(&name, &self.theme_dir);
                self.theme = theme.limited(self.depth);
                for notice in notices {
                    let _ = self.hands.reports.send(Report::Notice(notice));
                }
                self.pacer.now();
            }
            Effect::Title(title) if self.titles => {
                let title: String = title.chars().filter(|c| !c.is_control()).take(100).collect();
                self.painter.send(format!("\x1b]0;{title}\x1b\\").as_bytes());
            }
            Effect::Mouse(on) => {
                self.guard.set_mouse(on);
                self.painter.send(guard::mouse_bytes(on));
            }
            Effect::Redraw => {
                self.painter.repaint();
                self.pacer.now();
            }
            Effect::Suspend => self.suspend(),
            Effect::Quit => self.end = Some(End::Quit),
            _ => {}
        }
    }

    /// Lends the terminal to somebody else, as it was before salon.
    fn lend<T>(&mut self, to: impl FnOnce() -> T) -> T {
        self.keys.park();
        self.painter.pause(LAST_BYTES);
        self.guard.leave();
        let answer = tokio::task::block_in_place(to);
        self.come_back();
        self.keys.go_on();
        answer
    }

    fn suspend(&mut self) {
        self.lend(|| {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
        });
    }

    fn come_back(&mut self) {
        if let Err(error) = self.guard.enter() {
            let _ = self
                .hands
                .reports
                .send(Report::Notice(Notice::error(format!("the terminal refuses: {error}"))));
        }
        self.painter.resume();
        self.size = terminal_size();
        self.step(Event::Resize(self.size.width, self.size.height));
        self.pacer.now();
    }

    /// Everything is written down, then the terminal is put back. The exit status.
    async fn leave(&mut self) -> u8 {
        self.hands.engine.shutdown(LAST_WORDS).await;
        if self.state.room.read_only.is_none() {
            let (room, draft) = (self.state.head(), self.state.composer.text());
            let _ = tokio::time::timeout(LAST_WORDS, self.hands.store.save_draft(room, draft)).await;
        }
        let store = self.hands.store.clone();
        let closing = tokio::task::spawn_blocking(move || store.close());
        let _ = tokio::time::timeout(LAST_WORDS, closing).await;
        // What is typed from now on is for whoever has the terminal next.
        self.keys.park();
        self.painter.close(LAST_BYTES);
        match self.end {
            Some(End::Signal(signal)) => u8::try_from(128 + signal).unwrap_or(1),
            Some(End::Gone) => 129,
            Some(End::Broken) => BROKEN,
            Some(End::Quit) | None => 0,
        }
    }
}

/// Columns and rows; 80×24 when the terminal does not say.
fn terminal_size() -> Size {
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    Size::new(width, height)
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
