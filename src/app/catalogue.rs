//! The lists of models that providers gave: read from disk, asked for anew, put into the price book,
//! and held against the seats of a room. Never on the thread that draws, and never on the way to the
//! first frame.
//!
//! What is wrong with a list on disk is told and the list is left out; what is wrong with an answer
//! leaves the list that is there. Older lists never take the place of newer ones.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Tariff;
use crate::config::Paths;
use crate::config::write_private;
use crate::price::PriceBook;
use crate::provider::Http;
use crate::provider::catalogue;
use crate::provider::catalogue::Catalogue;
use crate::provider::catalogue::Kept;
use crate::text::Untrusted;

/// A list that is older than this is asked for anew.
const OLD: i64 = 24 * 60 * 60 * 1000;
/// A list from so far in the future was written by a clock that was wrong.
const AHEAD: i64 = 60 * 60 * 1000;
/// The largest file that is read.
const LARGEST: u64 = 48 * 1024 * 1024;
/// So many names are offered for one that is not known.
const OFFERED: usize = 3;

/// The lists. Clones share them.
#[derive(Clone)]
pub(super) struct Lists {
    paths: Option<Paths>,
    book: PriceBook,
    http: Http,
    taken: Arc<Mutex<BTreeMap<String, Taken>>>,
}

/// What is remembered of a list besides what the price book knows.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    /// When it was asked for.
    pub at: Millis,
    /// How many models it has.
    pub count: usize,
    /// Whether it tells prices.
    pub has_prices: bool,
    ids: Arc<HashSet<String>>,
}

/// What a refresh brought.
#[derive(Debug)]
pub(super) struct Brought {
    /// How many models there are.
    pub count: usize,
    /// Why it could not be kept on disk.
    pub unkept: Option<String>,
}

impl Lists {
    /// Nothing is read yet.
    pub fn new(paths: Option<Paths>, book: PriceBook, http: Http) -> Self {
        Self { paths, book, http, taken: Arc::default() }
    }

    /// Takes the list of this endpoint from disk, when there is one; says what is wrong with it.
    pub fn load(&self, endpoint: &Endpoint) -> Option<Notice> {
        catalogue::has_list(endpoint.dialect)?;
        let path = self.paths.as_ref()?.models(&endpoint.name);
        let complain = |why: &str| {
            let shown = Untrusted::from(path.display().to_string());
            Some(Notice::warning(format!(
                "the list of models in {} is left out: {why}; `salon models --refresh` writes it anew",
                shown.line()
            )))
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => return complain(&error.to_string()),
        };
        let Some(kept) = Kept::from_text(&text) else { return complain("it is damaged") };
        // The server of another address, which had this name before.
        if !kept.is_of(endpoint) || kept.at.0 > Millis::now().0.saturating_add(AHEAD) {
            return None;
        }
        match catalogue::read(&endpoint.name, endpoint.dialect, &kept.pages) {
            Ok(list) => {
                self.take(endpoint, list, kept.at);
                None
            }
            Err(why) => complain(&why.to_string()),
        }
    }

    /// Puts a list into the price book; says whether it was newer than the one there.
    fn take(&self, endpoint: &Endpoint, list: Catalogue, at: Millis) -> bool {
        let ids = list.listings.iter().map(|one| one.info.model.id.clone());
        let taken = Taken {
            at,
            count: list.listings.len(),
            has_prices: list.listings.iter().any(|one| one.price.is_some()),
            ids: Arc::new(ids.chain(list.others).collect()),
        };
        if !self.book.adopt(&endpoint.name, list.listings, at) {
            return false;
        }
        self.all().insert(endpoint.name.clone(), taken);
        true
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a provider's list.
    pub fn taken(&self, provider: &str) -> Option<Taken> {
        self.all().get(provider).cloned()
    }

    /// Whether a provider's list is to be asked for anew.
    pub fn is_due(&self, provider: &str, now: Millis) -> bool {
        self.taken(provider).is_none_or(|taken| now.0.saturating_sub(taken.at.0) >= OLD)
    }

    /// Asks a provider for its list, now. What was known stays when that fails.
    ///
    /// # Errors
    /// When there is no list to be had.
    pub async fn refresh(&self, endpoint: &Endpoint) -> Result<Brought, Fault> {
        let at = Millis::now();
        let pages = catalogue::fetch(endpoint, &self.http).await?;
        let (lists, endpoint) = (self.clone(), endpoint.clone());
        // A long list takes a while to read: others stream meanwhile.
        let reading = tokio::task::spawn_blocking(move || lists.receive(&endpoint, pages, at));
        reading
            .await
            .unwrap_or_else(|_| Err(Fault::new(FaultClass::Internal, "Reading the list of models failed.")))
    }

    fn receive(&self, endpoint: &Endpoint, pages: Vec<String>, at: Millis) -> Result<Brought, Fault> {
        let name = &endpoint.name;
        let protocol = |words: String| Err(Fault::new(FaultClass::Protocol, words));
        let list = match catalogue::read(name, endpoint.dialect, &pages) {
            Ok(list) => list,
            Err(why) => return protocol(format!("What {name} sent is no list of models: {why}.")),
        };
        let (count, odd) = (list.listings.len(), list.odd);
        if count == 0 && odd > 0 {
            return protocol(format!("None of the {odd} models that {name} sent can be read."));
        }
        // A server of the user's may have none; a provider that had some has not lost them all.
        let had = self.taken(name).map_or(0, |taken| taken.count);
        if count == 0 && had > 0 && endpoint.tariff != Tariff::Local {
            return protocol(format!("{name} sent an empty list; the one with {had} models stays."));
        }
        tracing::info!(provider = %name, count, odd, "list of models");
        if !self.take(endpoint, list, at) {
            return Ok(Brought { count, unkept: None });
        }
        let kept = Kept { at, dialect: endpoint.dialect, base_url: endpoint.base_url.clone(), pages };
        Ok(Brought { count, unkept: self.keep(name, &kept).err() })
    }

    /// Writes a list to disk, unless a newer one is there: another instance may have been faster.
    fn keep(&self, provider: &str, kept: &Kept) -> Result<(), String> {
        let Some(paths) = &self.paths else { return Ok(()) };
        let path = paths.models(provider);
        let there = read(&path).ok().and_then(|text| Kept::from_text(&text));
        let newer = |there: &Kept| there.at > kept.at && there.at.0 <= Millis::now().0.saturating_add(AHEAD);
        if there.is_some_and(|there| newer(&there)) {
            return Ok(());
        }
        let text = kept.text().ok_or("it is no JSON")?;
        write_private(&path, text.as_bytes()).map_err(|error| {
            format!("{} cannot be written: {error}", Untrusted::from(path.display().to_string()).line())
        })
    }

    /// What to tell of a model that shall be asked: that its provider does not list it, with the
    /// nearest names, or that it will be gone. It is asked all the same.
    pub fn doubt(&self, model: &ModelRef, dialect: Dialect) -> Option<Notice> {
        let taken = self.taken(&model.provider).filter(|taken| taken.count > 0)?;
        let shown = |model: &ModelRef| Untrusted::from(model.to_string()).line().into_owned();
        if !is_listed(&taken.ids, &model.id, dialect) {
            let near: Vec<String> = nearest(&model.id, &taken.ids)
                .into_iter()
                .map(|id| shown(&ModelRef::new(&model.provider, id)))
                .collect();
            let hint = match near.as_slice() {
                [] => format!("`salon models --provider {}` names those that it has", model.provider),
                near => format!("did you mean {}?", near.join(" or ")),
            };
            let (shown, provider) = (shown(model), &model.provider);
            return Some(Notice::info(format!(
                "{shown} is not in the list of {provider}; it is asked all the same. {hint}"
            )));
        }
        let day = self.book.info(model)?.expires?;
        Some(Notice::warning(format!(
            "{} will be gone after {day}, says {}; choose another model in time",
            shown(model),
            model.provider
        )))
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether a provider knows an id: as it stands in the list, or in a form that means one of it.
fn is_listed(ids: &HashSet<String>, id: &str, dialect: Dialect) -> bool {
    if ids.contains(id) {
        return true;
    }
    match (dialect, id.rsplit_once(':')) {
        // Ways to choose who serves a model: every model has them, and no list.
        (Dialect::OpenRouter, Some((model, "nitro" | "floor" | "exacto" | "online"))) => ids.contains(model),
        (Dialect::OpenRouter, _) => ids.contains(&format!("openrouter/{id}")),
        (Dialect::Ollama, None) => ids.contains(&format!("{id}:latest")),
        _ => false,
    }
}

/// The ids that were probably meant, the nearest first.
fn nearest<'a>(id: &str, ids: &'a HashSet<String>) -> Vec<&'a str> {
    let short = |id: &str| id.rsplit('/').next().unwrap_or_default().to_lowercase();
    let (lower, own) = (id.to_lowercase(), short(id));
    let far = |other: &str| {
        let whole = strsim::damerau_levenshtein(&lower, &other.to_lowercase());
        let part = strsim::damerau_levenshtein(&own, &short(other));
        let begins = own.len() > 3 && short(other).starts_with(&own);
        let near = whole.min(part) <= (own.chars().count() / 3).max(1);
        (near || begins).then_some((whole.min(part), whole))
    };
    let mut found: Vec<_> = ids.iter().filter_map(|other| Some((far(other)?, other.as_str()))).collect();
    found.sort_unstable();
    found.into_iter().take(OFFERED).map(|(_, id)| id).collect()
}

/// How old something is, in words.
pub(super) fn age(at: Millis, now: Millis) -> String {
    let minutes = now.0.saturating_sub(at.0).max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..=119 => format!("{minutes} min old"),
        120..=2879 => format!("{} h old", minutes / 60),
        _ => format!("{} days old", minutes / 1440),
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
