//! What models a provider has: the pure half reads pages of any provider's list into listings, the
//! other half asks for them, page by page, within 20 seconds and 32 MiB.
//!
//! A row of [`SHAPES`] is all that a dialect adds. One odd element never loses the others; a body
//! that is no list is a fault, so that a broken answer never takes the place of a good one. Nothing
//! here keeps anything, and no price is judged: amounts stay the texts that they were.

mod kept;
mod openrouter;
mod plain;
mod vendors;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::price::Listing;
use crate::provider::Http;
use crate::provider::HttpParts;
use crate::provider::exchange::Exchange;
use crate::wire::models;
use crate::wire::models::Entry;
use crate::wire::models::NoList;
use crate::wire::models::Page;

pub use kept::Kept;

/// How long a whole list may take.
const WITHIN: Duration = Duration::from_secs(20);
/// The most bytes of a whole list.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The most pages.
const MOST_PAGES: usize = 20;
/// The longest id that is taken.
const LONGEST_ID: usize = 200;
/// The longest name for people that is kept.
const LONGEST_NAME: usize = 120;

/// The models of one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The models that can be chatted with, in the order of the list.
    pub listings: Vec<Listing>,
    /// Further ids that the provider takes: those with their day, aliases.
    pub others: Vec<String>,
    /// Elements that could not be read.
    pub odd: usize,
}

impl Catalogue {
    /// Every id that the provider takes.
    #[must_use]
    pub fn into_ids(self) -> Vec<String> {
        self.listings.into_iter().map(|listing| listing.info.model.id).chain(self.others).collect()
    }
}

/// How a dialect lists its models.
struct Shape {
    dialect: Dialect,
    /// The path of the first page.
    path: &'static str,
    /// The header of the key and what stands before it.
    auth: (&'static str, &'static str),
    /// Whether the list is the same without a key, so that none is sent.
    keyless: bool,
    headers: &'static [(&'static str, &'static str)],
    /// What is added to the path for the page behind this one.
    next: fn(&Page<'_>) -> Option<String>,
    /// One element.
    read: fn(&str, &Entry<'_>) -> Read,
}

/// What an element is.
enum Read {
    /// A model that can be chatted with, and further ids of it.
    Model(Box<Listing>, Vec<String>),
    /// Something else: it is left out.
    Other,
    /// Nothing that can be read.
    Odd,
}

const BEARER: (&str, &str) = ("authorization", "Bearer ");

/// The shapes, a row each. OpenAI's is that of everything else.
const SHAPES: &[Shape] = &[
    Shape {
        dialect: Dialect::OpenAi,
        path: "/models",
        auth: BEARER,
        keyless: false,
        headers: &[],
        next: |_| None,
        read: plain::read,
    },
    Shape {
        dialect: Dialect::OpenRouter,
        path: "/models",
        auth: BEARER,
        keyless: true,
        headers: &[],
        next: openrouter::next,
        read: openrouter::read,
    },
    Shape {
        dialect: Dialect::Anthropic,
        path: "/models?limit=1000",
        auth: ("x-api-key", ""),
        keyless: false,
        headers: &[("anthropic-version", "2023-06-01")],
        next: vendors::anthropic_next,
        read: vendors::anthropic,
    },
    Shape {
        dialect: Dialect::Gemini,
        path: "/models?pageSize=1000",
        auth: ("x-goog-api-key", ""),
        keyless: false,
        headers: &[],
        next: vendors::gemini_next,
        read: vendors::gemini,
    },
    Shape {
        dialect: Dialect::Ollama,
        path: "/api/tags",
        auth: BEARER,
        keyless: false,
        headers: &[],
        next: |_| None,
        read: vendors::ollama,
    },
];

/// The shape of a dialect; `None`: it has no list to ask for.
fn shape(dialect: Dialect) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.dialect == dialect)
}

/// Whether models of this dialect can be asked for, and whether that needs no key.
#[must_use]
pub fn has_list(dialect: Dialect) -> Option<bool> {
    shape(dialect).map(|shape| shape.keyless)
}

/// Reads the pages of a provider's list. Of two elements with one id the first counts, and the
/// second fills in what the first does not tell.
///
/// # Errors
/// When a page is no list.
pub fn read(provider: &str, dialect: Dialect, pages: &[String]) -> Result<Catalogue, NoList> {
    let mut out = Catalogue::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let Some(shape) = shape(dialect) else { return Ok(out) };
    for body in pages {
        let (_, items) = models::page(body)?;
        for item in items {
            let read = models::entry(item).map_or(Read::Odd, |entry| (shape.read)(provider, &entry));
            match read {
                Read::Odd => out.odd += 1,
                Read::Other => {}
                Read::Model(listing, others) => match places.get(&listing.info.model.id) {
                    Some(at) => {
                        if let Some(first) = out.listings.get_mut(*at) {
                            fill_in(first, *listing);
                        }
                    }
                    None => {
                        places.insert(listing.info.model.id.clone(), out.listings.len());
                        out.listings.push(*listing);
                        out.others.extend(others);
                    }
                },
            }
        }
    }
    out.others.retain(|id| is_id(id) && !places.contains_key(id));
    Ok(out)
}

fn fill_in(first: &mut Listing, second: Listing) {
    let (info, more) = (&mut first.info, second.info);
    info.name = info.name.take().or(more.name);
    info.context = info.context.or(more.context);
    info.max_output = info.max_output.or(more.max_output);
    let (can, also) = (&mut info.abilities, more.abilities);
    can.input = can.input.take().or(also.input);
    can.output = can.output.take().or(also.output);
    can.tools = can.tools.or(also.tools);
    can.reasoning = can.reasoning.or(also.reasoning);
    first.price = first.price.take().or(second.price);
}

/// Asks a provider for its models: the pages as they came.
///
/// # Errors
/// When the provider cannot be asked or refuses, when an answer is no list, and when it takes too
/// long or is too large.
pub async fn fetch(endpoint: &Endpoint, http: &Http) -> Result<Vec<String>, Fault> {
    let name = &endpoint.name;
    let Some(shape) = shape(endpoint.dialect) else {
        return Err(Fault::new(FaultClass::BadRequest, format!("{name} has no list of models.")).unsent());
    };
    let mut endpoint = endpoint.clone();
    if shape.keyless {
        endpoint.key = None;
    }
    let exchange = Exchange { endpoint, http: http.clone() };
    let pages = async {
        let mut pages = all_pages(&exchange, shape).await?;
        if shape.dialect == Dialect::Ollama {
            pages.extend(vendors::ollama_details(&exchange, &pages).await);
        }
        Ok(pages)
    };
    timeout(WITHIN, pages).await.unwrap_or_else(|_| {
        let words = format!("The list of models of {name} was not there within {} s.", WITHIN.as_secs());
        Err(Fault::new(FaultClass::Timeout, words))
    })
}

/// Asks a provider, with its key, for the ids of its models and nothing else of them.
///
/// # Errors
/// When the provider cannot be asked or refuses, or when an answer is no list.
pub async fn ids(endpoint: &Endpoint, http: &Http) -> Result<Vec<String>, Fault> {
    let Some(shape) = shape(endpoint.dialect) else { return Ok(Vec::new()) };
    let exchange = Exchange { endpoint: endpoint.clone(), http: http.clone() };
    let pages = all_pages(&exchange, shape).await?;
    Ok(read(&endpoint.name, endpoint.dialect, &pages).map(Catalogue::into_ids).unwrap_or_default())
}

async fn all_pages(exchange: &Exchange, shape: &Shape) -> Result<Vec<String>, Fault> {
    let (mut pages, mut path, mut left) = (Vec::new(), shape.path.to_owned(), MOST_BYTES);
    let base = shape.path.split('?').next().unwrap_or_default();
    while pages.len() < MOST_PAGES {
        let body = exchange.fetch(parts(shape, path.clone(), String::new()), left).await?;
        let body = String::from_utf8(body)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let next = match models::page(&body) {
            Ok((page, _)) => (shape.next)(&page),
            Err(why) => {
                let words = format!("What {} sent is no list of models: {why}.", exchange.endpoint.name);
                let hint =
                    "Check the base_url in the config, and what stands between salon and the provider.";
                return Err(Fault::new(FaultClass::Protocol, words).hint(hint));
            }
        };
        left = left.saturating_sub(body.len());
        pages.push(body);
        match next.map(|query| format!("{base}?{query}")) {
            Some(next) if next != path => path = next,
            _ => break,
        }
    }
    Ok(pages)
}

/// A request of this shape: a `GET` without a body.
fn parts(shape: &Shape, path: String, body: String) -> HttpParts {
    let headers = shape.headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    HttpParts { path, headers, body, auth: shape.auth, notes: Vec::new() }
}

/// A model by the id of its provider; `None`: that is no id.
fn model(provider: &str, id: Option<&str>) -> Option<ModelInfo> {
    let id = id.filter(|id| is_id(id))?;
    // OpenRouter's own routers are named without the author that their ids have.
    let own = id.strip_prefix("openrouter/").filter(|_| provider == "openrouter");
    Some(ModelInfo::bare(ModelRef::new(provider, own.unwrap_or(id))))
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && !id.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// A name for people, when it says more than the id.
fn name(text: Option<&str>, info: &ModelInfo) -> Option<String> {
    let text = text?.trim();
    (!text.is_empty() && text != info.model.id).then(|| text.chars().take(LONGEST_NAME).collect())
}

/// The day of a date with or without a time.
fn day(text: Option<&str>) -> Option<String> {
    let day = text?.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_day.then(|| day.to_owned())
}

/// A text as a part of a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
