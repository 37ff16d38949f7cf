//! What one reply really cost: OpenRouter's `/generation`, asked when the stream did not say it
//! because it was stopped or cut. The answer is not there at once; "not yet" is no failure.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Pico;
use crate::chat::Tokens;
use crate::provider::HttpParts;
use crate::provider::TrueCost;
use crate::provider::exchange::Exchange;
use crate::text::Untrusted;

/// The most bytes of an answer.
const MOST: usize = 256 * 1024;

/// Asks once. `None`: it is not known yet.
///
/// # Errors
/// When the provider refuses or cannot be reached, or answers about something else.
pub(super) async fn ask(exchange: &Exchange, id: &str) -> Result<Option<TrueCost>, Fault> {
    let parts = HttpParts {
        path: format!("/generation?id={}", escaped(id)),
        headers: Vec::new(),
        body: String::new(),
        auth: ("authorization", "Bearer "),
        notes: Vec::new(),
    };
    match exchange.fetch(parts, MOST).await {
        Ok(body) => read(&body, id),
        Err(fault) if fault.http_status == Some(404) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// An id as a part of an address.
fn escaped(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Members as they come; one of an unexpected kind must not hide the others.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    total_cost: Option<&'a RawValue>,
    #[serde(borrow)]
    upstream_inference_cost: Option<&'a RawValue>,
    #[serde(borrow)]
    is_byok: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    provider_name: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    native_tokens_prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    native_tokens_completion: Option<&'a RawValue>,
    #[serde(borrow)]
    native_tokens_completion_images: Option<&'a RawValue>,
    #[serde(borrow)]
    native_tokens_reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    native_tokens_cached: Option<&'a RawValue>,
}

/// What an answer says of that id; `None` when it does not say the whole cost.
fn read(body: &[u8], id: &str) -> Result<Option<TrueCost>, Fault> {
    let odd = |words: &str| Fault::new(FaultClass::Protocol, words.to_owned());
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|_| odd("The answer about a reply's cost is no JSON."))?;
    let Some(raw) = answer.data else { return Ok(None) };
    let data: Data<'_> = serde_json::from_str(raw.get())
        .map_err(|_| odd("The answer about a reply's cost has another form than is known."))?;
    if text(data.id).as_deref() != Some(id) {
        return Err(odd("The answer about a reply's cost is about another reply."));
    }
    let Some(cost) = cost(&data) else { return Ok(None) };
    Ok(Some(TrueCost {
        cost,
        tokens: tokens(&data),
        served_model: text(data.model).map(Untrusted::from),
        upstream: text(data.provider_name).map(Untrusted::from),
        tier: text(data.service_tier),
        raw: raw.get().to_owned(),
    }))
}

/// What was taken from the account, and with a key of the user's own what the upstream took.
fn cost(data: &Data<'_>) -> Option<Pico> {
    let own = money(data.total_cost)?;
    if data.is_byok.is_some_and(|is| is.get() == "true") {
        return own.plus(money(data.upstream_inference_cost)?);
    }
    Some(own)
}

fn tokens(data: &Data<'_>) -> Tokens {
    let cached = count(data.native_tokens_cached);
    Tokens {
        input: count(data.native_tokens_prompt).map(|all| all.saturating_sub(cached.unwrap_or(0))),
        cache_read: cached,
        output: count(data.native_tokens_completion),
        reasoning: count(data.native_tokens_reasoning),
        image_output: count(data.native_tokens_completion_images).filter(|count| *count > 0),
        ..Tokens::default()
    }
}

fn money(raw: Option<&RawValue>) -> Option<Pico> {
    Pico::from_usd(raw?.get().trim_matches('"')).ok().filter(|pico| *pico >= Pico::ZERO)
}

fn count(raw: Option<&RawValue>) -> Option<u64> {
    raw?.get().parse().ok()
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "gen-1787310150-Lantern0000000CacheA";

    fn recorded() -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/or-generation.json");
        std::fs::read_to_string(path).expect("the recording is there")
    }

    #[test]
    fn the_recorded_answer_is_read() {
        let cost = read(recorded().as_bytes(), ID).expect("read").expect("known");
        assert_eq!(cost.cost.usd(), "0.0113736");
        let expected = Tokens {
            input: Some(10_339 - 8_192),
            cache_read: Some(8_192),
            output: Some(60),
            reasoning: Some(0),
            ..Tokens::default()
        };
        assert_eq!(cost.tokens, expected);
        assert_eq!(cost.served_model.as_ref().map(Untrusted::raw), Some("kestrel/kestrel-large-2-20260611"));
        assert_eq!(cost.upstream.as_ref().map(Untrusted::raw), Some("Kestrel"));
        assert!(cost.raw.contains("\"cache_discount\": 0.0205434"), "every digit is kept");
    }

    #[test]
    fn another_replys_answer_is_refused() {
        assert!(read(recorded().as_bytes(), "gen-other").is_err());
        assert!(read(br#"{"data":{"total_cost":1}}"#, ID).is_err());
    }

    #[test]
    fn a_cost_that_is_not_whole_is_none() {
        let of = |members: &str| {
            let body = format!(r#"{{"data":{{"id":"g",{members}}}}}"#);
            read(body.as_bytes(), "g").expect("read").map(|cost| cost.cost.usd())
        };
        assert_eq!(of(r#""total_cost":2.8e-05"#).as_deref(), Some("0.000028"));
        assert_eq!(of(r#""total_cost":"0.5""#).as_deref(), Some("0.5"));
        let byok = r#""total_cost":0.001749875,"is_byok":true,"upstream_inference_cost":0.0349975"#;
        assert_eq!(of(byok).as_deref(), Some("0.036747375"));
        for members in [
            r#""total_cost":null"#,
            r#""total_cost":-1"#,
            r#""total_cost":{}"#,
            r#""usage":1"#,
            r#""total_cost":0,"is_byok":true,"upstream_inference_cost":null"#,
        ] {
            assert_eq!(of(members), None, "{members}");
        }
        assert!(read(b"<html>", "g").is_err());
        assert!(read(br#"{"error":{}}"#, "g").expect("read").is_none());
    }

    #[test]
    fn odd_members_do_not_hide_the_cost() {
        let body = br#"{"data":{"id":"g","total_cost":1,"model":7,"native_tokens_prompt":-3,"native_tokens_cached":"x"}}"#;
        let cost = read(body, "g").expect("read").expect("known");
        assert_eq!((cost.cost, cost.tokens, cost.served_model), (Pico::DOLLAR, Tokens::default(), None));
    }

    #[test]
    fn ids_cannot_change_the_address() {
        assert_eq!(escaped("gen-1_a.b~c"), "gen-1_a.b~c");
        assert_eq!(escaped("a&b=/?#%é"), "a%26b%3D%2F%3F%23%25%C3%A9");
    }
}
