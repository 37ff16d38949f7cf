//! Where the text is cut into blocks. The scanner sees the text line by line and never looks
//! ahead, so the cuts are the same however the text arrives: this is what makes streamed and whole
//! text render alike. Each block is bounded in size, so an endless paragraph, list, table or fence
//! costs no more per frame than a short one. It must not lay out anything.

use std::ops::Range;

use super::cut::{Cut, Fenced, Lead, Shape};
use super::line::{self, Begins, Ends, Item};

/// A block of prose, a quote, or raw text is cut once it is so many bytes long.
const PIECE: usize = 8 * 1024;
/// A list is cut between items at [`PIECE`], anywhere at this size.
const LIST: usize = 4 * PIECE;
/// A table is cut between rows once it is so long; the rest repeats its head.
const TABLE: usize = 2 * PIECE;
/// A longer head is not repeated.
const HEAD: usize = 1024;
/// A piece of code is so many lines or bytes.
const CODE_LINES: u32 = 64;
const CODE_BYTES: usize = 4 * 1024;

/// What is open at the end of what was seen.
#[derive(Clone, Debug)]
enum Open {
    Nothing,
    Text,
    Html,
    Table { head: Range<usize> },
    Quote,
    List { item: Item, start: u64, items: u64 },
    Fence { fence: Fenced, mark: u8, len: usize, piece: u32, lines: u32, held: bool },
    Indented { fence: Fenced, piece: u32, lines: u32 },
    Verbatim { ends: Option<Ends>, lines: u32 },
}

/// Finds the cuts. Cloning it is cheap: the view of an unfinished text is what a clone makes of it.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    /// Everything before this was looked at.
    scanned: usize,
    /// So many bytes after it hold no line end.
    probed: usize,
    /// Where the open block begins.
    chunk: usize,
    /// Where the last line that is not blank begins and ends.
    last: Range<usize>,
    /// The line before had no end: it was cut for its length.
    mid: bool,
    joined: bool,
    lead: Lead,
    open: Open,
}

impl Scanner {
    /// For Markdown.
    pub(super) fn markdown() -> Self {
        let open = Open::Nothing;
        Self {
            scanned: 0,
            probed: 0,
            chunk: 0,
            last: 0..0,
            mid: false,
            joined: false,
            lead: Lead::Fresh,
            open,
        }
    }

    /// For text that is no Markdown.
    pub(super) fn plain() -> Self {
        Self { open: Open::Verbatim { ends: None, lines: 0 }, ..Self::markdown() }
    }

    /// Looks at the lines that are whole now.
    pub(super) fn feed(&mut self, source: &str, out: &mut Vec<Cut>) {
        while let Some(rest) = source.get(self.scanned..) {
            let window = &rest.as_bytes()[..rest.len().min(PIECE)];
            let found = window.iter().skip(self.probed).position(|byte| *byte == b'\n');
            if let Some(at) = found {
                let end = self.scanned + self.probed + at + 1;
                self.segment(source, end, true, out);
            } else if window.len() == PIECE {
                let end = self.scanned + cut_point(rest);
                self.segment(source, end, false, out);
            } else {
                self.probed = window.len();
                return;
            }
        }
    }

    /// Settles all that is left.
    pub(super) fn finish(&mut self, source: &str, out: &mut Vec<Cut>) {
        self.feed(source, out);
        if self.scanned < source.len() {
            self.segment(source, source.len(), true, out);
        }
        let end = source.len();
        match self.open.clone() {
            Open::Fence { .. } => self.end_fence(source, end, out),
            Open::Indented { .. } => self.end_code(self.last.end, out),
            _ => self.settle(self.last.end, out),
        }
        if !matches!(self.open, Open::Verbatim { ends: None, .. }) {
            self.open = Open::Nothing;
        }
        self.chunk = end;
    }

    /// What the rest would be if the text ended here. A last line that does not say yet what it
    /// will be is left out.
    pub(super) fn live(&self, source: &str) -> Vec<Cut> {
        let mut out = Vec::new();
        let partial = source.get(self.scanned..).unwrap_or_default();
        let shown = if self.holds(partial) { source.get(..self.scanned).unwrap_or(source) } else { source };
        self.clone().finish(shown, &mut out);
        out
    }

    fn holds(&self, partial: &str) -> bool {
        if self.mid {
            return false;
        }
        let text = partial.trim();
        match &self.open {
            Open::Verbatim { .. } => false,
            Open::Fence { mark, .. } => !text.is_empty() && text.bytes().all(|byte| byte == *mark),
            Open::Table { .. } => partial.len() < HEAD,
            _ => !text.is_empty() && text.bytes().all(|byte| b"-=*_+#`~>|:".contains(&byte)),
        }
    }

    fn segment(&mut self, source: &str, end: usize, whole: bool, out: &mut Vec<Cut>) {
        let start = std::mem::replace(&mut self.scanned, end);
        self.probed = 0;
        let mid = std::mem::replace(&mut self.mid, !whole);
        let line = source.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        if matches!(self.open, Open::Verbatim { .. }) {
            self.verbatim(line, start..end, out);
        } else if matches!(self.open, Open::Fence { .. } | Open::Indented { .. }) {
            self.code(source, start..end, mid, out);
        } else {
            self.prose(source, start..end, mid, out);
        }
        // A line that was cut for its length ends the block, and the next one goes on with it.
        let prose = !matches!(self.open, Open::Verbatim { .. } | Open::Fence { .. } | Open::Indented { .. });
        if !whole && prose {
            self.settle(end, out);
            self.go_on(Open::Text, Lead::Joined);
        }
    }

    fn prose(&mut self, source: &str, at: Range<usize>, mid: bool, out: &mut Vec<Cut>) {
        let line = source.get(at.clone()).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let (columns, what) = if mid { (0, Begins::Text) } else { line::begins(line) };
        match (self.open.clone(), what) {
            _ if mid && line.trim().is_empty() => {}
            (Open::List { .. }, Begins::Blank) => {}
            (_, Begins::Blank) => {
                self.settle(self.last.end, out);
                self.open = Open::Nothing;
            }
            (Open::Nothing, _) => self.begin(source, at, what, out),
            (Open::List { .. }, _) => self.list(source, at, (columns, what), out),
            (Open::Text, _) if self.chunk < at.start && !mid && line::underlines(line) => {
                self.last = at.clone();
                self.settle(at.end, out);
                self.open = Open::Nothing;
            }
            (Open::Text, _) if !mid && self.heads_table(source, line) => {
                let head = self.last.start..at.end;
                self.settle(head.start, out);
                self.lead = Lead::Fresh;
                self.last = at;
                self.open = Open::Table { head };
            }
            (Open::Quote, Begins::Quote) | (Open::Html, _) => self.extend(at, PIECE, out),
            (_, _) if interrupts(what) => {
                self.settle(self.last.end, out);
                self.begin(source, at, what, out);
            }
            (Open::Table { .. }, _) => self.extend(at, TABLE, out),
            _ => self.extend(at, PIECE, out),
        }
    }

    /// Takes the line into the open block, and cuts the block behind it when it is long.
    fn extend(&mut self, at: Range<usize>, limit: usize, out: &mut Vec<Cut>) {
        self.last = at.clone();
        if at.end - self.chunk < limit {
            return;
        }
        self.settle(at.end, out);
        match self.open.clone() {
            Open::Table { head } if head.len() <= HEAD => {
                self.go_on(Open::Table { head: head.clone() }, Lead::Head(head));
            }
            Open::Quote => self.go_on(Open::Quote, Lead::Fresh),
            Open::Html => self.go_on(Open::Html, Lead::Joined),
            _ => self.go_on(Open::Text, Lead::Joined),
        }
    }

    fn list(&mut self, source: &str, at: Range<usize>, look: (usize, Begins<'_>), out: &mut Vec<Cut>) {
        let Open::List { item, start, items } = self.open.clone() else { return };
        let (columns, what) = look;
        let gap = self.last.end < at.start;
        let size = at.start - self.chunk;
        match what {
            _ if columns >= item.content && size >= LIST => {
                self.settle(self.last.end, out);
                self.chunk = at.start;
                self.go_on(self.open.clone(), Lead::Inset(columns));
            }
            _ if columns >= item.content => {}
            Begins::Item(next) => {
                let same = next.mark == item.mark;
                let (start, items) = if same { (start, items + 1) } else { (next.number.unwrap_or(1), 1) };
                self.open = Open::List { item: next, start, items };
                if size >= PIECE {
                    self.settle(self.last.end, out);
                    self.chunk = at.start;
                    let number = next.number.map(|_| start.saturating_add(items - 1));
                    self.go_on(self.open.clone(), Lead::Item(number));
                    self.joined = !gap;
                }
            }
            _ if gap || interrupts(what) || size >= LIST => {
                self.settle(self.last.end, out);
                return self.begin(source, at, what, out);
            }
            _ => {}
        }
        self.last = at;
    }

    /// A block begins with this line.
    fn begin(&mut self, source: &str, at: Range<usize>, what: Begins<'_>, out: &mut Vec<Cut>) {
        self.chunk = at.start;
        self.last = at.clone();
        self.lead = Lead::Fresh;
        self.joined = false;
        let line = source.get(at.clone()).unwrap_or_default();
        self.open = match what {
            Begins::Blank | Begins::Text => Open::Text,
            Begins::Heading | Begins::Rule => {
                self.open = Open::Text;
                self.settle(at.end, out);
                Open::Nothing
            }
            Begins::Quote => Open::Quote,
            Begins::Html(_) => Open::Html,
            Begins::Item(item) => Open::List { item, start: item.number.unwrap_or(1), items: 1 },
            Begins::Raw(ends) => {
                self.open = Open::Verbatim { ends: Some(ends), lines: 0 };
                return self.verbatim(line, at, out);
            }
            Begins::Indented => {
                let fence = Fenced { at: at.start, info: at.start..at.start, indent: 4 };
                Open::Indented { fence, piece: 0, lines: 1 }
            }
            Begins::Fence(fence) => {
                self.chunk = at.end;
                let from = at.start + line.find(fence.info).unwrap_or(0);
                let word = fence.info.split([' ', ',', '{']).next().unwrap_or_default();
                let held = word.eq_ignore_ascii_case("markdown") || word.eq_ignore_ascii_case("md");
                let indent = line::indent(line).0;
                let info = from..from + fence.info.len();
                let (mark, len) = (fence.mark, fence.len);
                Open::Fence {
                    fence: Fenced { at: at.end, info, indent },
                    mark,
                    len,
                    piece: 0,
                    lines: 0,
                    held,
                }
            }
        };
    }

    fn code(&mut self, source: &str, at: Range<usize>, mid: bool, out: &mut Vec<Cut>) {
        let line = source.get(at.clone()).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let full = match &mut self.open {
            Open::Fence { mark, len, .. } if !mid && line::closes(line, *mark, *len) => {
                self.end_fence(source, at.start, out);
                self.chunk = at.end;
                self.last = at;
                self.open = Open::Nothing;
                return;
            }
            Open::Fence { lines, held, .. } => {
                *lines += 1;
                let size = at.end - self.chunk;
                *held &= size < PIECE;
                !*held && (*lines >= CODE_LINES || size >= CODE_BYTES)
            }
            Open::Indented { lines, .. } if mid || line::indent(line).0 >= 4 => {
                *lines += 1;
                if line.trim().is_empty() {
                    return;
                }
                *lines >= CODE_LINES || at.end - self.chunk >= CODE_BYTES
            }
            Open::Indented { .. } if line.trim().is_empty() => return,
            _ => {
                self.end_code(self.last.end, out);
                self.open = Open::Nothing;
                return self.prose(source, at, false, out);
            }
        };
        self.last = at.clone();
        if full {
            self.end_code(at.end, out);
        }
    }

    /// Settles a piece of code.
    fn end_code(&mut self, end: usize, out: &mut Vec<Cut>) {
        if let Open::Fence { fence, piece, lines, .. } | Open::Indented { fence, piece, lines } =
            &mut self.open
            && (self.chunk < end || *piece == 0)
        {
            let shape = Shape::Code { fence: fence.clone(), piece: *piece };
            out.push(Cut { range: self.chunk..end.max(self.chunk), shape, joined: *piece > 0 });
            self.chunk = end.max(self.chunk);
            (*piece, *lines) = (*piece + 1, 0);
        }
    }

    /// Settles the last piece of a fence. A fence called Markdown that holds only a table is
    /// that table: models fence tables all the time.
    fn end_fence(&mut self, source: &str, end: usize, out: &mut Vec<Cut>) {
        let text = source.get(self.chunk..end).unwrap_or_default();
        if matches!(self.open, Open::Fence { held: true, .. }) && line::only_table(text) {
            let shape = Shape::Prose { lead: Lead::Fresh, nest: false };
            out.push(Cut { range: self.chunk..end, shape, joined: false });
            self.chunk = end;
        } else {
            self.end_code(end, out);
        }
    }

    fn verbatim(&mut self, line: &str, at: Range<usize>, out: &mut Vec<Cut>) {
        let Open::Verbatim { ends, lines } = &mut self.open else { return };
        *lines += 1;
        if !line.trim().is_empty() {
            self.last = at.clone();
        }
        let over = ends.is_some_and(|ends| line::ends(line, ends));
        let full = *lines >= CODE_LINES || at.end - self.chunk >= PIECE;
        let ends = *ends;
        if over {
            self.settle(at.end, out);
            self.open = Open::Nothing;
        } else if full {
            self.settle(at.end, out);
            self.go_on(Open::Verbatim { ends, lines: 0 }, Lead::Fresh);
        }
    }

    /// The open block ends here, if there is anything of it.
    fn settle(&mut self, end: usize, out: &mut Vec<Cut>) {
        if end > self.chunk {
            let lead = std::mem::replace(&mut self.lead, Lead::Fresh);
            let nest = matches!(self.open, Open::List { .. } | Open::Quote);
            let verbatim = matches!(self.open, Open::Verbatim { .. });
            let shape = if verbatim { Shape::Verbatim } else { Shape::Prose { lead, nest } };
            out.push(Cut { range: self.chunk..end, shape, joined: self.joined });
            self.chunk = end;
        }
        self.lead = Lead::Fresh;
        self.joined = false;
    }

    /// What follows goes on with the block that was cut.
    fn go_on(&mut self, open: Open, lead: Lead) {
        self.open = open;
        self.lead = lead;
        self.joined = true;
    }

    fn heads_table(&self, source: &str, line: &str) -> bool {
        let above = source.get(self.last.clone()).unwrap_or_default();
        self.chunk <= self.last.start
            && self.last.start < self.last.end
            && line::delimits(line)
            && above.contains('|')
            && line::cells(above) == line::cells(line)
    }
}

/// Whether such a line ends a paragraph, a table or a quote.
fn interrupts(what: Begins<'_>) -> bool {
    match what {
        Begins::Heading | Begins::Rule | Begins::Fence(_) | Begins::Quote | Begins::Raw(_) => true,
        Begins::Html(may) => may,
        Begins::Item(item) => !item.empty && item.number.is_none_or(|number| number == 1),
        Begins::Blank | Begins::Indented | Begins::Text => false,
    }
}

/// Where a line that is too long is cut: after a space, else between characters.
fn cut_point(rest: &str) -> usize {
    let window = &rest.as_bytes()[..rest.len().min(PIECE)];
    if let Some(space) = window.iter().rposition(|byte| *byte == b' ').filter(|at| *at > PIECE / 2) {
        return space + 1;
    }
    (1..=window.len()).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len())
}
