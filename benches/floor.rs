//! The floor that salon is measured against: the least that a program with panes side by side can
//! do. Text is appended, wrapped, and the end of it drawn, at most once a frame. No markdown, no
//! database, no accounting.
//!
//! `floor PORT MODEL[,MODEL…]` talks to an OpenAI-compatible server on loopback. Type a prompt,
//! Enter; Ctrl-C leaves.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthChar;

/// Between two frames that only streams asked for.
const FRAME: Duration = Duration::from_micros(16_700);

enum News {
    Input(Event),
    Token(usize, String),
}

/// Text in rows of a fixed width; only the last row grows.
struct Column {
    model: String,
    rows: Vec<String>,
    filled: usize,
    width: usize,
}

impl Column {
    fn append(&mut self, text: &str) {
        for c in text.chars() {
            let cells = c.width().unwrap_or(0);
            if c == '\n' || self.filled + cells > self.width || self.rows.is_empty() {
                self.rows.push(String::new());
                self.filled = 0;
            }
            if c != '\n' {
                if let Some(row) = self.rows.last_mut() {
                    row.push(c);
                }
                self.filled += cells;
            }
        }
    }

    fn draw(&self, frame: &mut ratatui::Frame<'_>, area: Rect) {
        let block = Block::bordered().title(self.model.as_str());
        let height = usize::from(block.inner(area).height);
        let from = self.rows.len().saturating_sub(height);
        let lines: Vec<Line<'_>> = self.rows[from..].iter().map(|row| Line::from(row.as_str())).collect();
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(8080);
    let models = arguments.next().unwrap_or_else(|| "one,two,three,four".to_owned());
    let mut terminal = ratatui::init();
    let result = chat(&mut terminal, port, &models);
    ratatui::restore();
    result
}

fn chat(terminal: &mut ratatui::DefaultTerminal, port: u16, models: &str) -> io::Result<()> {
    let (tell, news) = mpsc::channel();
    let keys = tell.clone();
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if keys.send(News::Input(event)).is_err() {
                return;
            }
        }
    });
    let count = models.split(',').count();
    let width = usize::from(terminal.size()?.width) / count - 2;
    let mut columns: Vec<Column> = models
        .split(',')
        .map(|model| Column { model: model.to_owned(), rows: Vec::new(), filled: 0, width })
        .collect();
    let mut prompt = String::new();
    let mut drawn = draw(terminal, &columns, &prompt)?;
    loop {
        let Ok(first) = news.recv() else { return Ok(()) };
        let mut pressed = false;
        let mut next = Some(first);
        loop {
            match next.take() {
                Some(News::Token(at, text)) => columns[at].append(&text),
                Some(News::Input(Event::Key(key))) => {
                    pressed = true;
                    match key.code {
                        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(()),
                        KeyCode::Char(c) => prompt.push(c),
                        KeyCode::Backspace => drop(prompt.pop()),
                        KeyCode::Enter => {
                            for (at, column) in columns.iter().enumerate() {
                                ask(port, at, column.model.clone(), prompt.clone(), tell.clone());
                            }
                            prompt.clear();
                        }
                        _ => {}
                    }
                }
                Some(News::Input(_)) => pressed = true,
                None => {}
            }
            let left = FRAME.saturating_sub(drawn.elapsed());
            next =
                if pressed || left.is_zero() { news.try_recv().ok() } else { news.recv_timeout(left).ok() };
            if next.is_none() {
                break;
            }
        }
        drawn = draw(terminal, &columns, &prompt)?;
    }
}

fn draw(terminal: &mut ratatui::DefaultTerminal, columns: &[Column], prompt: &str) -> io::Result<Instant> {
    terminal.draw(|frame| {
        let [top, bottom] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(frame.area());
        let areas = Layout::horizontal(vec![Constraint::Fill(1); columns.len()]).split(top);
        for (column, area) in columns.iter().zip(areas.iter()) {
            column.draw(frame, *area);
        }
        frame.render_widget(Paragraph::new(prompt).block(Block::bordered().title("Prompt")), bottom);
    })?;
    Ok(Instant::now())
}

fn ask(port: u16, at: usize, model: String, prompt: String, tell: Sender<News>) {
    thread::spawn(move || {
        if let Err(error) = stream(port, &model, &prompt, |text| tell.send(News::Token(at, text)).is_ok()) {
            let _ = tell.send(News::Token(at, format!("\n{error}\n")));
        }
    });
}

/// One request; every token goes to `token` until it says no.
fn stream(port: u16, model: &str, prompt: &str, mut token: impl FnMut(String) -> bool) -> io::Result<()> {
    let body = json!({ "model": model, "stream": true, "messages": [{ "role": "user", "content": prompt }] })
        .to_string();
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    for line in BufReader::new(socket).lines() {
        let line = line?;
        let Some(data) = line.strip_prefix("data: ") else { continue };
        let Ok(chunk) = serde_json::from_str::<Value>(data) else { continue };
        if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str()
            && !token(text.to_owned())
        {
            return Ok(());
        }
    }
    Ok(())
}
