//! What was said, in the form of Messages: instructions apart, roles that alternate, results of
//! tools before what else the user says, and no block that is refused: empty texts, calls without
//! their result, thinking at the end of a turn.
//!
//! Blocks of the model's own go back as they came, to the family that made them; others get the
//! plain text and the calls in their place.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use crate::chat::ChatRequest;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Role;
use crate::chat::ToolCall;
use crate::provider::anthropic::models;
use crate::wire::anthropic::{Block, BlockHead, Source, Turn};

/// The pictures that are taken.
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// What was said.
#[derive(Debug)]
pub(super) struct Turns<'a> {
    /// The instructions.
    pub(super) system: Option<String>,
    /// The rest.
    pub(super) messages: Vec<Turn<'a>>,
    /// What was left out.
    pub(super) notes: Vec<String>,
}

/// A block with what has to be known of it.
struct Item<'a> {
    block: Block<'a>,
    mark: Mark<'a>,
}

/// What a block has to do with others.
#[derive(PartialEq, Eq)]
enum Mark<'a> {
    Plain,
    /// A call; the id that its result names.
    Call(Cow<'a, str>),
    /// A result; the id of its call.
    Result(&'a str),
    /// Thinking, which ends no turn.
    Thinking,
}

struct Draft<'a> {
    role: &'static str,
    items: Vec<Item<'a>>,
}

/// The messages of a request.
pub(super) fn of(asked: &ChatRequest) -> Turns<'_> {
    let mut system = String::new();
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut notes = Vec::new();
    for message in asked.messages.iter() {
        let role = match message.role {
            Role::System => {
                if !system.is_empty() {
                    system.push_str("\n\n");
                }
                system.push_str(&message.joined_text());
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        add(&mut drafts, role, items(asked, message, &mut notes));
    }
    drop_unanswered(&mut drafts);
    let mut merged: Vec<Draft<'_>> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        add(&mut merged, draft.role, draft.items);
    }
    let messages = merged.into_iter().map(finished).collect();
    Turns { system: Some(system).filter(|system| !system.trim().is_empty()), messages, notes }
}

/// Adds to the turn of the same role, or begins one.
fn add<'a>(drafts: &mut Vec<Draft<'a>>, role: &'static str, items: Vec<Item<'a>>) {
    if items.is_empty() {
        return;
    }
    match drafts.last_mut() {
        Some(last) if last.role == role => last.items.extend(items),
        _ => drafts.push(Draft { role, items }),
    }
}

fn items<'a>(asked: &ChatRequest, message: &'a Message, notes: &mut Vec<String>) -> Vec<Item<'a>> {
    let kept: Vec<Item<'a>> = message.parts.iter().flat_map(|part| kept(asked, part)).collect();
    let has_kept = !kept.is_empty();
    let mut items = kept;
    for part in &message.parts {
        let item = match part {
            // The blocks have it.
            Part::Text(_) | Part::ToolCall(_) if has_kept => continue,
            Part::Opaque { .. } => continue,
            Part::Text(text) if text.trim().is_empty() => continue,
            Part::Text(text) => plain(Block::Text { text: Cow::Borrowed(text) }),
            Part::ToolCall(call) => call_of(call),
            Part::ToolResult { call_id, text } => Item {
                block: Block::ToolResult { tool_use_id: clean_id(call_id), content: text },
                mark: Mark::Result(call_id),
            },
            Part::Media(media) => plain(media_of(media, notes)),
        };
        items.push(item);
    }
    items
}

fn plain(block: Block<'_>) -> Item<'_> {
    Item { block, mark: Mark::Plain }
}

/// The model's own blocks, when this model takes them.
fn kept<'a>(asked: &ChatRequest, part: &'a Part) -> Vec<Item<'a>> {
    let Part::Opaque { model, json } = part else { return Vec::new() };
    if !models::takes_from(&asked.model, model) {
        return Vec::new();
    }
    let blocks: Vec<&'a RawValue> = serde_json::from_str(json).unwrap_or_default();
    let item = |raw: &'a RawValue| {
        let head: BlockHead<'a> = serde_json::from_str(raw.get()).ok()?;
        let mark = match head.kind.get()? {
            "tool_use" => Mark::Call(Cow::Owned(head.id.get()?.to_owned())),
            "thinking" | "redacted_thinking" => Mark::Thinking,
            _ => Mark::Plain,
        };
        Some(Item { block: Block::Kept(raw.to_owned()), mark })
    };
    blocks.into_iter().filter_map(item).collect()
}

fn call_of(call: &ToolCall) -> Item<'_> {
    let object = call.arguments.raw();
    let input = RawValue::from_string(object.to_owned()).ok().filter(|json| json.get().starts_with('{'));
    let block = Block::ToolUse {
        id: clean_id(&call.id),
        name: call.name.raw(),
        input: input.unwrap_or_else(|| RawValue::from_string("{}".to_owned()).unwrap_or_default()),
    };
    Item { block, mark: Mark::Call(Cow::Borrowed(&call.id)) }
}

/// An id in the letters that are taken: other providers use more.
fn clean_id(id: &str) -> Cow<'_, str> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !id.is_empty() && id.chars().all(good) {
        return Cow::Borrowed(id);
    }
    let clean: String = id.chars().map(|c| if good(c) { c } else { '_' }).collect();
    Cow::Owned(if clean.is_empty() { "call".to_owned() } else { clean })
}

fn media_of<'a>(media: &'a Media, notes: &mut Vec<String>) -> Block<'a> {
    let kind = media.media_type.as_str();
    let source = match &media.data {
        MediaData::Base64(data) => Source::Base64 { media_type: kind, data },
        MediaData::Url(url) => Source::Url { url },
    };
    let title = media.name.as_deref();
    match (&media.data, kind) {
        (_, kind) if PICTURES.contains(&kind) => Block::Image { source },
        (MediaData::Url(_), kind) if kind.starts_with("image/") => Block::Image { source },
        (_, "application/pdf") => Block::Document { source, title },
        (MediaData::Base64(data), kind) if kind.starts_with("text/") || kind == "application/json" => {
            let bytes = STANDARD.decode(data.as_bytes()).unwrap_or_default();
            let data = String::from_utf8_lossy(&bytes).into_owned();
            Block::Document { source: Source::Text { media_type: "text/plain", data }, title }
        }
        _ => {
            let name = title.unwrap_or("an attachment");
            notes.push(format!("{name} was left out: {kind} is not taken."));
            Block::Text { text: Cow::Owned(format!("[{name} ({kind}) is not shown to you]")) }
        }
    }
}

/// Takes out calls that the next turn does not answer, and makes plain text of results without a
/// call: both are refused.
fn drop_unanswered(drafts: &mut [Draft<'_>]) {
    for at in 0..drafts.len() {
        let answered: HashSet<String> = drafts.get(at + 1).map(results).unwrap_or_default();
        let called = at.checked_sub(1).and_then(|before| drafts.get(before)).map(calls).unwrap_or_default();
        let Some(draft) = drafts.get_mut(at) else { continue };
        draft.items.retain(|item| match &item.mark {
            Mark::Call(id) => answered.contains(id.as_ref()),
            _ => true,
        });
        for item in &mut draft.items {
            let Mark::Result(id) = item.mark else { continue };
            match (&mut item.block, called.get(id)) {
                (Block::ToolResult { content, .. }, None) => {
                    *item = plain(Block::Text { text: Cow::Borrowed(content) });
                }
                // The model's own call has its id as it came.
                (Block::ToolResult { tool_use_id, .. }, Some(true)) => *tool_use_id = Cow::Borrowed(id),
                _ => {}
            }
        }
        while draft.role == "assistant" && draft.items.last().is_some_and(|item| item.mark == Mark::Thinking)
        {
            draft.items.pop();
        }
    }
}

fn results(draft: &Draft<'_>) -> HashSet<String> {
    let id = |item: &Item<'_>| match &item.mark {
        Mark::Result(id) => Some((*id).to_owned()),
        _ => None,
    };
    draft.items.iter().filter_map(id).collect()
}

/// The ids of the calls, and whether the call goes back as it came.
fn calls(draft: &Draft<'_>) -> HashMap<String, bool> {
    let id = |item: &Item<'_>| match &item.mark {
        Mark::Call(id) => Some((id.clone().into_owned(), matches!(item.block, Block::Kept(_)))),
        _ => None,
    };
    draft.items.iter().filter_map(id).collect()
}

/// Results first; they are refused behind other things.
fn finished(draft: Draft<'_>) -> Turn<'_> {
    let (first, rest): (Vec<_>, Vec<_>) =
        draft.items.into_iter().partition(|item| matches!(item.mark, Mark::Result(_)));
    Turn { role: draft.role, content: first.into_iter().chain(rest).map(|item| item.block).collect() }
}
