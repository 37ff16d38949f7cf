//! Lists of models as servers tell them: one schema that has the members of all of them, because no
//! two servers agree and none of the members means two things. Each element is read by itself, so
//! that an odd one never loses the others. Numbers stay the JSON text that they were.
//!
//! It must not know which server uses what, or what a price is for.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::wire::tolerant::tolerant;
use crate::wire::{Obj, Raw, Text};

/// The most elements of one page that are read.
const MOST: usize = 20_000;

tolerant!(
    /// One page of a list.
    Page {
        /// The elements, by the name that most servers have.
        data: Raw<'a> = "data",
        /// The elements, by the name of Gemini and Ollama.
        models: Raw<'a> = "models",
        /// Whether there are more; Anthropic.
        has_more: Raw<'a> = "has_more",
        /// After which the next page begins; Anthropic.
        last_id: Text<'a> = "last_id",
        /// What asks for the next page; Gemini.
        next_token: Text<'a> = "nextPageToken",
        /// Where the next page is; OpenRouter.
        links: Obj<Links<'a>> = "links",
    }
);

tolerant!(
    /// `links` of a page.
    Links {
        /// The path of the next page with its query.
        next: Text<'a> = "next",
    }
);

tolerant!(
    /// One model.
    Entry {
        /// Its id.
        id: Text<'a> = "id",
        /// A name for people; at Gemini and Ollama the id.
        name: Text<'a> = "name",
        /// A name for people.
        display_name: Text<'a> = "display_name",
        /// A name for people; Gemini.
        title: Text<'a> = "displayName",
        /// Ollama's id once more.
        model: Text<'a> = "model",
        /// The machine that Ollama passes requests for it on to.
        remote_host: Text<'a> = "remote_host",
        /// The id with its day.
        canonical: Text<'a> = "canonical_slug",
        /// Further ids.
        aliases: Raw<'a> = "aliases",
        /// What kind of model: chat, embedding.
        kind: Text<'a> = "type",
        /// Whether it can be asked now; Groq.
        active: Raw<'a> = "active",
        /// Tokens of a request and its reply.
        context_length: Raw<'a> = "context_length",
        /// The same; Groq.
        context_window: Raw<'a> = "context_window",
        /// The same; Mistral and LM Studio.
        max_context_length: Raw<'a> = "max_context_length",
        /// The same; vLLM.
        max_model_len: Raw<'a> = "max_model_len",
        /// The same; llama.cpp.
        meta: Obj<Meta<'a>> = "meta",
        /// Tokens of a request; Anthropic.
        max_input_tokens: Raw<'a> = "max_input_tokens",
        /// Tokens of a reply; Anthropic.
        max_tokens: Raw<'a> = "max_tokens",
        /// Tokens of a reply; Groq.
        max_completion_tokens: Raw<'a> = "max_completion_tokens",
        /// Tokens of a request; Gemini.
        input_token_limit: Raw<'a> = "inputTokenLimit",
        /// Tokens of a reply; Gemini.
        output_token_limit: Raw<'a> = "outputTokenLimit",
        /// What it can be asked for; Gemini.
        methods: Raw<'a> = "supportedGenerationMethods",
        /// Whether it thinks; Gemini.
        thinking: Raw<'a> = "thinking",
        /// What goes in and comes out.
        architecture: Obj<Architecture<'a>> = "architecture",
        /// Who serves it first.
        top_provider: Obj<Top<'a>> = "top_provider",
        /// The names of the parameters that it takes.
        supported_parameters: Raw<'a> = "supported_parameters",
        /// How it thinks.
        reasoning: Obj<Reasoning<'a>> = "reasoning",
        /// What it costs.
        pricing: Raw<'a> = "pricing",
        /// The day after which it is gone.
        expiration_date: Text<'a> = "expiration_date",
        /// The same; OpenAI.
        shutdown_date: Text<'a> = "shutdown_date",
        /// The same; Mistral.
        deprecation: Text<'a> = "deprecation",
        /// What it stands for.
        alias_target: Obj<Target<'a>> = "alias_target",
        /// What it can: a list at Ollama, an object at Mistral and Anthropic.
        capabilities: Raw<'a> = "capabilities",
        /// More of it; Ollama.
        details: Obj<Details<'a>> = "details",
        /// What it can; Fireworks.
        supports_chat: Raw<'a> = "supports_chat",
        /// What it can; Fireworks.
        supports_tools: Raw<'a> = "supports_tools",
        /// What it can; Fireworks.
        supports_image_input: Raw<'a> = "supports_image_input",
    }
);

tolerant!(
    /// `meta` of llama.cpp.
    Meta {
        /// The context that it was trained for.
        n_ctx_train: Raw<'a> = "n_ctx_train",
        /// The context that it runs with.
        n_ctx: Raw<'a> = "n_ctx",
    }
);

tolerant!(
    /// `architecture` of OpenRouter.
    Architecture {
        /// What may be sent.
        input: Raw<'a> = "input_modalities",
        /// What comes back.
        output: Raw<'a> = "output_modalities",
    }
);

tolerant!(
    /// `top_provider` of OpenRouter.
    Top {
        /// Its context.
        context_length: Raw<'a> = "context_length",
        /// The longest reply.
        max_completion_tokens: Raw<'a> = "max_completion_tokens",
    }
);

tolerant!(
    /// `reasoning` of OpenRouter.
    Reasoning {
        /// The efforts; null: any.
        efforts: Raw<'a> = "supported_efforts",
        /// Whether it cannot be switched off.
        mandatory: Raw<'a> = "mandatory",
    }
);

tolerant!(
    /// `alias_target` of OpenRouter.
    Target {
        /// The id.
        slug: Text<'a> = "slug",
    }
);

tolerant!(
    /// `details` of Ollama.
    Details {
        /// Tokens of a request and its reply.
        context_length: Raw<'a> = "context_length",
    }
);

tolerant!(
    /// The answer of Ollama's `/api/show`.
    Show {
        /// What the model is made of.
        info: Raw<'a> = "model_info",
        /// What it can.
        capabilities: Raw<'a> = "capabilities",
    }
);

/// What is wrong with a body that is no list of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoList {
    /// It cannot be read at all.
    #[error("it is not JSON")]
    NotJson,
    /// It has no list.
    #[error("there is no list of models in it")]
    Missing,
}

/// A page and the texts of its elements. Some servers send the bare list.
///
/// # Errors
/// When there is no list in it.
pub fn page(body: &str) -> Result<(Page<'_>, Vec<&str>), NoList> {
    let body = body.trim_start_matches('\u{feff}').trim_start();
    if body.starts_with('[') {
        return Ok((Page::default(), elements(body).ok_or(NoList::NotJson)?));
    }
    let page: Page<'_> = serde_json::from_str(body).map_err(|_| NoList::NotJson)?;
    let mut lists = [page.data, page.models].into_iter().filter_map(Raw::get).filter_map(elements);
    let first = lists.next().ok_or(NoList::Missing)?;
    let items = if first.is_empty() { lists.next().unwrap_or(first) } else { first };
    Ok((page, items))
}

fn elements(list: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(list).ok()?;
    Some(items.into_iter().take(MOST).map(RawValue::get).collect())
}

/// One element; `None` when it is no object, or one that cannot be read.
#[must_use]
pub fn entry(element: &str) -> Option<Entry<'_>> {
    serde_json::from_str(element).ok()
}

/// The answer of Ollama's `/api/show`.
#[must_use]
pub fn show(body: &str) -> Option<Show<'_>> {
    serde_json::from_str(body).ok()
}

/// The texts of a list; other elements are left out. `None`: it is no list.
#[must_use]
pub fn texts(raw: Raw<'_>) -> Option<Vec<String>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()?).ok()?;
    Some(items.into_iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect())
}

/// The members of an object with the JSON texts of their values, by name.
#[must_use]
pub fn members(raw: Raw<'_>) -> Option<BTreeMap<String, &str>> {
    object(raw.get()?)
}

/// The same of a JSON text.
#[must_use]
pub fn object(text: &str) -> Option<BTreeMap<String, &str>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    Some(members.into_iter().map(|(name, value)| (name, value.get())).collect())
}

/// The elements of a list as JSON texts.
#[must_use]
pub fn list(text: &str) -> Option<Vec<&str>> {
    elements(text)
}

/// Whether a member is true, when it says so or the contrary.
#[must_use]
pub fn flag(raw: Raw<'_>) -> Option<bool> {
    match raw.get()? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A count of tokens, also as a text or with a point and zeros behind it; none and 0 mean the same.
#[must_use]
pub fn count(raw: Raw<'_>) -> Option<u64> {
    let text = raw.get()?.trim_matches('"');
    let text = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0')).map_or(text, |t| t.0);
    text.parse().ok().filter(|count| *count > 0)
}

/// An amount as its decimal text: that of a number, or the content of a text. `None`: null.
#[must_use]
pub fn amount(json: &str) -> Option<String> {
    /// A longer text is no amount; what is kept of it says so.
    const LONGEST: usize = 48;
    let text = match json {
        "null" => return None,
        _ if json.starts_with('"') => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
        _ => json.to_owned(),
    };
    Some(text.trim().chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_under_data_or_models_or_bare() {
        for body in [
            r#"{"data":[{"id":"a"}]}"#,
            r#"{"models":[{"id":"a"}],"data":[]}"#,
            r#"[{"id":"a"}]"#,
            "\u{feff} [{\"id\":\"a\"}]",
            r#"{"data":null,"models":[{"id":"a"}]}"#,
        ] {
            let (_, items) = page(body).expect(body);
            assert_eq!(items, [r#"{"id":"a"}"#], "{body}");
        }
        assert_eq!(page(r#"{"data":[]}"#).expect("a list").1.len(), 0);
        for (body, why) in [
            ("", NoList::NotJson),
            ("<html>", NoList::NotJson),
            (r#"{"data":[{"id""#, NoList::NotJson),
            ("[1,", NoList::NotJson),
            ("{}", NoList::Missing),
            (r#"{"error":{"message":"no"}}"#, NoList::Missing),
            (r#"{"data":{"id":"a"}}"#, NoList::Missing),
        ] {
            assert_eq!(page(body).expect_err(body), why, "{body}");
        }
    }

    #[test]
    fn counts_and_amounts_keep_their_text() {
        let of = |json: &str| {
            let text = format!(r#"{{"id":"x","context_length":{json}}}"#);
            entry(&text).and_then(|entry| count(entry.context_length))
        };
        for (json, want) in [
            ("131072", Some(131_072)),
            ("131072.0", Some(131_072)),
            ("\"131072\"", Some(131_072)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(of(json), want, "{json}");
        }
        for (json, want) in [
            ("\"0.0000003\"", Some("0.0000003")),
            ("3e-7", Some("3e-7")),
            ("0.1000000000000000055", Some("0.1000000000000000055")),
            ("\"-1\"", Some("-1")),
            ("null", None),
            ("\"\\ud800\"", Some("\"\\ud800\"")),
        ] {
            assert_eq!(amount(json).as_deref(), want, "{json}");
        }
    }

    #[test]
    fn an_element_of_any_shape_is_an_element_or_none() {
        assert!(entry("7").is_none() && entry(r#"{"id":"\ud800"}"#).is_none());
        let odd =
            entry(r#"{"id":7,"context_length":{"a":[1]},"architecture":3,"pricing":[]}"#).expect("read");
        assert!(odd.id.get().is_none() && count(odd.context_length).is_none());
    }
}
