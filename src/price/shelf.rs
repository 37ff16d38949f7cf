//! The catalogues that providers sent: their models and prices, each with the time at which it was
//! told. Never older ones over newer. Who fetches them is not known here.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::chat::Millis;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::price::Listing;
use crate::price::terms::Terms;

/// All catalogues, by the name of the provider. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    by_provider: Arc<RwLock<BTreeMap<String, Arc<Catalogue>>>>,
}

/// What one provider sent.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// When.
    pub at: Millis,
    /// In the order in which they came.
    pub models: Vec<ModelInfo>,
    entries: HashMap<String, Entry>,
}

/// What a catalogue says of the price of a model.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// That it is not known before a request is made.
    Varies,
    /// All of it.
    Price(Arc<Terms>),
}

#[derive(Debug)]
struct Entry {
    place: usize,
    told: Told,
}

impl Shelf {
    /// Puts a catalogue in the place of an older one; says whether it did.
    pub(super) fn adopt(&self, provider: &str, listings: Vec<Listing>, at: Millis) -> bool {
        let newer = Arc::new(Catalogue::of(listings, at));
        let mut shelf = self.by_provider.write().unwrap_or_else(PoisonError::into_inner);
        if shelf.get(provider).is_some_and(|there| there.at > at) {
            return false;
        }
        shelf.insert(provider.to_owned(), newer);
        true
    }

    /// The catalogue of a provider.
    pub(super) fn of(&self, provider: &str) -> Option<Arc<Catalogue>> {
        self.by_provider.read().unwrap_or_else(PoisonError::into_inner).get(provider).cloned()
    }

    /// All catalogues.
    pub(super) fn all(&self) -> Vec<Arc<Catalogue>> {
        self.by_provider.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Catalogue {
    fn of(listings: Vec<Listing>, at: Millis) -> Self {
        let (mut models, mut entries) = (Vec::with_capacity(listings.len()), HashMap::new());
        for Listing { info, price } in listings {
            let told = match price.map(|listed| Terms::listed(&listed, at)) {
                None => Told::Nothing,
                Some(None) => Told::Varies,
                Some(Some(terms)) => Told::Price(Arc::new(terms)),
            };
            // Of two models of one name the first counts.
            if let Vacant(free) = entries.entry(info.model.wire_id()) {
                free.insert(Entry { place: models.len(), told });
                models.push(info);
            }
        }
        Self { at, models, entries }
    }

    /// What it knows of a model.
    pub(super) fn info(&self, model: &ModelRef) -> Option<&ModelInfo> {
        self.models.get(self.entries.get(&model.wire_id())?.place)
    }

    /// What it says of the price of a model. An alias that says as much as the model for which it
    /// stands is priced as that one, which may have conditions besides.
    pub(super) fn told(&self, model: &ModelRef) -> Told {
        let own = |id: &str| self.entries.get(id).map_or(Told::Nothing, |entry| entry.told.clone());
        let mine = own(&model.wire_id());
        let stands_for = self.info(model).and_then(|info| info.alias_of.as_deref());
        let theirs = stands_for.map_or(Told::Nothing, own);
        match (&mine, &theirs) {
            (Told::Nothing, _) => theirs,
            (Told::Price(a), Told::Price(b)) if a.agrees(b) => theirs,
            _ => mine,
        }
    }

    /// Whether it lists a model.
    pub(super) fn has(&self, model: &ModelRef) -> bool {
        self.entries.contains_key(&model.wire_id())
    }

    /// The day on which it came, as `2026-11-22`, in UTC.
    pub(super) fn dated(&self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.at.0).unwrap_or_default();
        time.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    }
}
