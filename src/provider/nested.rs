//! Members that the user adds inside of a member: an `options` of the user's is laid over the
//! `options` that the request has, and does not take its place.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::chat::Fault;
use crate::provider::members::with_members;

/// What the user calls the members that are added.
const SETTING: &str = "extra_body";

/// As [`with_members`]; where both have an object under the name `deep`, its members are added or
/// replaced one by one.
///
/// # Errors
/// As [`with_members`].
pub(super) fn with_nested(body: &str, extra: &str, deep: &str) -> Result<String, Fault> {
    let (Some(ours), Some(theirs)) = (object_in(body, deep), object_in(extra, deep)) else {
        return with_members(body, extra, SETTING);
    };
    let both = with_members(ours.get(), theirs.get(), SETTING)?;
    let both = format!("{{{}:{both}}}", serde_json::Value::from(deep));
    with_members(body, &with_members(extra, &both, SETTING)?, SETTING)
}

fn object_in(json: &str, member: &str) -> Option<Box<RawValue>> {
    let mut members: HashMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
    members.remove(member).filter(|value| value.get().starts_with('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_the_member_are_added_one_by_one() {
        let table = [
            (
                r#"{"m":1,"o":{"a":1.0,"b":2}}"#,
                r#"{"o":{"b":0.30,"c":3},"k":"5m"}"#,
                r#"{"m":1,"o":{"a":1.0,"b":0.30,"c":3},"k":"5m"}"#,
            ),
            (r#"{"m":1}"#, r#"{"o":{"a":1}}"#, r#"{"m":1,"o":{"a":1}}"#),
            (r#"{"o":{"a":1}}"#, r#"{"o":7}"#, r#"{"o":7}"#),
            (r#"{"o":{"a":1}}"#, r#"{"o":null}"#, r#"{"o":null}"#),
            (r#"{"o":{"a":1}}"#, r#"{"p":2}"#, r#"{"o":{"a":1},"p":2}"#),
        ];
        for (body, extra, expected) in table {
            assert_eq!(with_nested(body, extra, "o").expect(extra), expected);
        }
        assert!(with_nested("{}", "[1]", "o").expect_err("no object").unsent);
    }
}
