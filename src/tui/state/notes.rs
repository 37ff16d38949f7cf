//! What a pane says of a reply besides its text: what happened, whose fault it is, and what to do.

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Reply;
use crate::chat::Status;
use crate::text::Untrusted;
use crate::text::one_line;
use crate::tui::state::item::Told;
use crate::tui::state::keys::KeyNames;
use crate::tui::theme::Role;
use crate::tui::widget::Field;

/// Whose fault each class is, and what to do when the provider gave no better advice.
const BLAME: [(FaultClass, &str, &str); 13] = [
    (
        FaultClass::Auth,
        "The key is missing, wrong, or may not do this.",
        "Check the provider's key, then {again}.",
    ),
    (FaultClass::Credit, "The provider says that the account has no money.", "Add credit, then {again}."),
    (FaultClass::Rate, "The provider limits how often you may ask.", "Wait a little, then {again}."),
    (
        FaultClass::Context,
        "The conversation is too long for this model.",
        "A new room ({new-room}), or a model with a larger context ({models}).",
    ),
    (
        FaultClass::Moderation,
        "A filter of the provider refused it.",
        "Write it another way, or ask another model ({models}).",
    ),
    (
        FaultClass::BadRequest,
        "The provider did not take the request as it was sent.",
        "Check the seat's parameters, or ask another model ({models}).",
    ),
    (
        FaultClass::NotFound,
        "The provider has no such model, or the account may not use it.",
        "Choose another model ({models}).",
    ),
    (
        FaultClass::Provider,
        "The provider's fault: overloaded, down, or loading the model.",
        "{again} asks again.",
    ),
    (FaultClass::Network, "The network between you and the provider.", "Check the connection, then {again}."),
    (FaultClass::Timeout, "The provider's fault: nothing came for too long.", "{again} asks again."),
    (
        FaultClass::Protocol,
        "The provider's fault: what came is not the protocol.",
        "{again} asks again; check the provider's dialect if it stays so.",
    ),
    (
        FaultClass::Budget,
        "Your own budget; nothing was sent.",
        "Raise [budget] in the config, or wait until it starts anew.",
    ),
    (FaultClass::Internal, "salon's own fault.", "{again} asks again. Please report it."),
];

/// What to say of a turn in a pane, one field a line before wrapping.
#[must_use]
pub fn notes(told: &Told<'_>, parts: &[Untrusted], keys: &KeyNames) -> Vec<Field> {
    let mut out = Vec::new();
    let Some(reply) = told.reply else {
        out.push(Field::new(unanswered(told), Role::Dim));
        return out;
    };
    out.extend(reply.notes.iter().map(|words| Field::new(format!("! {}", one_line(words)), Role::Warn)));
    for part in parts {
        out.push(Field::new(part.pane(), Role::Text));
    }
    for call in &reply.tool_calls {
        let text = format!("wants to call {}({})", call.name.line(), call.arguments.line());
        out.push(Field::new(text, Role::Warn));
    }
    ending(reply, parts.is_empty(), keys, &mut out);
    out
}

/// Why a seat has no reply in a turn.
fn unanswered(told: &Told<'_>) -> &'static str {
    if told.turn.targets.is_empty() && !told.turn.replies.is_empty() {
        "taken back before an answer came"
    } else if told.turn.targets.contains(&told.seat) {
        "no reply"
    } else {
        "not asked"
    }
}

/// How the reply ended, when that has to be said.
fn ending(reply: &Reply, bare: bool, keys: &KeyNames, out: &mut Vec<Field>) {
    let empty = reply.text.is_empty();
    match reply.status {
        Status::Streaming => {}
        Status::Done => {
            if empty && bare && reply.tool_calls.is_empty() {
                out.push(Field::new("empty reply: the model sent no text", Role::Warn));
            }
            let said = match reply.finish.as_deref() {
                Some("length") => "cut off by the limit of tokens (max_tokens)",
                Some("content_filter") => "ended by a filter of the provider",
                Some("refusal") => "the model refused",
                _ => return,
            };
            out.push(Field::new(said, Role::Warn));
        }
        Status::Stopped if empty => out.push(Field::new("stopped before any text came", Role::Dim)),
        Status::Stopped => out.push(Field::new("stopped by you; the text is kept", Role::Dim)),
        Status::Interrupted => {
            let text = keys.name("interrupted: salon ended while this streamed. {again} asks again.");
            out.push(Field::new(text, Role::Warn));
        }
        Status::Cut | Status::Failed => fault(reply, keys, out),
    }
}

fn fault(reply: &Reply, keys: &KeyNames, out: &mut Vec<Field>) {
    let cut = reply.status == Status::Cut;
    let Some(fault) = &reply.fault else {
        let text = if cut {
            "cut: the stream ended before the reply did. {again} asks again."
        } else {
            "failed. {again} asks again."
        };
        out.push(Field::new(keys.name(text), Role::Bad));
        return;
    };
    out.push(Field::new(headline(fault, cut), Role::Bad));
    if !fault.message.is_empty() {
        out.push(Field::new(fault.message.line(), Role::Text));
    }
    if let Some((_, whose, advice)) = BLAME.iter().find(|(class, ..)| *class == fault.class) {
        let whose = if cut { "The stream ended before the reply did; what came is kept." } else { *whose };
        out.push(Field::new(whose, Role::Dim));
        let advice = if fault.hint.is_empty() { keys.name(advice) } else { fault.hint.clone() };
        out.push(Field::new(format!("→ {advice}"), Role::Strong));
    }
}

/// `✗ failed: rate · HTTP 429 · asked 3 times`.
fn headline(fault: &Fault, cut: bool) -> String {
    let mut text = format!("✗ {}: {}", if cut { "cut" } else { "failed" }, fault.class.name());
    if let Some(status) = fault.http_status {
        text.push_str(&format!(" · HTTP {status}"));
    }
    text
}
