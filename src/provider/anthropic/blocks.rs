//! The blocks of a reply as they grow, kept as JSON text: with all that is not understood here, so
//! that the reply can go back unchanged where the server wants it back.
//!
//! It must not show anything but short words for what has no text.

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::ToolCall;
use crate::provider::members::Members;
use crate::text::Untrusted;
use crate::wire::anthropic::{BlockHead, Named, Query, ToolError};

/// The most blocks of one reply.
const MOST_BLOCKS: usize = 1_024;
/// The most bytes that the arguments of all calls may have (safety R40).
const MOST_ARGUMENTS: usize = 1024 * 1024;
/// The most bytes of state, beside text, thinking and arguments.
const MOST_STATE: usize = 8 * 1024 * 1024;
/// The longest text that is shown for what has no text.
const MOST_SHOWN: usize = 200;

/// What of a block grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grows {
    Text,
    Thinking,
    Input,
    Content,
}

impl Grows {
    fn member(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Thinking => "thinking",
            Self::Input => "input",
            Self::Content => "content",
        }
    }
}

#[derive(Debug)]
struct Block {
    index: u64,
    /// The kind, as the server named it.
    kind: String,
    /// The block as it began.
    start: String,
    /// What grew, and how far.
    grown: Option<(Grows, String)>,
    signature: String,
    citations: Vec<String>,
    stopped: bool,
}

/// The blocks of one reply, in order.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    arguments: usize,
    state: usize,
}

/// What a whole reply leaves behind.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// All blocks as a JSON list, when they have to go back.
    pub(super) opaque: Option<String>,
    /// The calls.
    pub(super) calls: Vec<ToolCall>,
}

impl Blocks {
    /// Begins a block.
    pub(super) fn open(&mut self, index: u64, start: &str, kind: &str) -> Result<(), Fault> {
        if self.blocks.len() >= MOST_BLOCKS {
            return Err(too_much("blocks"));
        }
        self.weigh(start.len())?;
        self.blocks.push(Block {
            index,
            kind: kind.to_owned(),
            start: start.to_owned(),
            grown: None,
            signature: String::new(),
            citations: Vec::new(),
            stopped: false,
        });
        Ok(())
    }

    /// Adds to a block. Text that belongs to none begins one.
    pub(super) fn grow(&mut self, index: u64, what: Grows, more: &str) -> Result<(), Fault> {
        match what {
            Grows::Text | Grows::Thinking => {}
            Grows::Input => {
                self.arguments += more.len();
                if self.arguments > MOST_ARGUMENTS {
                    return Err(too_much("tool calls"));
                }
            }
            Grows::Content => self.weigh(more.len())?,
        }
        if self.find(index).is_none() {
            let kind = match what {
                Grows::Text => "text",
                Grows::Thinking => "thinking",
                Grows::Input | Grows::Content => return Ok(()),
            };
            self.open(index, &format!(r#"{{"type":"{kind}"}}"#), kind)?;
        }
        let Some(block) = self.find(index) else { return Ok(()) };
        match &mut block.grown {
            Some((known, text)) if *known == what => text.push_str(more),
            Some(_) => {}
            None => block.grown = Some((what, more.to_owned())),
        }
        Ok(())
    }

    /// Seals a block of thinking.
    pub(super) fn sign(&mut self, index: u64, signature: &str) -> Result<(), Fault> {
        self.weigh(signature.len())?;
        if let Some(block) = self.find(index) {
            signature.clone_into(&mut block.signature);
        }
        Ok(())
    }

    /// Adds a source to a block.
    pub(super) fn cite(&mut self, index: u64, citation: &str) -> Result<(), Fault> {
        self.weigh(citation.len())?;
        if let Some(block) = self.find(index) {
            block.citations.push(citation.to_owned());
        }
        Ok(())
    }

    /// A block is whole; what to show for it, when it has no text.
    pub(super) fn stop(&mut self, index: u64) -> Option<String> {
        let block = self.find(index).filter(|block| !block.stopped)?;
        block.stopped = true;
        block.shown()
    }

    /// Forgets all blocks.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        (self.arguments, self.state) = (0, 0);
    }

    /// What is left when the reply has ended well; `short`: for its length, so that a call at its
    /// end may be no more than the beginning of one.
    pub(super) fn take(&mut self, short: bool) -> Kept {
        let mut blocks = std::mem::take(&mut self.blocks);
        if short && blocks.last().is_some_and(|block| block.is_call() && !block.has_input()) {
            blocks.pop();
        }
        for (at, block) in blocks.iter_mut().enumerate().filter(|(_, block)| block.is_call()) {
            block.name_call(at);
        }
        let calls = blocks.iter().filter(|block| block.is_call()).map(Block::call).collect();
        let goes_back = blocks.iter().any(|block| block.kind != "text");
        let all = || blocks.iter().filter_map(Block::json).collect::<Vec<_>>();
        let opaque =
            goes_back.then(all).filter(|all| !all.is_empty()).map(|all| format!("[{}]", all.join(",")));
        Kept { opaque, calls }
    }

    fn weigh(&mut self, bytes: usize) -> Result<(), Fault> {
        self.state += bytes;
        if self.state > MOST_STATE { Err(too_much("blocks")) } else { Ok(()) }
    }

    /// The latest block of that index: almost always the last one.
    fn find(&mut self, index: u64) -> Option<&mut Block> {
        self.blocks.iter_mut().rev().find(|block| block.index == index)
    }
}

impl Block {
    fn is_call(&self) -> bool {
        self.kind == "tool_use"
    }

    fn head(&self) -> BlockHead<'_> {
        serde_json::from_str(&self.start).unwrap_or_default()
    }

    fn grown(&self, what: Grows) -> &str {
        match &self.grown {
            Some((known, text)) if *known == what => text,
            _ => "",
        }
    }

    /// The arguments as they came; those of the start when no more came.
    fn input(&self) -> &str {
        let grown = self.grown(Grows::Input);
        if grown.trim().is_empty() { self.head().input.get().unwrap_or("{}") } else { grown }
    }

    /// Whether there are whole arguments of some kind.
    fn has_input(&self) -> bool {
        let input = self.input();
        object(input).is_some() && input.trim() != "{}"
    }

    /// Gives a call without an id one, here and in what goes back.
    fn name_call(&mut self, at: usize) {
        if self.head().id.get().is_none()
            && let (Ok(mut members), Ok(id)) =
                (Members::read(&self.start), RawValue::from_string(format!("\"toolu_{}\"", at + 1)))
        {
            members.set("id", id);
            self.start = members.write();
        }
    }

    fn call(&self) -> ToolCall {
        let head = self.head();
        ToolCall {
            id: head.id.get().unwrap_or_default().to_owned(),
            name: Untrusted::from(head.name.get().unwrap_or_default()),
            arguments: Untrusted::from(self.input()),
        }
    }

    /// The block as it is sent back; `None` for one that would be refused.
    fn json(&self) -> Option<String> {
        let mut members = Members::read(&self.start).ok()?;
        match &self.grown {
            Some((Grows::Input, _)) => members.set("input", object(self.input()).or_else(|| object("{}"))?),
            Some((what, text)) => members.set(what.member(), string(text)?),
            None if self.is_call() && self.head().input.get().and_then(object).is_none() => {
                members.set("input", object("{}")?);
            }
            None => {}
        }
        if !self.signature.is_empty() {
            members.set("signature", string(&self.signature)?);
        }
        if !self.citations.is_empty() {
            let list = format!("[{}]", self.citations.join(","));
            members.set("citations", RawValue::from_string(list).ok()?);
        }
        let no_text =
            |text: &str| serde_json::from_str::<String>(text).is_ok_and(|text| text.trim().is_empty());
        if self.kind == "text" && members.get("text").is_none_or(no_text) {
            return None;
        }
        Some(members.write())
    }

    /// What to show of a block without text.
    fn shown(&self) -> Option<String> {
        let head = self.head();
        let words = match self.kind.as_str() {
            "server_tool_use" => {
                let query: Query<'_> = serde_json::from_str(self.input()).unwrap_or_default();
                let name = head.name.get().unwrap_or("tool");
                match query.query.get().or(query.url.get()) {
                    Some(query) => format!("{name}: {query}"),
                    None => name.to_owned(),
                }
            }
            "compaction" => {
                let raw = head.content.get().unwrap_or_default();
                let size = self.grown(Grows::Content).len().max(raw.len().saturating_sub(2));
                format!("the conversation was compacted to {size} bytes")
            }
            "fallback" => {
                let (from, to) = (named(head.from.get()), named(head.to.get()));
                format!("{} answers in place of {}", to.as_deref().unwrap_or("another model"), from?)
            }
            kind if kind.ends_with("_tool_result") => {
                let error: ToolError<'_> = serde_json::from_str(head.content.get()?).ok()?;
                format!("{}: {}", kind.trim_end_matches("_tool_result"), error.error_code.get()?)
            }
            _ => return None,
        };
        let short: String = words.chars().take(MOST_SHOWN).collect();
        Some(format!("[{short}]"))
    }
}

/// A model, by its id or by an object that names it.
fn named(json: Option<&str>) -> Option<String> {
    let json = json?;
    let object = || serde_json::from_str::<Named<'_>>(json).ok()?.model.get().map(str::to_owned);
    serde_json::from_str::<String>(json).ok().or_else(object)
}

fn string(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(serde_json::Value::from(text).to_string()).ok()
}

/// A JSON object.
fn object(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.trim().to_owned()).ok().filter(|json| json.get().starts_with('{'))
}

fn too_much(what: &str) -> Fault {
    Fault::new(FaultClass::Protocol, format!("The {what} of the reply are too large."))
        .hint("Ask again for a smaller answer.")
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
