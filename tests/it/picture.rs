//! The README's picture, made from the program itself: a room of demo models in a terminal, drawn as
//! SVG. Written when `SALON_PICTURE` is set; otherwise the test checks that the picture in `docs/`
//! still shows what the program shows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pty::Pty;
use crate::sandbox::Sandbox;

const SIZE: (u16, u16) = (146, 36);
/// Width and height of a cell in the picture.
const CELL: (f32, f32) = (8.4, 18.0);
const GROUND: &str = "#1a1b26";
const TEXT: &str = "#c0caf5";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/room.svg")
}

#[test]
fn the_picture_shows_the_room() {
    // For the picture at the pace of a real model, so that its figures look like those of one.
    let made = std::env::var_os("SALON_PICTURE").is_some();
    let pace = if made { "1" } else { "0" };
    let sandbox = Sandbox::new()
        .config(&format!(
            "[demo]
pace = {pace}
[ui]
theme = \"tokyo-night\"
"
        ))
        .variable("COLORTERM", "truecolor");
    let mut room = Pty::start(&sandbox, &[], SIZE);
    room.see("enter send");
    room.ask("What makes a good error message?");
    room.ended(3);
    // Code is coloured a moment after the first frame.
    std::thread::sleep(std::time::Duration::from_millis(800));
    if made {
        room.with_screen(|screen| fs::write(path(), svg(screen)).expect("the picture is written"));
    }
    let picture = fs::read_to_string(path()).expect("docs/room.svg");
    for word in ["eliza", "tour", "thinker", "usage", "send"] {
        assert!(room.screen().contains(word), "{word} is not on the screen:\n{}", room.screen());
        assert!(picture.contains(word), "{word:?} is not in the picture: make it anew with SALON_PICTURE=1");
    }
    room.send("\x11");
    room.end();
}

/// The screen as a picture: one text per run of equal style, one rectangle per run of ground.
fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (f32::from(columns) * CELL.0 + 24.0, f32::from(rows) * CELL.1 + 24.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let Some(first) = screen.cell(row, column) else { break };
            let (look, mut text) = (look(first), String::new());
            while let Some(cell) = screen.cell(row, column).filter(|cell| self::look(cell) == look) {
                text.push_str(if cell.has_contents() {
                    cell.contents()
                } else if cell.is_wide_continuation() {
                    ""
                } else {
                    " "
                });
                column += 1;
            }
            run(&mut out, (row, start, column - start), &look, &text);
        }
    }
    out.push_str("</svg>\n");
    out
}

#[derive(PartialEq)]
struct Look {
    ink: String,
    ground: Option<String>,
    bold: bool,
    italic: bool,
    underline: bool,
}

fn look(cell: &vt100::Cell) -> Look {
    let (ink, ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (ink, ground) = if cell.inverse() {
        (Some(ground.unwrap_or_else(|| GROUND.to_owned())), Some(ink.unwrap_or_else(|| TEXT.to_owned())))
    } else {
        (ink, ground)
    };
    Look {
        ink: ink.unwrap_or_else(|| TEXT.to_owned()),
        ground: ground.filter(|ground| ground != GROUND),
        bold: cell.bold(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn colour(colour: vt100::Color) -> Option<String> {
    const SIXTEEN: [&str; 16] = [
        "#15161e", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#a9b1d6", "#565f89",
        "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#c0caf5",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => SIXTEEN.get(usize::from(index)).map(|text| (*text).to_owned()),
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}

fn run(out: &mut String, (row, column, cells): (u16, u16, u16), look: &Look, text: &str) {
    let (x, y) = (12.0 + f32::from(column) * CELL.0, 12.0 + f32::from(row) * CELL.1);
    let width = f32::from(cells) * CELL.0;
    if let Some(ground) = &look.ground {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{ground}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = format!("fill=\"{}\"", look.ink);
    for (on, text) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if on {
            style.push_str(text);
        }
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let baseline = y + CELL.1 * 0.74;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" {style}>{escaped}</text>"
    );
}
