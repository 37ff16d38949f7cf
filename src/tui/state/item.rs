//! One turn as one pane shows it: prompt, thinking, reply, and what has to be said of them. Layouts
//! are kept only for what is visible; heights stay. Text is kept in the room's turns, and once more
//! in the documents of what is visible.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use crate::chat::Reply;
use crate::chat::ReplyId;
use crate::chat::SeatId;
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
    /// How the request was sent, where that is not as the person asked.
    pub sent: Vec<String>,
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
    prompt: Document,
    thinking: Document,
    reply: Document,
    notes: Vec<Field>,
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
            sent: Vec::new(),
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

    /// Its height may have changed, its documents are right.
    pub fn grow(&mut self) {
        self.heights = None;
    }

    /// Text of the reply that is shown has come.
    pub fn push(&mut self, reply: ReplyId, text: &Untrusted, thinking: bool) {
        self.heights = None;
        if let Some(docs) =
            self.docs.as_mut().map(|docs| docs.get_mut()).filter(|docs| docs.of == Some(reply))
        {
            if thinking { docs.thinking.push(text) } else { docs.reply.push(text) }
        }
    }

    /// The reply that is shown is over.
    pub fn finish(&mut self, reply: ReplyId) {
        self.heights = None;
        if let Some(docs) =
            self.docs.as_mut().map(|docs| docs.get_mut()).filter(|docs| docs.of == Some(reply))
        {
            docs.thinking.finish();
            docs.reply.finish();
        }
    }

    /// Whether thinking is open: as the person said, else while it comes.
    #[must_use]
    pub fn is_open(&self, told: &Told<'_>) -> bool {
        let live = told
            .reply
            .is_some_and(|reply| reply.status == crate::chat::Status::Streaming && reply.text.is_empty());
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

    /// Makes its documents, when they are not there or are of another reply.
    pub fn build(&mut self, told: &Told<'_>) {
        let of = told.reply.map(|reply| reply.id);
        if self.docs.as_mut().is_some_and(|docs| docs.get_mut().of == of && docs.get_mut().raw == told.raw) {
            return;
        }
        let mut docs = Docs {
            of,
            raw: told.raw,
            prompt: Document::plain(Role::Prompt),
            thinking: Document::plain(Role::Thinking),
            reply: if told.raw { Document::plain(Role::Text) } else { Document::new() },
            notes: Vec::new(),
        };
        docs.prompt.push(&Untrusted::from(told.turn.shown_prompt().into_owned()));
        docs.prompt.finish();
        if let Some(reply) = told.reply {
            docs.thinking.push(&reply.thinking);
            let ended = reply.status != crate::chat::Status::Streaming;
            self.unseen = if ended { reply.text.hidden_count() } else { 0 };
            if told.raw && self.unseen > 0 {
                docs.reply.push(&Untrusted::from(reply.text.reveal().into_owned()));
            } else {
                docs.reply.push(&reply.text);
            }
            if ended {
                docs.thinking.finish();
                docs.reply.finish();
            }
        }
        self.docs = Some(Box::new(RefCell::new(docs)));
    }

    /// The place of a row of a piece in its text, for pieces that have one.
    pub fn anchor(&mut self, piece: Piece, width: u16, row: usize) -> Option<Anchor> {
        let document = self.document(piece)?;
        Some(document.anchor(width.saturating_sub(piece.indent()), row))
    }

    /// The row of a piece where that place of its text is.
    pub fn row_of(&mut self, piece: Piece, width: u16, anchor: Anchor) -> Option<usize> {
        let document = self.document(piece)?;
        Some(document.row_of(width.saturating_sub(piece.indent()), anchor))
    }

    /// Visits the rows of a document.
    pub fn rows(&self, piece: Piece, width: u16, range: Range<usize>, visit: &mut dyn FnMut(usize, &Row)) {
        let Some(docs) = &self.docs else { return };
        let docs = &mut *docs.borrow_mut();
        let document = match piece {
            Piece::Prompt => &mut docs.prompt,
            Piece::Thinking => &mut docs.thinking,
            Piece::Reply => &mut docs.reply,
            _ => return,
        };
        document.rows(width.saturating_sub(piece.indent()), range, visit);
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

    fn document(&mut self, piece: Piece) -> Option<&mut Document> {
        let docs = self.docs.as_mut()?.get_mut();
        match piece {
            Piece::Prompt => Some(&mut docs.prompt),
            Piece::Thinking => Some(&mut docs.thinking),
            Piece::Reply => Some(&mut docs.reply),
            _ => None,
        }
    }

    fn measure(&mut self, told: &Told<'_>, width: u16, open: bool) -> Heights {
        let said = notes(told, (&self.sent, &self.parts), &self.keys);
        let Some(docs) = self.docs.as_mut().map(|docs| docs.get_mut()) else { return [0; 7] };
        let inner = |piece: Piece| width.saturating_sub(piece.indent());
        docs.notes = said
            .iter()
            .flat_map(|field| {
                wrap(&field.text, usize::from(width)).into_iter().map(|line| Field::new(line, field.role))
            })
            .collect();
        let has = |text: fn(&Reply) -> &Untrusted| told.reply.is_some_and(|reply| !text(reply).is_empty());
        let thinks = has(|reply| &reply.thinking);
        let ended = told.reply.is_some_and(|reply| reply.status != crate::chat::Status::Streaming);
        let prompt = docs.prompt.height(inner(Piece::Prompt));
        self.folded = if told.whole || prompt <= FOLD.1 { 0 } else { prompt - FOLD.0 };
        [
            if self.folded > 0 { FOLD.0 + 1 } else { prompt },
            usize::from(thinks),
            if thinks && open { docs.thinking.height(inner(Piece::Thinking)) } else { 0 },
            if has(|reply| &reply.text) { docs.reply.height(width) } else { 0 },
            docs.notes.len(),
            usize::from(ended && !told.last),
            usize::from(!told.last),
        ]
    }
}
