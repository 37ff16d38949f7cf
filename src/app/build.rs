//! The parts that a door needs, each made when it is asked for: providers, prices, the store, the
//! engine and its runtime.

use std::path::Path;

use tokio::runtime::Runtime;

use crate::app::catalogue::Lists;
use crate::app::endpoints::Endpoints;
use crate::app::endpoints::Known;
use crate::app::endpoints::no_such_key;
use crate::app::keys::Keys;
use crate::app::lineup::Names;
use crate::app::log;
use crate::chat::Charge;
use crate::chat::Dialect;
use crate::chat::Door;
use crate::chat::Endpoint;
use crate::chat::Millis;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Pico;
use crate::chat::Redactor;
use crate::chat::Seat;
use crate::chat::Source;
use crate::chat::Tokens;
use crate::cli::ProviderLine;
use crate::config;
use crate::config::ConfigErrors;
use crate::config::Credentials;
use crate::config::Env;
use crate::config::Loaded;
use crate::config::Paths;
use crate::config::PriceConfig;
use crate::config::nearest;
use crate::engine::Deps;
use crate::engine::Engine;
use crate::price::PriceBook;
use crate::price::PriceText;
use crate::price::Work;
use crate::provider;
use crate::provider::Http;
use crate::provider::LessonBook;
use crate::provider::Pace;
use crate::provider::Providers;
use crate::store::Budgets;
use crate::store::Opened;
use crate::store::Orphan;
use crate::store::Place;
use crate::store::Store;
use crate::store::StoreError;

/// What is known before a door is opened.
pub(super) struct World {
    pub env: Env,
    pub paths: Option<Paths>,
    pub loaded: Loaded,
    pub endpoints: Endpoints,
    pub book: PriceBook,
    pub redactor: Redactor,
    /// The way to every provider; nothing is made before it is used.
    pub http: Http,
    /// The lists of models that providers gave.
    pub lists: Lists,
    found: Vec<Notice>,
    /// The name of the key that was asked for.
    wanted: Option<String>,
}

impl World {
    /// Reads the config and holds it against what salon knows. `wanted` names the key that is used
    /// of a provider that has several.
    ///
    /// # Errors
    /// All that is wrong with the config.
    pub fn load(
        flag: Option<&Path>,
        env: Env,
        paths: Option<Paths>,
        wanted: Option<String>,
    ) -> Result<Self, ConfigErrors> {
        let loaded = config::load(flag, &env, paths.as_ref())?;
        let (mut keys, odd) = Keys::find(env.clone(), paths.as_ref().map(Credentials::of));
        keys.wanted.clone_from(&wanted);
        let (endpoints, mut errors) = Endpoints::build(&loaded, provider::presets(), &keys);
        let prices =
            loaded.config.models.iter().map(|(model, written)| (model.clone(), text_of(&written.price)));
        let (book, mut found) = PriceBook::new(prices);
        let names =
            endpoints.iter().filter_map(|known| Some((known.endpoint.name.clone(), known.book_as.clone()?)));
        let book = book.with_names(names);
        let redactor = Redactor::default();
        let of_models = endpoints.iter().flat_map(|known| known.endpoint.models.values());
        let headers = endpoints.iter().flat_map(|known| &known.endpoint.headers);
        for (_, secret) in headers.chain(of_models.flat_map(|way| &way.headers)) {
            redactor.learn(secret);
        }
        found.extend(odd);
        found.extend(log::begin(&env, paths.as_ref(), &redactor));
        let http = Http::new(redactor.clone());
        let lists = Lists::new(paths.clone(), book.clone(), http.clone());
        let world = Self { env, paths, loaded, endpoints, book, redactor, http, lists, found, wanted };
        errors.extend(world.dangling());
        if errors.is_empty() {
            return Ok(world);
        }
        errors.sort_by_key(|(at, _)| *at);
        Err(ConfigErrors::new(errors.into_iter().map(|(_, text)| text).collect()))
    }

    /// What the config names and is not there: models of line-ups, providers of models.
    fn dangling(&self) -> Vec<(usize, String)> {
        let (names, config) = (self.names(), &self.loaded.config);
        let mut errors = Vec::new();
        for (model, written) in &config.models {
            if self.endpoints.get(&model.provider).is_none() {
                let known = self.endpoints.iter().map(|known| known.endpoint.name.as_str());
                let hint = match nearest(&model.provider, known) {
                    Some(near) => format!("did you mean {near}/{}?", model.id),
                    None => format!("write [provider.{}] with its base_url", model.provider),
                };
                let message = format!("there is no provider {}", model.provider);
                errors.push((written.at.start, self.loaded.complain(&written.at, &message, &hint)));
            }
        }
        for seat in config.lineups.values().flatten() {
            if let Err(unknown) = names.model(&seat.model) {
                errors.push((seat.at.start, self.loaded.complain(&seat.at, &unknown.what, &unknown.hint)));
            }
        }
        errors
    }

    /// The file of kept keys; `None` for a user without a home.
    pub fn credentials(&self) -> Option<Credentials> {
        self.paths.as_ref().map(Credentials::of)
    }

    /// The providers as they are now: a key may have been kept or taken out since the start.
    pub fn endpoints_now(&self) -> Endpoints {
        let (mut keys, _) = Keys::find(self.env.clone(), self.credentials());
        keys.wanted.clone_from(&self.wanted);
        Endpoints::build(&self.loaded, provider::presets(), &keys).0
    }

    /// `--key`: what is wrong with it, for these seats. A provider that wants no key takes any name.
    pub fn check_key(&self, seats: &[Seat]) -> Result<(), String> {
        let Some(alias) = self.wanted.as_deref() else { return Ok(()) };
        for seat in seats {
            let known = self.endpoints.get(&seat.model.provider).filter(|known| known.endpoint.key.is_some());
            if let Some(known) = known.filter(|known| !known.keys.iter().any(|name| name == alias)) {
                let (what, hint) = no_such_key(&seat.model.provider, alias, &known.keys);
                return Err(format!("{what}\n  {hint}"));
            }
        }
        Ok(())
    }

    /// A provider that can be asked.
    pub fn connect(&self, endpoint: &Endpoint) -> std::sync::Arc<dyn provider::Provider> {
        let pace = self.loaded.config.pace.map_or(Pace::REAL, Pace::thousandths);
        provider::connect(endpoint.clone(), &self.http, pace)
    }

    /// What names are looked up in.
    pub fn names(&self) -> Names<'_> {
        Names { config: &self.loaded.config, endpoints: &self.endpoints, book: &self.book }
    }

    /// What the loaders have to tell. A price that cannot be read is told once, with its place.
    pub fn notices(&self) -> Vec<Notice> {
        let told = |model: &&ModelRef| {
            let written = self.loaded.config.models.get(*model);
            written.is_some_and(|written| !is_readable(&written.price))
        };
        let models: Vec<String> =
            self.loaded.config.models.keys().filter(told).map(ToString::to_string).collect();
        let news = self.found.iter().filter(|notice| !models.iter().any(|model| notice.text.contains(model)));
        self.loaded.notices.iter().chain(news).cloned().collect()
    }

    /// The hard limits.
    pub fn budgets(&self) -> Budgets {
        let written = &self.loaded.config.budget;
        Budgets { day: written.day, week: written.week, month: written.month, room: written.room }
    }

    /// Opens the store; in memory when nothing shall be written, or nowhere is a place to write.
    ///
    /// # Errors
    /// What the store says.
    pub fn open_store(&self, ephemeral: bool) -> Result<Opened, StoreError> {
        let place = self.paths.as_ref().map(Paths::database).filter(|_| !ephemeral);
        let place = place.as_deref().map_or(Place::Memory, Place::File);
        let mut opened = Store::open_with(place, Millis::now(), &|orphan| self.guess(orphan))?;
        if self.paths.is_none() && !ephemeral {
            opened.notices.push(Notice::warning(
                "this user has no home: nothing is saved. Set HOME or XDG_DATA_HOME to keep rooms",
            ));
        }
        Ok(opened)
    }

    /// What an attempt took whose end nobody saw: four characters are about a token.
    fn guess(&self, orphan: &Orphan) -> (Tokens, Charge) {
        let about = |chars: u64| Some(chars.div_ceil(4));
        let tokens = Tokens {
            input: about(orphan.prompt_chars),
            output: about(orphan.output_chars),
            ..Tokens::default()
        };
        let tariff = self.endpoints.tariff(&orphan.model.provider);
        let mut charge = self.book.charge(&orphan.model, &Work::of(tokens), tariff);
        if charge.source == Source::Computed && !charge.tariff.is_nothing() {
            charge.source = Source::Estimated;
        }
        (tokens, charge)
    }

    /// The engine behind a door. Must be called inside the runtime.
    pub fn engine(&self, store: Store, door: Door, tag: Option<String>) -> Engine {
        self.http.keep_lessons(lessons(&store));
        let providers: Providers = self
            .endpoints
            .iter()
            .map(|known| (known.endpoint.name.clone(), self.connect(&known.endpoint)))
            .collect();
        Engine::new(Deps {
            providers,
            prices: self.book.clone(),
            store,
            budgets: self.budgets(),
            zone: jiff::tz::TimeZone::system(),
            door,
            who: self.who(),
            tag: tag.or_else(|| self.env.get("SALON_TAG")),
            seed: uuid::Uuid::now_v7().as_u64_pair().1,
        })
    }

    /// Who asks: the environment, the config, or the user and the machine.
    fn who(&self) -> String {
        self.env.get("SALON_WHO").or_else(|| self.loaded.config.who.clone()).unwrap_or_else(|| {
            let user =
                self.env.get("USER").or_else(|| self.env.get("LOGNAME")).unwrap_or_else(|| "user".to_owned());
            format!("{user}@{}", host(&self.env))
        })
    }

    /// The providers for `salon config show`.
    pub fn provider_lines(&self) -> Vec<ProviderLine<'_>> {
        self.endpoints
            .iter()
            .map(|known| ProviderLine { endpoint: &known.endpoint, ready: known.ready })
            .collect()
    }

    /// Whether nothing but the offline demo models can answer, because nobody gave a key and no
    /// provider of the config can be asked without one.
    pub fn is_bare(&self) -> bool {
        let written = &self.loaded.config.providers;
        let answers = |known: &Known| {
            let endpoint = &known.endpoint;
            let meant = endpoint.key.is_some() || written.contains_key(&endpoint.name);
            endpoint.dialect != Dialect::Demo && known.ready && meant
        };
        !self.endpoints.iter().any(answers)
    }
}

/// What models do not take, kept in the store from one start to the next.
fn lessons(store: &Store) -> LessonBook {
    /// Under this name the store remembers them.
    const LESSONS: &str = "lessons";
    let (from, into) = (store.clone(), store.clone());
    let recall = move || async move { from.remembered(LESSONS).await.ok().flatten() };
    // Whether it could be written shows at the next start, which would learn it again.
    LessonBook::new(recall, move |text| drop(into.remember(LESSONS, text)))
}

/// The runtime of the engine.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("salon").enable_all().build()
}

fn text_of(price: &PriceConfig) -> PriceText {
    PriceText {
        input: price.input.clone(),
        output: price.output.clone(),
        cache_read: price.cache_read.clone(),
        cache_write: price.cache_write.clone(),
    }
}

fn is_readable(price: &PriceConfig) -> bool {
    [&price.input, &price.output, &price.cache_read, &price.cache_write]
        .into_iter()
        .flatten()
        .all(|text| Pico::from_usd_per_million(text).is_ok_and(|price| price >= Pico::ZERO))
}

/// The name of this machine.
fn host(env: &Env) -> String {
    let named = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok());
    let named = named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    named.or_else(|| env.get("HOSTNAME")).unwrap_or_else(|| "localhost".to_owned())
}
