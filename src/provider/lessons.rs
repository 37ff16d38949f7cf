//! What a server's refusals teach about one model: parameters that it does not take, and where it
//! departs from its dialect. A lesson is learnt once, holds for every later request to that model,
//! and is kept between starts, so that nobody is asked wrongly twice.
//!
//! It must not decide to send again, and it drops only what was really sent. The size of a reply is
//! never dropped, because it bounds what a reply may cost.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::Millis;
use crate::chat::Params;
use crate::chat::Quirks;
use crate::chat::Role;

/// What one model taught.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lessons {
    /// Parameters that it does not take, by the names of [`PARAMS`].
    left_out: BTreeSet<String>,
    /// Efforts that it named as the ones that it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    efforts: Vec<String>,
    /// It does not know `stream_options`.
    no_stream_options: bool,
    /// Which of the two names for the size of a reply it wants.
    max_completion_tokens: Option<bool>,
    /// It knows no role `developer`.
    no_developer: bool,
    /// It tells no summaries of its thinking.
    no_summaries: bool,
    /// When the first of them was learnt, in milliseconds: none is believed for ever.
    since: i64,
}

/// A parameter that a model may refuse.
struct Param {
    /// Its name in the config.
    name: &'static str,
    /// Its names in requests, catalogues and refusals.
    words: &'static [&'static str],
    is_set: fn(&Params) -> bool,
    clear: fn(&mut Params),
}

macro_rules! param {
    ($name:literal, $words:expr, $($field:ident),+) => {
        Param {
            name: $name,
            words: $words,
            is_set: |params| $(params.$field.is_some())||+,
            clear: |params| { $(params.$field = None;)+ },
        }
    };
}

/// The parameters, each with all names that servers have for it. Of two that a refusal names
/// together, the first in this order goes.
const PARAMS: &[Param] = &[
    param!("top_k", &["top_k", "topK"], top_k),
    param!("top_p", &["top_p", "topP"], top_p),
    param!("temperature", &["temperature"], temperature),
    param!("frequency_penalty", &["frequency_penalty", "frequencyPenalty"], frequency_penalty),
    param!("presence_penalty", &["presence_penalty", "presencePenalty"], presence_penalty),
    param!("seed", &["seed"], seed),
    param!("verbosity", &["verbosity", "text.verbosity"], verbosity),
    param!(
        "format",
        &[
            "response_format",
            "responseFormat",
            "responseSchema",
            "responseMimeType",
            "structured_outputs",
            "json_schema",
            "json_object",
            "output_format",
            "text.format",
            "format",
        ],
        format
    ),
    param!(
        "effort",
        &[
            "reasoning_effort",
            "reasoning.effort",
            "output_config.effort",
            "effort",
            "thinkingLevel",
            "thinking_level",
            "thinking level",
        ],
        effort
    ),
    param!(
        "thinking_tokens",
        &["thinking_budget", "thinkingBudget", "thinking budget", "budget_tokens", "reasoning.max_tokens"],
        thinking_tokens
    ),
    param!("thinking", &["reasoning", "thinking", "thinkingConfig", "think"], effort, thinking_tokens),
    Param {
        name: "stop",
        words: &["stop", "stop_sequences", "stopSequences"],
        is_set: |params| !params.stop.is_empty(),
        clear: |params| params.stop.clear(),
    },
];

/// Names of parameters that are words of plain English too: they count where they are quoted.
const PLAIN: [&str; 4] = ["stop", "format", "effort", "think"];

/// How a refusal says that something is not taken at all, in lower case. A value that is out of
/// range is none of them: the person who set it wants to know.
const NOT_TAKEN: &[&str] = &[
    "unsupported",
    "not support",
    "n't support",
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "not permitted",
    "not allowed",
    "not accept",
    "not available",
    "deprecated",
    "only the default",
    "cannot be specified",
    "cannot both be specified",
    "cannot be set",
    "forbidden",
    "no such field",
    "cannot find field",
];

/// How long a lesson is believed: servers learn too.
const BELIEVED_MS: i64 = 30 * 86_400_000;

impl Lessons {
    /// Takes out of a request what its model does not take and tells it; and the quirks that follow.
    pub(super) fn apply(&self, quirks: &mut Quirks, request: &mut ChatRequest) -> Vec<String> {
        quirks.stream_options &= !self.no_stream_options;
        quirks.developer_role &= !self.no_developer;
        quirks.summaries &= !self.no_summaries;
        quirks.max_completion_tokens = self.max_completion_tokens.unwrap_or(quirks.max_completion_tokens);
        if !self.efforts.is_empty() {
            let efforts = self.efforts.iter().filter_map(|name| Effort::from_name(name));
            request.abilities.efforts = Some(efforts.collect());
        }
        let mut notes = Vec::new();
        for param in PARAMS.iter().filter(|param| self.left_out.contains(param.name)) {
            if (param.is_set)(&request.params) {
                (param.clear)(&mut request.params);
                notes.push(left_out(request, param.name));
            }
        }
        notes
    }
}

/// What every dialect learns: parameters that the model does not take, where they were sent. The
/// sentence to tell when something new was learnt.
pub(super) fn learn_params(fault: &Fault, sent: &ChatRequest, lessons: &mut Lessons) -> Option<String> {
    let words = refusal(fault)?;
    let lower = words.to_ascii_lowercase();
    let efforts = named_efforts(&lower);
    if sent.params.effort.is_some_and(|effort| !efforts.is_empty() && !efforts.contains(&effort))
        && lessons.efforts.is_empty()
    {
        lessons.efforts = efforts.iter().map(|effort| effort.name().to_owned()).collect();
        return Some(format!("{} knows other efforts; the nearest was taken", sent.model));
    }
    if !NOT_TAKEN.iter().any(|phrase| lower.contains(phrase)) {
        return None;
    }
    let param = PARAMS.iter().find(|param| {
        (param.is_set)(&sent.params)
            && !lessons.left_out.contains(param.name)
            && param.words.iter().any(|name| is_named(words, name))
    })?;
    lessons.left_out.insert(param.name.to_owned());
    Some(left_out(sent, param.name))
}

/// What the OpenAI family learns besides: `stream_options`, the name for the size of a reply, and
/// the role of instructions. `quirks` are those that the request was written with.
pub(super) fn learn_openai(
    fault: &Fault,
    sent: &ChatRequest,
    quirks: &Quirks,
    lessons: &mut Lessons,
) -> Option<String> {
    let words = refusal(fault)?;
    let model = &sent.model;
    if quirks.stream_options && !lessons.no_stream_options && words.contains("stream_options") {
        lessons.no_stream_options = true;
        return Some(format!("{model} does not take stream_options; its tokens may have to be estimated"));
    }
    let sized = sent.params.max_tokens.is_some() && lessons.max_completion_tokens.is_none();
    if sized && is_named(words, "max_completion_tokens") && !quirks.max_completion_tokens {
        lessons.max_completion_tokens = Some(true);
        return Some(format!("{model} takes max_completion_tokens in place of max_tokens; it was renamed"));
    }
    if sized && is_named(words, "max_completion_tokens") && is_not_taken(words) {
        lessons.max_completion_tokens = Some(false);
        return Some(format!("{model} takes max_tokens in place of max_completion_tokens; it was renamed"));
    }
    let summed = words.contains("reasoning.summary") || words.contains("reasoning summar");
    if quirks.summaries && sent.params.effort.is_some() && !lessons.no_summaries && summed {
        lessons.no_summaries = true;
        return Some(format!("{model} gives no summaries of its thinking; none were asked for"));
    }
    let instructed = sent.messages.iter().any(|message| message.role == Role::System);
    if quirks.developer_role && instructed && !lessons.no_developer && words.contains("developer") {
        lessons.no_developer = true;
        return Some(format!("{model} knows no role developer; the system prompt went with the role system"));
    }
    learn_params(fault, sent, lessons)
}

/// Whether a catalogue that names the parameters of a model leaves this one of the request out;
/// what it leaves out is taken out of the request and told.
pub(super) fn drop_unlisted(request: &mut ChatRequest) -> Vec<String> {
    let Some(listed) = request.abilities.parameters.clone().filter(|listed| !listed.is_empty()) else {
        return Vec::new();
    };
    let is_listed = |name: &str| listed.iter().any(|other| other == name);
    let thinks = is_listed("reasoning") || is_listed("thinking") || is_listed("include_reasoning");
    let mut notes = Vec::new();
    for param in PARAMS.iter().filter(|param| !param.words.iter().any(|name| is_listed(name))) {
        let of_thinking = matches!(param.name, "effort" | "thinking_tokens" | "thinking");
        if (param.is_set)(&request.params) && !(of_thinking && thinks) {
            // `effort` may be listed by its own name although thinking as a whole is not.
            if param.name == "thinking" {
                continue;
            }
            (param.clear)(&mut request.params);
            notes.push(left_out(request, param.name));
        }
    }
    notes
}

/// The nearest effort that a model knows, told when it is another one: the next lower, else the lowest.
pub(super) fn clamp_effort(request: &mut ChatRequest) -> Option<String> {
    let (wanted, known) = (request.params.effort?, request.abilities.efforts.as_deref()?);
    if known.is_empty() || known.contains(&wanted) {
        return None;
    }
    let lower = known.iter().copied().filter(|effort| *effort < wanted).max();
    let nearest = lower.or_else(|| known.iter().copied().min())?;
    request.params.effort = Some(nearest);
    Some(format!("{} knows no effort {}; {} was taken", request.model, wanted.name(), nearest.name()))
}

fn left_out(request: &ChatRequest, name: &str) -> String {
    let what = match name {
        "thinking" => "an effort of thinking",
        name => name,
    };
    format!("{} does not take {what}; it was left out", request.model)
}

/// The words of a refusal of the request itself.
fn refusal(fault: &Fault) -> Option<&str> {
    matches!(fault.http_status, Some(400 | 422)).then(|| fault.message.raw())
}

fn is_not_taken(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    NOT_TAKEN.iter().any(|phrase| lower.contains(phrase))
}

/// Whether a name stands in the words by itself, and quoted where it is a plain word too.
fn is_named(words: &str, name: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let plain = PLAIN.contains(&name.as_str());
    lower.match_indices(&name).any(|(at, found)| {
        let before = lower.get(..at).and_then(|text| text.chars().next_back());
        let mut rest = lower.get(at + found.len()..).unwrap_or_default().chars();
        let after = rest.next();
        // In `reasoning.effort` the effort is named, and not all of reasoning.
        let goes_on = after == Some('.') && rest.next().is_some_and(char::is_alphanumeric);
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let quoted = |c: Option<char>, marks: &str| c.is_some_and(|c| marks.contains(c));
        let called = quoted(before, "'\"`.")
            || quoted(after, "'\"`:")
            || lower.get(..at).is_some_and(|text| text.ends_with("parameter "));
        apart(before) && apart(after) && !goes_on && (!plain || called)
    })
}

/// The efforts that a refusal names as the ones to take.
fn named_efforts(lower: &str) -> Vec<Effort> {
    let Some((_, list)) = lower.split_once("supported values are") else { return Vec::new() };
    let mut efforts: Vec<Effort> =
        list.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(Effort::from_name).collect();
    efforts.sort_unstable();
    efforts.dedup();
    efforts
}

/// Reads what was kept; asked once.
type Recall = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send>;

/// The lessons of all models, with a way to keep them between starts.
#[derive(Clone, Default)]
pub struct LessonBook(Arc<Shelf>);

#[derive(Default)]
struct Shelf {
    pages: Mutex<Pages>,
    keep: Option<Box<dyn Fn(String) + Send + Sync>>,
}

#[derive(Default)]
struct Pages {
    recall: Option<Recall>,
    /// By address and id: the same name may be another server tomorrow.
    of: BTreeMap<String, Lessons>,
}

impl LessonBook {
    /// A book that reads what was kept when it is first asked, and keeps what it learns.
    pub fn new<F>(
        recall: impl FnOnce() -> F + Send + 'static,
        keep: impl Fn(String) + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        let recall: Recall = Box::new(move || Box::pin(recall()));
        let pages = Mutex::new(Pages { recall: Some(recall), of: BTreeMap::new() });
        Self(Arc::new(Shelf { pages, keep: Some(Box::new(keep)) }))
    }

    /// What a model taught.
    pub(super) async fn of(&self, endpoint: &Endpoint, id: &str) -> Lessons {
        let mut pages = self.0.pages.lock().await;
        pages.read().await;
        pages.of.get(&place(endpoint, id)).cloned().unwrap_or_default()
    }

    /// Adds what a model taught.
    pub(super) async fn add(&self, endpoint: &Endpoint, id: &str, lessons: Lessons) {
        let mut pages = self.0.pages.lock().await;
        pages.read().await;
        let known = pages.of.entry(place(endpoint, id)).or_default();
        known.left_out.extend(lessons.left_out);
        known.no_stream_options |= lessons.no_stream_options;
        known.no_developer |= lessons.no_developer;
        known.no_summaries |= lessons.no_summaries;
        known.max_completion_tokens = lessons.max_completion_tokens.or(known.max_completion_tokens);
        if known.efforts.is_empty() {
            known.efforts = lessons.efforts;
        }
        if known.since == 0 {
            known.since = Millis::now().0;
        }
        if let (Some(keep), Ok(text)) = (&self.0.keep, serde_json::to_string(&pages.of)) {
            keep(text);
        }
    }
}

impl Pages {
    async fn read(&mut self) {
        let Some(recall) = self.recall.take() else { return };
        let text = recall().await.unwrap_or_default();
        self.of = serde_json::from_str(&text).unwrap_or_default();
        let oldest = Millis::now().0 - BELIEVED_MS;
        self.of.retain(|_, lessons| lessons.since > oldest);
    }
}

fn place(endpoint: &Endpoint, id: &str) -> String {
    format!("{} {id}", endpoint.base_url)
}

#[cfg(test)]
#[path = "lessons_tests.rs"]
mod tests;
