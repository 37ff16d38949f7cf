//! Members of JSON objects that are read whatever their type is (safety R39): a member that is
//! missing, null or of a wrong type is no error, unknown members are skipped, and of a member that
//! comes twice the last one counts. Texts are borrowed from the input where it has no escapes.
//!
//! Nothing here knows a schema. A wrong type is remembered as `odd`, so that it can be told once.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A text, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a> {
    text: Option<Cow<'a, str>>,
    odd: bool,
}

impl Text<'_> {
    /// The text; `None` when there is none or an empty one, which mean the same.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| !text.is_empty())
    }
}

/// A whole number that is not negative, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    number: Option<u64>,
    odd: bool,
}

impl Whole {
    /// The number.
    #[must_use]
    pub fn get(self) -> Option<u64> {
        self.number
    }
}

/// An object, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obj<T> {
    value: Option<T>,
    odd: bool,
}

impl<T> Default for Obj<T> {
    fn default() -> Self {
        Self { value: None, odd: false }
    }
}

impl<T> Obj<T> {
    /// The object.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The object, taken out.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value
    }
}

/// A list; elements that are no objects are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    items: Vec<T>,
    odd: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), odd: false }
    }
}

impl<T> List<T> {
    /// The elements.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }
}

/// Any value as its JSON text, or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw<'a>(Option<&'a RawValue>);

impl<'a> Raw<'a> {
    /// The JSON text; `None` when the member is missing or null.
    #[must_use]
    pub fn get(self) -> Option<&'a str> {
        self.0.map(RawValue::get).filter(|text| *text != "null")
    }
}

/// What every reader of a member can say.
pub trait Tolerant {
    /// Whether something of a wrong type was skipped in it.
    fn odd(&self) -> bool;
}

impl Tolerant for Text<'_> {
    fn odd(&self) -> bool {
        self.odd
    }
}

impl Tolerant for Whole {
    fn odd(&self) -> bool {
        self.odd
    }
}

impl<T: Tolerant> Tolerant for Obj<T> {
    fn odd(&self) -> bool {
        self.odd || self.value.as_ref().is_some_and(Tolerant::odd)
    }
}

impl<T: Tolerant> Tolerant for Box<T> {
    fn odd(&self) -> bool {
        self.as_ref().odd()
    }
}

impl<T: Tolerant> Tolerant for List<T> {
    fn odd(&self) -> bool {
        self.odd || self.items.iter().any(Tolerant::odd)
    }
}

impl Tolerant for Raw<'_> {
    fn odd(&self) -> bool {
        false
    }
}

/// What a value of any type becomes: a visitor names the types that it wants, the rest is odd.
pub(crate) trait Accept<'de>: Sized {
    /// From nothing, and from null.
    fn missing() -> Self;
    /// From a value of a type that is not wanted.
    fn wrong() -> Self;
    fn text(_text: Cow<'de, str>) -> Self {
        Self::wrong()
    }
    fn whole(_number: u64) -> Self {
        Self::wrong()
    }
    fn map<M: MapAccess<'de>>(map: M) -> Result<Self, M::Error> {
        skip_map(map).map(|()| Self::wrong())
    }
    fn seq<S: SeqAccess<'de>>(seq: S) -> Result<Self, S::Error> {
        skip_seq(seq).map(|()| Self::wrong())
    }
}

/// Reads whatever comes into an [`Accept`].
pub(crate) fn accept<'de, D: Deserializer<'de>, A: Accept<'de>>(from: D) -> Result<A, D::Error> {
    from.deserialize_any(Any(PhantomData))
}

fn skip_map<'de, M: MapAccess<'de>>(mut map: M) -> Result<(), M::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, S: SeqAccess<'de>>(mut seq: S) -> Result<(), S::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

struct Any<A>(PhantomData<A>);

impl<'de, A: Accept<'de>> Visitor<'de> for Any<A> {
    type Value = A;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E: Error>(self) -> Result<A, E> {
        Ok(A::missing())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<A, E> {
        Ok(A::wrong())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<A, E> {
        Ok(A::whole(number))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<A, E> {
        Ok(A::wrong())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<A, E> {
        Ok(A::wrong())
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<A, E> {
        Ok(A::text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<A, E> {
        Ok(A::text(Cow::Owned(text.to_owned())))
    }
    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<A, M::Error> {
        A::map(map)
    }
    fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<A, S::Error> {
        A::seq(seq)
    }
}

impl<'de> Accept<'de> for Text<'de> {
    fn missing() -> Self {
        Self::default()
    }
    fn wrong() -> Self {
        Self { text: None, odd: true }
    }
    fn text(text: Cow<'de, str>) -> Self {
        Self { text: Some(text), odd: false }
    }
}

impl<'de> Accept<'de> for Whole {
    fn missing() -> Self {
        Self::default()
    }
    fn wrong() -> Self {
        Self { number: None, odd: true }
    }
    fn whole(number: u64) -> Self {
        Self { number: Some(number), odd: false }
    }
}

impl<'de, T: Deserialize<'de>> Accept<'de> for Obj<T> {
    fn missing() -> Self {
        Self::default()
    }
    fn wrong() -> Self {
        Self { value: None, odd: true }
    }
    fn map<M: MapAccess<'de>>(map: M) -> Result<Self, M::Error> {
        let value = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Self { value: Some(value), odd: false })
    }
}

impl<'de, T: Deserialize<'de>> Accept<'de> for List<T> {
    fn missing() -> Self {
        Self::default()
    }
    fn wrong() -> Self {
        Self { items: Vec::new(), odd: true }
    }
    fn seq<S: SeqAccess<'de>>(mut seq: S) -> Result<Self, S::Error> {
        let mut list = Self::default();
        while let Some(item) = seq.next_element::<Obj<T>>()? {
            list.odd |= item.odd;
            list.items.extend(item.value);
        }
        Ok(list)
    }
}

macro_rules! deserialize_by_accept {
    ($(($($param:ident)?) $name:ty),* $(,)?) => {$(
        impl<'de $(, $param: Deserialize<'de>)?> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                accept(from)
            }
        }
    )*};
}

deserialize_by_accept!(() Text<'de>, () Whole, (T) Obj<T>, (T) List<T>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(from).map(|raw| Self(Some(raw)))
    }
}

/// The name of a member.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Read)
    }
}

/// Declares an object whose members are all tolerant: `Name { field: Type = "member", … }`.
macro_rules! tolerant {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $type:ty = $key:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $name<'a> {
            $($(#[$field_doc])* pub $field: $type,)*
            odd: bool,
            lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl $crate::wire::tolerant::Tolerant for $name<'_> {
            fn odd(&self) -> bool {
                self.odd
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Read<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Read<'a> {
                    type Value = $name<'a>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<$name<'a>, M::Error> {
                        let mut out = $name::default();
                        while let Some(key) = map.next_key::<$crate::wire::tolerant::Key<'de>>()? {
                            match key.0.as_ref() {
                                $($key => {
                                    out.$field = map.next_value()?;
                                    out.odd |= $crate::wire::tolerant::Tolerant::odd(&out.$field);
                                })*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(out)
                    }
                }
                from.deserialize_map(Read(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use tolerant;

#[cfg(test)]
mod tests {
    use super::*;

    tolerant!(
        /// A thing.
        Thing {
            name: Text<'a> = "name",
            count: Whole = "count",
            inner: Obj<Box<Thing<'a>>> = "inner",
            all: List<Thing<'a>> = "all",
            raw: Raw<'a> = "raw",
        }
    );

    #[test]
    fn members_of_any_type_are_read() {
        let thing: Thing<'_> = serde_json::from_str(
            r#"{"name":"a\nb","count":3,"inner":{"name":"x"},"all":[{"count":1},7,{"count":2}],"raw": 2.8e-05 ,"more":[[{}]]}"#,
        )
        .expect("an object");
        assert_eq!(thing.name.get(), Some("a\nb"));
        assert_eq!(thing.count.get(), Some(3));
        assert_eq!(thing.inner.get().and_then(|inner| inner.name.get()), Some("x"));
        let counts: Vec<_> = thing.all.items().iter().map(|item| item.count.get()).collect();
        assert_eq!(counts, [Some(1), Some(2)]);
        assert_eq!(thing.raw.get(), Some("2.8e-05"));
        assert!(thing.odd(), "the 7 is odd");
    }

    #[test]
    fn wrong_types_and_repeats_are_no_errors() {
        for wrong in ["true", "-1", "1.5", "\"t\"", "[1,[2]]", "{\"a\":{\"b\":1}}", "null"] {
            for member in ["name", "count", "inner", "all", "raw"] {
                let text = format!(r#"{{"{member}":{wrong},"count":1,"count":9}}"#);
                let thing: Thing<'_> = serde_json::from_str(&text).expect(&text);
                assert_eq!(thing.count.get(), Some(9), "{text}");
            }
        }
        let null: Thing<'_> =
            serde_json::from_str(r#"{"name":null,"all":null,"raw":null}"#).expect("an object");
        assert!(!null.odd() && null.raw.get().is_none());
    }
}
