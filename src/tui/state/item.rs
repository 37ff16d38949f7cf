//! One turn as one pane shows it: prompt, thinking, reply, and what has to be said of them. Layouts
//! are kept only for what is visible; heights stay. The text of replies is in the room's turns and
//! nowhere else: the documents are lent it.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use crate::chat::Reply;
use crate::chat::ReplyId;
use crate::chat::SeatId;
use crate::chat::Status;
use crate::chat::Turn;
use crate::text::Untrusted;
use crate::tui::markdown::Anchor;
use crate::tui::markdown::Document;
use crate::tui::markdown::Row;
use crate::tui::state::keys::KeyNames;
use crate::tui::state::notes::notes;
use crate::tui::theme::Role;
use crate::tui::widget::Field;
use crate::tui::widget::wrap;

/// The pieces of a turn in a pane, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What the person wrote.
    Prompt,
    /// The line that thinking is under, or collapsed to.
    Thought,
    /// Thinking, when it is open.
    Thinking,
    /// The reply.
    Reply,
    /// What has to be said: failures, stops, tool calls.
    Notes,
    /// The figures of a reply that is not the last one.
    Foot,
    /// A row between turns.
    Gap,
}

impl Piece {
    /// All pieces, in their order.
    pub const ALL: [Self; 7] =
        [Self::Prompt, Self::Thought, Self::Thinking, Self::Reply, Self::Notes, Self::Foot, Self::Gap];

    /// The columns that stand before it.
    #[must_use]
    pub fn indent(self) -> u16 {
        match self {
            Self::Prompt | Self::Thinking => 2,
            _ => 0,
        }
    }
}

/// Rows of each piece.
pub type Heights = [usize; 7];

/// What there is to show of a turn in a pane.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The turn.
    pub turn: &'a Turn,
    /// The seat of the pane.
    pub seat: SeatId,
    /// The reply that is shown.
    pub reply: Option<&'a Reply>,
    /// The seat holds this turn back, or nobody was asked: nothing is shown.
    pub hidden: bool,
    /// Source instead of markdown.
    pub raw: bool,
    /// Whether thinking is open, when the person has said so for the pane.
    pub open: Option<bool>,
    /// Whether it is the last turn of the pane, whose figures stand in the border.
    pub last: bool,
    /// Whether a long prompt is shown whole.
    pub whole: bool,
}

/// What else a pane knows of a turn, and its layout.
pub struct Item {
    keys: Arc<KeyNames>,
    /// Thinking open or closed, when the person has said so.
    pub thinking: Option<bool>,
    /// How long the thinking took, in milliseconds, when it was seen.
    pub thought_ms: Option<u64>,
    /// Output tokens a second, when they were seen to come.
    pub speed: Option<u64>,
    /// Refusals, images, citations.
    pub parts: Vec<Untrusted>,
    /// Why the last attempt failed, while the next one is waited for.
    pub failed: Option<String>,
    /// How many characters of the finished reply a pane does not show.
    pub unseen: usize,
    /// How many rows of the prompt are folded away.
    folded: usize,
    docs: Option<Box<RefCell<Docs>>>,
    heights: Option<(Key, Heights)>,
}

/// What heights depend on besides the text.
type Key = (u16, bool, bool, bool);

/// A prompt of more rows than the second number is folded to the first and a line about the rest:
/// what is read is the reply.
const FOLD: (usize, usize) = (5, 8);

struct Docs {
    of: Option<ReplyId>,
    raw: bool,
    /// Whether the reply had ended when they were made true last.
    ended: bool,
    prompt: Document,
    thinking: Document,
    reply: Document,
    /// The prompt as it is shown.
    written: Untrusted,
    /// The reply with its hidden characters made visible, where it has any and its source is shown.
    revealed: Option<Untrusted>,
    notes: Vec<Field>,
}

impl Docs {
    /// Nothing is laid out yet.
    fn new(told: &Told<'_>) -> Self {
        let written = Untrusted::from(told.turn.shown_prompt().into_owned());
        let mut prompt = Document::plain(Role::Prompt);
        prompt.finish(&written);
        Self {
            of: told.reply.map(|reply| reply.id),
            raw: told.raw,
            ended: false,
            prompt,
            thinking: Document::plain(Role::Thinking),
            reply: if told.raw { Document::plain(Role::Text) } else { Document::new() },
            written,
            revealed: None,
            notes: Vec::new(),
        }
    }

    /// The document of a piece, and the text that it is of.
    fn of<'a>(&'a mut self, piece: Piece, told: &Told<'a>) -> Option<(&'a mut Document, &'a Untrusted)> {
        match (piece, told.reply) {
            (Piece::Prompt, _) => Some((&mut self.prompt, &self.written)),
            (Piece::Thinking, Some(reply)) => Some((&mut self.thinking, &reply.thinking)),
            (Piece::Reply, Some(reply)) => {
                Some((&mut self.reply, self.revealed.as_ref().unwrap_or(&reply.text)))
            }
            _ => None,
        }
    }
}

impl Item {
    /// Nothing is known yet; `keys` are those that advice names.
    #[must_use]
    pub fn new(keys: &Arc<KeyNames>) -> Self {
        Self {
            keys: Arc::clone(keys),
            thinking: None,
            thought_ms: None,
            speed: None,
            parts: Vec::new(),
            failed: None,
            unseen: 0,
            folded: 0,
            docs: None,
            heights: None,
        }
    }

    /// Whether its documents are there.
    #[must_use]
    pub fn is_built(&self) -> bool {
        self.docs.is_some()
    }

    /// Lets its documents go; the heights stay.
    pub fn drop_docs(&mut self) {
        self.docs = None;
    }

    /// Something about it has changed: what is known of its layout no longer holds.
    pub fn touch(&mut self) {
        self.docs = None;
        self.heights = None;
    }

    /// More is to be shown of it, at the ends of what there is: its height may have changed.
    pub fn grow(&mut self) {
        self.heights = None;
    }

    /// Whether thinking is open: as the person said, else while it comes.
    #[must_use]
    pub fn is_open(&self, told: &Told<'_>) -> bool {
        let live = told.reply.is_some_and(|reply| reply.status == Status::Streaming && reply.text.is_empty());
        self.thinking.or(told.open).unwrap_or(live)
    }

    /// The rows of each piece, laid out when they are not known.
    pub fn heights(&mut self, told: &Told<'_>, width: u16) -> Heights {
        if told.hidden {
            return [0; 7];
        }
        let key = (width, told.last, self.is_open(told), told.whole);
        if let Some((_, heights)) = self.heights.filter(|(known, _)| *known == key) {
            return heights;
        }
        self.build(told);
        let heights = self.measure(told, width, key.2);
        self.heights = Some((key, heights));
        heights
    }

    /// The rows of each piece as they were laid out last.
    #[must_use]
    pub fn known_heights(&self) -> Heights {
        self.heights.map_or([0; 7], |(_, heights)| heights)
    }

    /// How many rows of the prompt are folded away; the last row that is shown tells it.
    #[must_use]
    pub fn folded(&self) -> usize {
        self.folded
    }

    /// Makes its documents, when they are not there or are of another reply. Text that is added to a
    /// reply later, they find by themselves; when it ends, they are told here.
    pub fn build(&mut self, told: &Told<'_>) {
        let of = told.reply.map(|reply| reply.id);
        let kept = self.docs.take().filter(|docs| {
            let docs = docs.borrow();
            docs.of == of && docs.raw == told.raw
        });
        let mut kept = kept.unwrap_or_else(|| Box::new(RefCell::new(Docs::new(told))));
        let docs = kept.get_mut();
        let over = told.reply.filter(|reply| reply.status != Status::Streaming);
        if let Some(reply) = over.filter(|_| !docs.ended) {
            docs.ended = true;
            self.unseen = reply.text.hidden_count();
            if told.raw && self.unseen > 0 {
                docs.reply = Document::plain(Role::Text);
                docs.revealed = Some(Untrusted::from(reply.text.reveal().into_owned()));
            }
            docs.thinking.finish(&reply.thinking);
            docs.reply.finish(docs.revealed.as_ref().unwrap_or(&reply.text));
        }
        self.docs = Some(kept);
    }

    /// The place of a row of a piece in its text, for pieces that have one.
    pub fn anchor(&mut self, told: &Told<'_>, piece: Piece, width: u16, row: usize) -> Option<Anchor> {
        let (document, text) = self.docs.as_mut()?.get_mut().of(piece, told)?;
        Some(document.anchor(text, width.saturating_sub(piece.indent()), row))
    }

    /// The row of a piece where that place of its text is.
    pub fn row_of(&mut self, told: &Told<'_>, piece: Piece, width: u16, anchor: Anchor) -> Option<usize> {
        let (document, text) = self.docs.as_mut()?.get_mut().of(piece, told)?;
        Some(document.row_of(text, width.saturating_sub(piece.indent()), anchor))
    }

    /// Visits the rows of a piece's document.
    pub fn rows(
        &self,
        told: &Told<'_>,
        (piece, width): (Piece, u16),
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, &Row),
    ) {
        let Some(docs) = &self.docs else { return };
        if let Some((document, text)) = docs.borrow_mut().of(piece, told) {
            document.rows(text, width.saturating_sub(piece.indent()), range, visit);
        }
    }

    /// Visits the lines of what has to be said.
    pub fn visit_notes(&self, range: Range<usize>, visit: &mut dyn FnMut(usize, &Field)) {
        let Some(docs) = &self.docs else { return };
        let docs = docs.borrow();
        for row in range {
            if let Some(line) = docs.notes.get(row) {
                visit(row, line);
            }
        }
    }

    /// Whether code that is visible waits for its colours: the next frame has more of them.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.docs.as_ref().is_some_and(|docs| docs.borrow().reply.pending())
    }

    fn measure(&mut self, told: &Told<'_>, width: u16, open: bool) -> Heights {
        let said = notes(told, (self.failed.as_deref(), &self.parts), &self.keys);
        let Some(docs) = self.docs.as_mut().map(|docs| docs.get_mut()) else { return [0; 7] };
        docs.notes = said
            .iter()
            .flat_map(|field| {
                wrap(&field.text, usize::from(width)).into_iter().map(|line| Field::new(line, field.role))
            })
            .collect();
        let has = |text: fn(&Reply) -> &Untrusted| told.reply.is_some_and(|reply| !text(reply).is_empty());
        let thinks = has(|reply| &reply.thinking);
        let ended = told.reply.is_some_and(|reply| reply.status != Status::Streaming);
        let mut rows = |piece: Piece| {
            let inner = width.saturating_sub(piece.indent());
            docs.of(piece, told).map_or(0, |(document, text)| document.height(text, inner))
        };
        let prompt = rows(Piece::Prompt);
        self.folded = if told.whole || prompt <= FOLD.1 { 0 } else { prompt - FOLD.0 };
        [
            if self.folded > 0 { FOLD.0 + 1 } else { prompt },
            usize::from(thinks),
            if thinks && open { rows(Piece::Thinking) } else { 0 },
            if has(|reply| &reply.text) { rows(Piece::Reply) } else { 0 },
            docs.notes.len(),
            usize::from(ended && !told.last),
            usize::from(!told.last),
        ]
    }
}
