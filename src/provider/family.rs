//! What is known of OpenAI's own models by their ids: which of them reason, what those refuse, and
//! which are asked by the Responses API only. It is true of OpenAI's own service; a server that
//! only speaks its format may serve another model under such a name.

use crate::chat::Api;
use crate::chat::ChatRequest;
use crate::chat::Effort;
use crate::chat::Endpoint;
use crate::chat::Params;

/// Words between the dashes of an id that mean: by the Responses API only.
const RESPONSES_ONLY: &[&str] = &["pro", "codex", "deep-research", "computer-use"];

/// In which format a model is asked: as the config says of the model, then of the provider, then
/// by its id.
pub(super) fn api(endpoint: &Endpoint, id: &str) -> Api {
    let way = endpoint.models.get(id).and_then(|way| way.api);
    if let Some(api) = way.or(endpoint.quirks.api) {
        return api;
    }
    let padded = format!("-{}-", short(id));
    let only = || RESPONSES_ONLY.iter().any(|word| padded.contains(&format!("-{word}-")));
    if endpoint.quirks.openai && only() { Api::Responses } else { Api::Chat }
}

/// Whether OpenAI's model of that id thinks before it answers: `o1` and later, `gpt-5` and later,
/// but for those that chat.
pub(super) fn reasons(id: &str) -> bool {
    let id = short(id);
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let numbered = |prefix: &str| id.strip_prefix(prefix).and_then(number);
    let is_o = numbered("o").is_some_and(|number: u32| number >= 1);
    let is_gpt = numbered("gpt-").is_some_and(|number: u32| number >= 5);
    (is_o || is_gpt || id.starts_with("codex-")) && !id.contains("-chat")
}

/// Whether it takes sampling parameters when it does not think: `gpt-5.1` and later.
fn samples_without_thinking(id: &str) -> bool {
    let version = short(id).strip_prefix("gpt-").unwrap_or_default();
    let version = version.split('-').next().unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let (major, minor) = (major.parse::<u32>().unwrap_or(0), minor.parse::<u32>().unwrap_or(0));
    (major, minor) >= (5, 1)
}

/// Takes out of a request to OpenAI what its reasoning models refuse, and tells it.
pub(super) fn fit(endpoint: &Endpoint, asked: &ChatRequest) -> (Params, Vec<String>) {
    let mut params = asked.params.clone();
    let mut notes = Vec::new();
    if !(endpoint.quirks.openai && reasons(&asked.model.id)) {
        return (params, notes);
    }
    let mut drop = |name: &str, was_set: bool| {
        if was_set {
            notes.push(format!("{} does not take {name}; it was left out", asked.model));
        }
    };
    if !(params.effort == Some(Effort::None) && samples_without_thinking(&asked.model.id)) {
        drop("temperature", params.temperature.take().is_some());
        drop("top_p", params.top_p.take().is_some());
    }
    drop("frequency_penalty", params.frequency_penalty.take().is_some());
    drop("presence_penalty", params.presence_penalty.take().is_some());
    (params, notes)
}

fn short(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ModelWay;
    use crate::provider::openai::tests::{asked, endpoint};

    #[test]
    fn models_are_known_by_their_ids() {
        let table = [
            ("o1", true),
            ("o3-mini-2026-01-31", true),
            ("o4-mini", true),
            ("gpt-5", true),
            ("gpt-5.2-pro", true),
            ("gpt-10", true),
            ("codex-mini-latest", true),
            ("gpt-5-chat-latest", false),
            ("gpt-5.1-chat-latest", false),
            ("gpt-4.1", false),
            ("gpt-4o", false),
            ("omni-moderation-latest", false),
            ("gpt-oss-120b", false),
        ];
        for (id, expected) in table {
            assert_eq!(reasons(id), expected, "{id}");
        }
    }

    #[test]
    fn some_models_want_responses() {
        let mut endpoint = endpoint();
        assert_eq!(api(&endpoint, "o1-pro"), Api::Chat, "another server may know no other");
        endpoint.quirks.openai = true;
        let table = [
            ("o1-pro", true),
            ("o3-pro-2025-06-10", true),
            ("gpt-5-pro", true),
            ("gpt-5.2-codex", true),
            ("codex-mini-latest", true),
            ("o4-mini-deep-research", true),
            ("computer-use-preview", true),
            ("gpt-5.2", false),
            ("gpt-proto", false),
            ("o3", false),
        ];
        for (id, responses) in table {
            assert_eq!(api(&endpoint, id) == Api::Responses, responses, "{id}");
        }
        endpoint.quirks.api = Some(Api::Responses);
        assert_eq!(api(&endpoint, "o3"), Api::Responses);
        let way = ModelWay { api: Some(Api::Chat), ..ModelWay::default() };
        endpoint.models.insert("o1-pro".to_owned(), way);
        assert_eq!(api(&endpoint, "o1-pro"), Api::Chat, "the model's own word wins");
    }

    #[test]
    fn reasoning_models_are_not_asked_for_what_they_refuse() {
        let mut openai = endpoint();
        openai.quirks.openai = true;
        let params = Params {
            temperature: Some(1.0),
            top_p: Some(0.5),
            frequency_penalty: Some(0.0),
            presence_penalty: Some(0.0),
            seed: Some(1),
            ..Params::default()
        };
        let with = |id: &str, effort| {
            let mut asked = asked(id);
            asked.params = Params { effort, ..params.clone() };
            asked
        };
        let (fitted, notes) = fit(&openai, &with("openai/gpt-5", None));
        assert_eq!(fitted, Params { seed: Some(1), ..Params::default() });
        assert_eq!(notes.len(), 4);
        assert_eq!(notes[0], "openai/gpt-5 does not take temperature; it was left out");
        let (fitted, notes) = fit(&openai, &with("openai/gpt-5.1", Some(Effort::None)));
        assert_eq!((fitted.temperature, fitted.top_p, notes.len()), (Some(1.0), Some(0.5), 2));
        assert_eq!(fit(&openai, &with("openai/gpt-5", Some(Effort::None))).1.len(), 4);
        for (endpoint, id) in [(&openai, "openai/gpt-5-chat-latest"), (&endpoint(), "lab/gpt-5")] {
            assert_eq!(fit(endpoint, &with(id, None)), (params.clone(), Vec::new()), "{id}");
        }
    }
}
