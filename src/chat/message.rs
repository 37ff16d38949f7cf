//! What is said to a model: roles, messages and their parts.

use std::sync::Arc;

use crate::text::Untrusted;

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions of the user's config or seat.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

/// One piece of a message. Serde stops above this floor: arguments and opaque state are raw JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// A picture, a document or a sound.
    Media(Media),
    /// State that the provider wants back unchanged (raw JSON), made by this model.
    Opaque {
        /// The model that made it; it goes back to the same family only.
        model: String,
        /// The raw JSON text.
        json: String,
    },
    /// A call that the model made.
    #[cfg_attr(
        not(any(test, feature = "internals")),
        expect(dead_code, reason = "the dialects send it; who runs tools will make it")
    )]
    ToolCall(ToolCall),
    /// The result of a call.
    #[cfg_attr(
        not(any(test, feature = "internals")),
        expect(dead_code, reason = "the dialects send it; who runs tools will make it")
    )]
    ToolResult {
        /// The id of the call that this answers.
        call_id: String,
        /// The result as text.
        text: String,
    },
}

/// A picture, a document or a sound that goes along with a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// As in `image/png` or `application/pdf`.
    pub media_type: String,
    /// The name of the file, without its folder.
    pub name: Option<String>,
    /// What it is.
    pub data: MediaData,
}

/// The content of a [`Media`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaData {
    /// The bytes in base64, with padding and without line breaks.
    Base64(Arc<str>),
    /// Where the provider may fetch it.
    #[cfg_attr(
        not(any(test, feature = "internals")),
        expect(dead_code, reason = "the dialects send it; who attaches an address will make it")
    )]
    Url(String),
}

impl Media {
    /// What it is called where it cannot be shown: `[boat.png · 12 KB]`.
    #[must_use]
    pub fn label(&self) -> String {
        let name = self.name.as_deref().unwrap_or(&self.media_type);
        match &self.data {
            MediaData::Url(url) => format!("[{url}]"),
            MediaData::Base64(data) => {
                // Four letters are three bytes, less what was filled up.
                let filled = data.bytes().rev().take_while(|byte| *byte == b'=').count();
                let bytes = (data.len() / 4 * 3).saturating_sub(filled);
                match bytes {
                    0..1024 => format!("[{name} · {bytes} B]"),
                    1024..1_048_576 => format!("[{name} · {} KB]", bytes.div_ceil(1024)),
                    _ => format!("[{name} · {} MB]", bytes.div_ceil(1_048_576)),
                }
            }
        }
    }
}

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// What the model calls it.
    pub name: String,
    /// What it is for, for the model.
    pub description: String,
    /// The JSON Schema of its arguments, as JSON text.
    pub schema: String,
}

/// A tool call, whole: fragments are assembled by the dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id of the call; made up when it sent none.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: Untrusted,
    /// The arguments as raw JSON text, possibly invalid; `{}` when there were none.
    pub arguments: Untrusted,
}

/// One message of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one text part.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// All text parts joined, for estimates and for servers that take only strings.
    #[must_use]
    pub fn joined_text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            if let Part::Text(text) = part {
                out.push_str(text);
            }
        }
        out
    }
}
