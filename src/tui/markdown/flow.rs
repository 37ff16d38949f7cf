//! One block of Markdown becomes rows: pulldown-cmark says what the text is, this says where it
//! stands. It keeps nothing from one block to the next but the colours of unfinished code.

use std::ops::Range;

use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd,
};

use crate::text::cell_width;
use crate::text::wrap;
use crate::tui::theme::Role;

use super::code::Nested;
use super::frame::Frame;
use super::link;
use super::row::{Flags, Layout, Span};
use super::table::{self, Table};
use super::wrap::Styled;

/// Stands before a paragraph that was cut, so that its first line begins nothing. Sanitised text
/// has no such character.
pub(super) const JOINER: char = '\u{2060}';

/// A block to be laid out.
pub(super) struct Prose<'t> {
    /// Sanitised text, with what was put before it.
    pub(super) text: &'t str,
    /// So many bytes were put before it.
    pub(super) lead: usize,
    /// The bytes of the block in the source.
    pub(super) bytes: usize,
    /// The cells there are.
    pub(super) width: usize,
    /// The number of its first code block.
    pub(super) code: usize,
    /// The number of its first list item, when the list began in another block.
    pub(super) number: Option<u64>,
    /// Cells to leave free on the left.
    pub(super) inset: usize,
    /// No more will come.
    pub(super) whole: bool,
}

fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    Parser::new_ext(text, options)
}

/// The code blocks in a block of Markdown: info string and text.
pub(super) fn codes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = false;
    for event in parser(text) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                open = true;
                found.push((info(&kind).to_owned(), String::new()));
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            Event::Text(text) if open => {
                if let Some((_, code)) = found.last_mut() {
                    code.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

/// Lays a block out.
pub(super) fn layout(prose: &Prose<'_>, nested: &mut Nested) -> Layout {
    let events = parser(prose.text).into_offset_iter();
    let mut defined: Vec<Range<usize>> =
        events.reference_definitions().iter().map(|(_, found)| found.span.clone()).collect();
    defined.sort_by_key(|span| std::cmp::Reverse(span.start));
    let mut flow = Flow::new(prose, nested);
    let mut depth = 0_usize;
    for (event, range) in events {
        if depth == 0 {
            flow.definitions(&mut defined, range.start);
        }
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        flow.event(event, &range);
    }
    flow.definitions(&mut defined, usize::MAX);
    flow.flush();
    flow.frame.finish()
}

#[derive(Default)]
struct Looks {
    strong: usize,
    emphasis: usize,
    struck: usize,
    link: usize,
    base: Vec<(Role, Flags)>,
}

struct Flow<'a> {
    prose: &'a Prose<'a>,
    nested: &'a mut Nested,
    frame: Frame,
    inline: Styled,
    looks: Looks,
    /// Where the labels of the open links and images begin, and where they go.
    links: Vec<(usize, String)>,
    lists: Vec<Option<u64>>,
    number: Option<u64>,
    table: Option<Table>,
    code: Option<(String, String, usize)>,
    codes: usize,
}

impl<'a> Flow<'a> {
    fn new(prose: &'a Prose<'a>, nested: &'a mut Nested) -> Self {
        let mut flow = Self {
            prose,
            nested,
            frame: Frame::new(prose.bytes, prose.width),
            inline: Styled::default(),
            looks: Looks::default(),
            links: Vec::new(),
            lists: Vec::new(),
            number: prose.number,
            table: None,
            code: None,
            codes: 0,
        };
        if prose.inset > 0 {
            let space = Span::new(" ".repeat(prose.inset.min(prose.width / 2)), Role::Text);
            flow.frame.mark(space.clone(), space);
        }
        flow
    }

    fn event(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => match &mut self.code {
                Some((_, code, _)) => code.push_str(&text),
                None => self.text(&text, range.start),
            },
            Event::Code(text) => {
                let also = self.look().1;
                let at = self.at(range.start);
                self.inline.add(&text, Role::Code, also, at);
            }
            Event::Html(text) | Event::InlineHtml(text) => self.html(&text, range.start),
            Event::SoftBreak => self.text(" ", range.start),
            Event::HardBreak => self.text("\n", range.start),
            Event::Rule => {
                self.block();
                let rule = Span::new("─".repeat(self.frame.room()), Role::Rule);
                self.row(vec![rule], range.start, None);
                self.frame.gap = true;
            }
            Event::TaskListMarker(done) => {
                let at = self.at(range.start);
                self.inline.add(if done { "[x] " } else { "[ ] " }, Role::Bullet, Flags::NONE, at);
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text, range.start);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block(),
            Tag::Heading { level, .. } => {
                self.block();
                let line = if level == HeadingLevel::H1 { Flags::UNDERLINE } else { Flags::NONE };
                self.looks.base.push((Role::Heading, Flags::BOLD.with(line)));
            }
            Tag::BlockQuote(kind) => {
                self.block();
                let bar = Span::new("▎ ", Role::Quote);
                self.frame.mark(bar.clone(), bar);
                self.looks.base.push((Role::Quote, Flags::NONE));
                if let Some(kind) = kind {
                    self.inline.add(note(kind), Role::Quote, Flags::BOLD, self.at(range.start));
                    self.flush();
                }
            }
            Tag::CodeBlock(kind) => {
                self.block();
                self.code = Some((info(&kind).to_owned(), String::new(), range.start));
            }
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.block();
                }
                let first = first.map(|first| self.number.take().unwrap_or(first));
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Table(align) => {
                self.block();
                self.table = Some(Table { align, ..Table::default() });
            }
            Tag::TableHead | Tag::TableRow => {
                if matches!(tag, Tag::TableHead) {
                    self.looks.base.push((Role::TableHead, Flags::BOLD));
                }
                let at = self.at(range.start);
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                    table.marks.push(at);
                }
            }
            Tag::Emphasis => self.looks.emphasis += 1,
            Tag::Strong => self.looks.strong += 1,
            Tag::Strikethrough => self.looks.struck += 1,
            Tag::Link { dest_url, .. } => {
                self.looks.link += 1;
                self.links.push((self.inline.text.len(), dest_url.into_string()));
            }
            Tag::Image { dest_url, .. } => {
                self.inline.add("[image: ", Role::Dim, Flags::NONE, self.at(range.start));
                self.links.push((self.inline.text.len(), dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.flush();
                self.frame.gap = true;
            }
            TagEnd::Heading(_) => {
                self.flush();
                self.looks.base.pop();
                self.frame.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.frame.unmark(self.at(range.start));
                self.looks.base.pop();
                self.frame.gap = true;
            }
            TagEnd::CodeBlock => self.code(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                self.frame.gap |= self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                self.frame.unmark(self.at(range.start));
            }
            TagEnd::Table => {
                let table = self.table.take().unwrap_or_default();
                for (spans, mark) in table::layout(&table, self.frame.room()) {
                    self.row(spans, mark + self.prose.lead, None);
                }
                self.frame.gap = true;
            }
            TagEnd::TableHead => drop(self.looks.base.pop()),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Emphasis => self.looks.emphasis = self.looks.emphasis.saturating_sub(1),
            TagEnd::Strong => self.looks.strong = self.looks.strong.saturating_sub(1),
            TagEnd::Strikethrough => self.looks.struck = self.looks.struck.saturating_sub(1),
            TagEnd::Link => {
                self.looks.link = self.looks.link.saturating_sub(1);
                self.target(range.end);
            }
            TagEnd::Image => {
                self.inline.add("]", Role::Dim, Flags::NONE, self.at(range.end));
                self.target(range.end);
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        self.flush();
        self.frame.empty_row();
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                let text = format!("{number}. ");
                *number = number.saturating_add(1);
                text
            }
            _ => match self.lists.len() % 3 {
                1 => "• ".to_owned(),
                2 => "◦ ".to_owned(),
                _ => "- ".to_owned(),
            },
        };
        let rest = " ".repeat(cell_width(&bullet));
        self.frame.mark(Span::new(bullet, Role::Bullet), Span::new(rest, Role::Text));
    }

    fn code(&mut self) {
        let Some((info, text, start)) = self.code.take() else { return };
        let number = self.prose.code + self.codes;
        self.codes += 1;
        let look = (self.frame.room(), self.prose.whole);
        let rows = self.nested.rows(number, &info, &text, look).to_vec();
        for row in rows {
            self.row(row.spans, start, row.fill);
        }
        self.frame.gap = true;
    }

    /// Says where the link goes whose label was just read.
    fn target(&mut self, end: usize) {
        let Some((from, address)) = self.links.pop() else { return };
        let label = self.inline.text.get(from..).unwrap_or_default().trim_end_matches(']');
        if let Some(host) = link::shown(label, &address) {
            let at = self.at(end);
            self.inline.add(&format!(" ({host})"), Role::Url, Flags::NONE, at);
        }
    }

    /// Link definitions are shown as they are written: a reference to one may stand in a block that
    /// is settled.
    fn definitions(&mut self, spans: &mut Vec<Range<usize>>, before: usize) {
        while let Some(span) = spans.pop_if(|span| span.start < before) {
            self.block();
            let last = spans.last().is_none_or(|next| next.start >= before);
            let text = self.prose.text.get(span.clone()).unwrap_or_default().trim();
            self.inline.add(text, Role::Url, Flags::NONE, span.start.saturating_sub(self.prose.lead));
            self.flush();
            self.frame.gap = last;
        }
    }

    fn html(&mut self, text: &str, at: usize) {
        let bare: String = text.chars().filter(|next| !next.is_whitespace()).collect();
        if bare.eq_ignore_ascii_case("<br>") || bare.eq_ignore_ascii_case("<br/>") {
            self.text("\n", at);
        } else {
            self.text(text, at);
        }
    }

    fn text(&mut self, text: &str, at: usize) {
        let text = text.strip_prefix(JOINER).unwrap_or(text);
        let (role, also) = self.look();
        let at = self.at(at);
        self.inline.add(text, role, also, at);
    }

    fn look(&self) -> (Role, Flags) {
        let (base, mut also) = self.looks.base.last().copied().unwrap_or((Role::Text, Flags::NONE));
        let mut role = base;
        let looks = [
            (self.looks.struck, Role::Struck, Flags::STRIKE),
            (self.looks.emphasis, Role::Emphasis, Flags::ITALIC),
            (self.looks.strong, Role::Strong, Flags::BOLD),
        ];
        for (_, look, flag) in looks.iter().filter(|(count, _, _)| *count > 0) {
            also = also.with(*flag);
            role = if base == Role::Text { *look } else { base };
        }
        if self.looks.link > 0 { (Role::Link, also.with(Flags::UNDERLINE)) } else { (role, also) }
    }

    fn at(&self, offset: usize) -> usize {
        offset.saturating_sub(self.prose.lead)
    }

    /// A block begins: what stands before it is over.
    fn block(&mut self) {
        self.flush();
        self.frame.empty_row();
    }

    /// The collected text becomes rows.
    fn flush(&mut self) {
        if self.inline.text.is_empty() || self.table.is_some() {
            return;
        }
        let inline = std::mem::take(&mut self.inline);
        let text = inline.text.trim_end_matches(['\n', ' ']);
        let ranges = wrap(text, self.frame.room());
        for range in &ranges {
            let mut spans = Vec::new();
            inline.spans(range, &mut spans);
            self.row(spans, inline.pos(range.start) + self.prose.lead, None);
        }
        self.frame.gap = false;
    }

    /// A row; `at` is a place in the text.
    fn row(&mut self, spans: Vec<Span>, at: usize, fill: Option<Role>) {
        self.frame.row(spans, self.at(at), fill);
    }
}

fn info<'k>(kind: &'k CodeBlockKind<'_>) -> &'k str {
    match kind {
        CodeBlockKind::Fenced(info) => as_str(info),
        CodeBlockKind::Indented => "",
    }
}

fn as_str<'k>(text: &'k CowStr<'_>) -> &'k str {
    text
}

fn note(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "Note",
        BlockQuoteKind::Tip => "Tip",
        BlockQuoteKind::Important => "Important",
        BlockQuoteKind::Warning => "Warning",
        BlockQuoteKind::Caution => "Caution",
    }
}
