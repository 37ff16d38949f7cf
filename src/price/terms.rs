//! The whole price of one model: the price itself and the dearer ones of long requests. Reads
//! decimal texts and writes them again; knows no model's name.

use serde_json::Map;
use serde_json::Value;

use crate::chat::Pico;
use crate::chat::usd;
use crate::price::Origin;
use crate::price::Price;
use crate::price::PriceText;

/// The price of a model, with its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The price of an ordinary request.
    pub base: Price,
    /// Prices of requests with more input tokens than this, ascending.
    pub above: Vec<(u64, Price)>,
    /// The vendor asks less at some hours, which nobody here knows: charges are estimates.
    pub by_hour: bool,
}

impl Terms {
    /// From what the user wrote.
    ///
    /// # Errors
    /// In words, when a text is missing or is no price.
    pub(super) fn read(text: &PriceText) -> Result<Self, String> {
        let member = |name: &str, text: &Option<String>| -> Result<Option<Pico>, String> {
            text.as_ref().map(|text| dollars(text).map_err(|why| format!("{name} is {why}"))).transpose()
        };
        let needed = |name: &str, price: Option<Pico>| price.ok_or_else(|| format!("{name} is missing"));
        let base = Price {
            input: needed("input", member("input", &text.input)?)?,
            output: needed("output", member("output", &text.output)?)?,
            cache_read: member("cache_read", &text.cache_read)?,
            cache_write: member("cache_write", &text.cache_write)?,
            cache_write_1h: None,
        };
        Ok(Self { base, above: Vec::new(), by_hour: false })
    }

    /// The price of a request with so many input tokens. A step begins strictly above its
    /// threshold and holds for every token of the request.
    pub(super) fn at(&self, input_tokens: u64) -> Price {
        self.above
            .iter()
            .rev()
            .find(|(tokens, _)| input_tokens > *tokens)
            .map_or(self.base, |(_, price)| *price)
    }

    /// As a JSON object.
    pub(super) fn json(&self, origin: Origin, dated: Option<&str>) -> String {
        let mut out = Map::new();
        out.insert("origin".to_owned(), origin.name().into());
        if let Some(dated) = dated {
            out.insert("dated".to_owned(), dated.into());
        }
        out.insert("unit".to_owned(), "usd_per_million".into());
        members(&self.base, &mut out);
        let step = |(tokens, price): &(u64, Price)| {
            let mut out = Map::new();
            out.insert("tokens".to_owned(), (*tokens).into());
            members(price, &mut out);
            Value::Object(out)
        };
        if !self.above.is_empty() {
            out.insert("above".to_owned(), self.above.iter().map(step).collect());
        }
        if self.by_hour {
            out.insert("by_hour".to_owned(), true.into());
        }
        Value::Object(out).to_string()
    }
}

/// A price from its decimal text.
///
/// # Errors
/// In words, when it is no amount or less than nothing.
pub(super) fn dollars(text: &str) -> Result<Pico, String> {
    let price = Pico::from_usd_per_million(text).map_err(|why| why.to_string())?;
    if price < Pico::ZERO { Err(format!("less than nothing: {text:?}")) } else { Ok(price) }
}

fn members(price: &Price, out: &mut Map<String, Value>) {
    let all = [
        ("input", Some(price.input)),
        ("output", Some(price.output)),
        ("cache_read", price.cache_read),
        ("cache_write", price.cache_write),
        ("cache_write_1h", price.cache_write_1h),
    ];
    for (name, price) in all {
        if let Some(price) = price {
            // A pico-dollar per token is a millionth of a dollar per million tokens.
            out.insert(name.to_owned(), usd(i128::from(price.0) * 1_000_000).into());
        }
    }
}
