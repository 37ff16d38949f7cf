//! Tool calls out of fragments, as servers really send them: ids that are missing, empty or come
//! late, indexes that are missing, start at one or are all zero, arguments as text or as objects.
//!
//! A call is whole only when the reply has ended; that its arguments can be read says nothing.

use std::collections::HashMap;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::ToolCall;
use crate::text::Untrusted;
use crate::wire::openai::{CallPiece, Function};

/// The most bytes that the arguments of all calls may have (safety R40).
const MOST_ARGUMENTS: usize = 1024 * 1024;
/// The most calls of one reply.
const MOST_CALLS: usize = 1024;

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
    /// What the server hung on it, as JSON text.
    extra: Option<String>,
}

impl Call {
    /// Its id; one that is made up when it was given none.
    fn id(&self, at: usize) -> String {
        if self.id.is_empty() { format!("call_{}", at + 1) } else { self.id.clone() }
    }
}

/// The calls of one reply.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    by_id: HashMap<String, usize>,
    by_index: HashMap<u64, usize>,
    bytes: usize,
}

impl Calls {
    /// Takes a fragment.
    pub(super) fn push(&mut self, piece: &CallPiece<'_>) -> Result<(), Fault> {
        let function = piece.function.get().or_else(|| piece.custom.get());
        let at = self.slot(piece.id.get(), piece.index.get());
        if let (Some(call), Some(extra)) = (self.calls.get_mut(at), piece.extra_content.get()) {
            call.extra = Some(extra.to_owned());
            self.grow(extra.len())?;
        }
        self.fill(at, function)
    }

    /// Takes a fragment of the older form, in which there is one call and it has no id.
    pub(super) fn push_function(&mut self, function: &Function<'_>) -> Result<(), Fault> {
        let at = self.slot(None, Some(0));
        self.fill(at, Some(function))
    }

    /// Begins the call at a place of the output, or tells more of it.
    pub(super) fn begin_at(&mut self, place: u64, id: Option<&str>, name: Option<&str>) {
        let at = self.slot(None, Some(place));
        let Some(call) = self.calls.get_mut(at) else { return };
        if call.id.is_empty() {
            id.unwrap_or_default().clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.unwrap_or_default().clone_into(&mut call.name);
        }
    }

    /// Adds a piece of the arguments of the call at a place of the output.
    pub(super) fn add_at(&mut self, place: u64, piece: &str) -> Result<(), Fault> {
        let at = self.slot(None, Some(place));
        self.grow(piece.len())?;
        if let Some(call) = self.calls.get_mut(at) {
            call.arguments.push_str(piece);
        }
        Ok(())
    }

    /// The whole arguments of the call at a place of the output; nothing tells nothing.
    pub(super) fn set_at(&mut self, place: u64, whole: &str) -> Result<(), Fault> {
        let at = self.slot(None, Some(place));
        match self.calls.get_mut(at).filter(|call| !whole.is_empty() && call.arguments != whole) {
            Some(call) => {
                whole.clone_into(&mut call.arguments);
                self.grow(whole.len())
            }
            None => Ok(()),
        }
    }

    /// What the server hung on calls, with their ids.
    pub(super) fn take_extras(&mut self) -> Vec<(String, String)> {
        let calls = self.calls.iter_mut().enumerate();
        calls.filter_map(|(at, call)| Some((call.id(at), call.extra.take()?))).collect()
    }

    /// The calls in the order in which they began.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls);
        let whole = |(at, call): (usize, Call)| ToolCall {
            id: call.id(at),
            name: Untrusted::from(call.name),
            arguments: Untrusted::from(if call.arguments.is_empty() {
                "{}".to_owned()
            } else {
                call.arguments
            }),
        };
        calls.into_iter().enumerate().map(whole).collect()
    }

    /// Which call a fragment belongs to: by id, then by index, then the latest.
    fn slot(&mut self, id: Option<&str>, index: Option<u64>) -> usize {
        let by_index = index.and_then(|index| self.by_index.get(&index).copied());
        let at = match id {
            Some(id) => match self.by_id.get(id) {
                Some(at) => *at,
                None => match by_index {
                    Some(at) if self.calls.get(at).is_some_and(|call| call.id.is_empty()) => at,
                    _ => self.begin(),
                },
            },
            None => match (by_index, index, self.calls.len().checked_sub(1)) {
                (Some(at), _, _) => at,
                (None, None, Some(latest)) => latest,
                _ => self.begin(),
            },
        };
        if let Some(id) = id {
            self.by_id.entry(id.to_owned()).or_insert(at);
            if let Some(call) = self.calls.get_mut(at).filter(|call| call.id.is_empty()) {
                call.id = id.to_owned();
            }
        }
        if let Some(index) = index {
            self.by_index.insert(index, at);
        }
        at
    }

    fn begin(&mut self) -> usize {
        self.calls.push(Call::default());
        self.calls.len() - 1
    }

    fn fill(&mut self, at: usize, function: Option<&Function<'_>>) -> Result<(), Fault> {
        let raw = function.and_then(|function| function.arguments.get().or_else(|| function.input.get()));
        self.grow(raw.map_or(0, str::len))?;
        let (Some(call), Some(function)) = (self.calls.get_mut(at), function) else { return Ok(()) };
        if call.name.is_empty() {
            call.name.push_str(function.name.get().unwrap_or_default());
        }
        let Some(raw) = raw else { return Ok(()) };
        match serde_json::from_str::<String>(raw) {
            Ok(text) => call.arguments.push_str(&text),
            Err(_) => raw.clone_into(&mut call.arguments),
        }
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes += bytes;
        if self.bytes > MOST_ARGUMENTS || self.calls.len() > MOST_CALLS { Err(too_much()) } else { Ok(()) }
    }
}

fn too_much() -> Fault {
    Fault::new(FaultClass::Protocol, "The tool calls of the reply are too large.")
}
