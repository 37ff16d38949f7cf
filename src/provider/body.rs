//! Pieces of request bodies that several dialects share: lists of the user's that are taken apart, media as
//! `data:` addresses, schemas, ids of calls. Pure; it knows no dialect.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::Media;
use crate::chat::MediaData;
use crate::provider::members::Members;

/// What an answer's schema is called where the user gave it no name.
const SCHEMA_NAME: &str = "answer";

/// A JSON object without one of its members, and that member's elements when it is a list.
///
/// # Errors
/// When it is no JSON object.
pub(super) fn without_list(
    text: &str,
    name: &str,
    setting: &str,
) -> Result<(String, Vec<Box<RawValue>>), Fault> {
    let mut members = Members::of_setting(text, setting)?;
    let list = members.take(name).and_then(|list| serde_json::from_str(list.get()).ok());
    Ok((members.write(), list.unwrap_or_default()))
}

/// A schema as the user wrote it, with its name: `{"name", "schema"}` says both, anything else is
/// the schema itself.
///
/// # Errors
/// When it is no JSON.
pub(super) fn named_schema(text: &str) -> Result<(String, Box<RawValue>), Fault> {
    let mut named = Members::of_setting(text, "format")?;
    if let (Some(name), Some(schema)) = (named.take("name"), named.take("schema"))
        && let Ok(name) = serde_json::from_str::<String>(name.get())
    {
        return Ok((name, schema));
    }
    Ok((SCHEMA_NAME.to_owned(), raw(text)))
}

/// JSON text as it is; null where it is none.
pub(super) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Where a medium is, or the medium itself as a `data:` address.
pub(super) fn address(media: &Media) -> String {
    match &media.data {
        MediaData::Url(url) => url.clone(),
        MediaData::Base64(data) => format!("data:{};base64,{data}", media.media_type),
    }
}

/// The name of a medium, for servers that want one.
pub(super) fn name(media: &Media) -> &str {
    media.name.as_deref().unwrap_or("file")
}

/// The short word for the format of a sound.
pub(super) fn audio_format(media_type: &str) -> &str {
    match media_type.split(';').next().unwrap_or_default() {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
        "audio/mp4" | "audio/x-m4a" => "m4a",
        other => other.strip_prefix("audio/").unwrap_or(other),
    }
}

/// The id of a call, nine letters or digits where the server wants that. The same id becomes the
/// same one, so that a result still names its call.
pub(super) fn call_id(id: &str, short: bool) -> Cow<'_, str> {
    if !short || (id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Cow::Borrowed(id);
    }
    // FNV-1a: small, and the same in every run.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    let mut out = String::with_capacity(9);
    for _ in 0..9 {
        out.extend(char::from_digit(u32::try_from(hash % 36).unwrap_or(0), 36));
        hash /= 36;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_nine_are_kept_and_others_become_nine() {
        assert_eq!(call_id("aB3dE6gH9", true), "aB3dE6gH9");
        assert_eq!(call_id("call_1", false), "call_1");
        let ids: Vec<String> = ["call_1", "call_2", ""].map(|id| call_id(id, true).into_owned()).to_vec();
        assert!(ids.iter().all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
        assert_eq!(ids[0], call_id("call_1", true), "the same again");
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    }

    #[test]
    fn schemas_have_names() {
        let (name, schema) = named_schema(r#"{"type":"object"}"#).expect("a schema");
        assert_eq!((name.as_str(), schema.get()), ("answer", r#"{"type":"object"}"#));
        let (name, schema) = named_schema(r#"{"name":"tide","schema":{"a":1.0}}"#).expect("a schema");
        assert_eq!((name.as_str(), schema.get()), ("tide", r#"{"a":1.0}"#));
        assert!(named_schema("[1]").is_err_and(|fault| fault.unsent));
    }

    #[test]
    fn lists_are_taken_out() {
        let (rest, list) =
            without_list(r#"{"a":1.50,"tools":[{"type":"x"},2]}"#, "tools", "s").expect("an object");
        assert_eq!(rest, r#"{"a":1.50}"#);
        assert_eq!(list.iter().map(|item| item.get()).collect::<Vec<_>>(), [r#"{"type":"x"}"#, "2"]);
        assert_eq!(without_list("{}", "tools", "s").expect("an object").0, "{}");
    }
}
