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

/// What introduces the words of a fault, whose it is included, and what to do when nobody gave better
/// advice. The words follow at once and are not said again; `{p}` is the provider.
struct Blame {
    class: FaultClass,
    /// When the request was sent.
    sent: &'static str,
    /// When it never left.
    unsent: &'static str,
    advice: &'static str,
}

const fn blame(class: FaultClass, sent: &'static str, unsent: &'static str, advice: &'static str) -> Blame {
    Blame { class, sent, unsent, advice }
}

const HERE: &str = "Nothing was sent; the cause is here:";
const AWAY: &str = "{p} was not reached, and nothing was sent:";

static BLAME: [Blame; 13] = [
    blame(FaultClass::Auth, "{p} does not accept the key for this:", HERE, "Check the key, then {again}."),
    blame(FaultClass::Credit, "The account at {p} cannot pay for this:", HERE, "Add credit, then {again}."),
    blame(FaultClass::Rate, "{p} takes no more requests for now:", AWAY, "Wait a little, then {again}."),
    blame(
        FaultClass::Context,
        "It is more than this model takes:",
        HERE,
        "A new room ({new-room}), or a model with a larger context ({models}).",
    ),
    blame(
        FaultClass::Moderation,
        "A filter at {p} stopped it:",
        HERE,
        "Write it another way, or ask another model ({models}).",
    ),
    blame(
        FaultClass::BadRequest,
        "{p} did not take the request as it was sent:",
        HERE,
        "Check the seat's parameters, or ask another model ({models}).",
    ),
    blame(
        FaultClass::NotFound,
        "{p} has no such model for this account:",
        HERE,
        "Choose another model ({models}).",
    ),
    blame(FaultClass::Provider, "The fault is {p}'s:", AWAY, "{again} asks again."),
    blame(
        FaultClass::Network,
        "The connection to {p} did not hold:",
        AWAY,
        "Check the network, then {again}.",
    ),
    blame(FaultClass::Timeout, "{p} was too slow:", AWAY, "{again} asks again."),
    blame(
        FaultClass::Protocol,
        "What {p} answered cannot be used:",
        AWAY,
        "{again} asks again; check the provider's dialect if it stays so.",
    ),
    blame(
        FaultClass::Budget,
        "Your own budget ended it:",
        "Your own budget holds it back, and nothing was sent:",
        "Raise [budget] in the config, or wait until it starts anew.",
    ),
    blame(FaultClass::Internal, "The fault is salon's own:", HERE, "{again} asks again. Please report it."),
];

/// What to say of a turn in a pane, one field a line before wrapping.
#[must_use]
pub fn notes(told: &Told<'_>, (failed, parts): (Option<&str>, &[Untrusted]), keys: &KeyNames) -> Vec<Field> {
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
    out.extend(failed.map(|words| Field::new(format!("! {words}"), Role::Warn)));
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
    out.push(Field::new(headline(reply, fault), Role::Bad));
    let Some(blame) = BLAME.iter().find(|blame| blame.class == fault.class) else { return };
    let whose = match (cut, fault.unsent) {
        (true, _) => "The reply is not whole; what came is kept:",
        (false, true) => blame.unsent,
        (false, false) => blame.sent,
    };
    let whose = whose.replace("{p}", &Untrusted::from(reply.model.provider.as_str()).line());
    out.push(Field::new(whose, Role::Dim));
    if !fault.message.is_empty() {
        out.push(Field::new(fault.message.line(), Role::Text));
    }
    let advice = if fault.hint.is_empty() { keys.name(blame.advice) } else { fault.hint.clone() };
    out.push(Field::new(format!("→ {advice}"), Role::Strong));
}

/// `✗ failed: rate · HTTP 429 · asked 3 times`.
fn headline(reply: &Reply, fault: &Fault) -> String {
    let mut text = format!("✗ {}: {}", reply.status.name(), fault.class.name());
    // Without words of its own an answer is told by its status.
    let told = |status: u16| fault.message.raw().starts_with(&format!("HTTP {status}"));
    if let Some(status) = fault.http_status.filter(|status| !told(*status)) {
        text.push_str(&format!(" · HTTP {status}"));
    }
    if reply.attempts > 1 {
        text.push_str(&format!(" · asked {} times", reply.attempts));
    }
    text
}
