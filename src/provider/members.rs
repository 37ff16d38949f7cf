//! The members of a JSON object as texts, so that what passes through stays as it was written:
//! numbers keep their digits, members their order. For the further members of a request's body, and
//! for state that goes back unchanged.
//!
//! It must not know what a member means.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::chat::FaultClass;

/// The members of an object, in their order. Of a member that comes twice the last value counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Reads an object that the user gave as a setting of that name.
    ///
    /// # Errors
    /// When the text is no JSON object: a sentence for the user.
    pub(super) fn of_setting(text: &str, setting: &str) -> Result<Self, Fault> {
        Self::read(text).map_err(|error| {
            let words = format!("{setting} cannot be added to the request: {error}.");
            Fault::new(FaultClass::BadRequest, words)
                .hint(format!("{setting} is one JSON object, or a table in the config."))
                .unsent()
        })
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, key: &str) -> Option<Box<RawValue>> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// The value of a member as JSON text.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.get())
    }

    /// All members in their order.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (String, Box<RawValue>)> {
        self.0.into_iter()
    }

    /// Gives a member a value, in its place when it is there already.
    pub(super) fn set(&mut self, key: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// The object as JSON text.
    pub(super) fn write(&self) -> String {
        let mut out = String::from("{");
        for (key, value) in &self.0 {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&serde_json::Value::from(key.as_str()).to_string());
            out.push(':');
            out.push_str(value.get());
        }
        out.push('}');
        out
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                let mut places: HashMap<String, usize> = HashMap::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    match places.get(&key).and_then(|at| members.get_mut(*at)) {
                        Some((_, old)) => *old = value,
                        None => {
                            places.insert(key.clone(), members.len());
                            members.push((key, value));
                        }
                    }
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Read)
    }
}

/// A request's body in which members of another object were added or replaced.
///
/// # Errors
/// When one of the two is no JSON object; the body is ours, so that it is the other one, which the
/// user knows as `setting`.
pub(super) fn with_members(body: &str, extra: &str, setting: &str) -> Result<String, Fault> {
    let mut members = Members::of_setting(body, setting)?;
    for (key, value) in Members::of_setting(extra, setting)?.0 {
        // Only the driver knows how answers are read, and it reads streams.
        if key != "stream" {
            members.set(&key, value);
        }
    }
    Ok(members.write())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_text_and_their_order() {
        let body = r#"{"b": 1.10, "a":{"x" : 2e-05},"é\"":null}"#;
        let members = Members::read(body).expect("an object");
        assert_eq!(members.write(), r#"{"b":1.10,"a":{"x" : 2e-05},"é\"":null}"#);
        assert_eq!(Members::read("{}").expect("an object").write(), "{}");
        assert_eq!(Members::read(r#"{"a":1,"b":2,"a":3}"#).expect("an object").write(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn members_are_added_and_replaced_but_how_it_is_read() {
        let body =
            with_members(r#"{"a":1,"stream":true}"#, r#"{"stream":false,"c":0.30,"a":[2]}"#, "extra_body");
        assert_eq!(body.expect("an object"), r#"{"a":[2],"stream":true,"c":0.30}"#);
        for extra in ["[1]", "7", "", "{", "null"] {
            let fault = with_members("{}", extra, "extra_body").expect_err(extra);
            assert!(fault.unsent && fault.class == FaultClass::BadRequest, "{extra}: {fault:?}");
        }
    }
}
