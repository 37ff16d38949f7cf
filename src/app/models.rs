//! Which models there are, from the config, the presets, the price book and the lists that providers
//! gave; and when those are asked for anew: by the command line at once, in a room once a day behind
//! everybody's back, for `ask` never.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::task::JoinSet;

use crate::app::USAGE;
use crate::app::build::World;
use crate::app::build::runtime;
use crate::app::catalogue::Brought;
use crate::app::catalogue::age;
use crate::app::endpoints::Known;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::Millis;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Notice;
use crate::chat::Tokens;
use crate::cli;
use crate::cli::ModelLine;
use crate::cli::ModelsArgs;
use crate::cli::Out;
use crate::config::nearest;
use crate::provider::catalogue::has_list;
use crate::provider::demo_models;
use crate::provider::find_local;
use crate::provider::is_loopback;
use crate::text::Untrusted;
use crate::tui::Models;
use crate::tui::News;

impl World {
    /// The models that are known without a network, of providers that can be asked.
    pub fn models(&self) -> Vec<ModelInfo> {
        let config = &self.loaded.config;
        let mut found: Vec<ModelInfo> =
            self.book.models().filter(|info| self.endpoints.get(&info.model.provider).is_some()).collect();
        let defaults = self.endpoints.iter().flat_map(|known| {
            known.defaults.iter().map(|id| ModelRef::new(&known.endpoint.name, id.as_str()))
        });
        let mut there: BTreeSet<ModelRef> = found.iter().map(|info| info.model.clone()).collect();
        for model in config.models.keys().cloned().chain(defaults) {
            if there.insert(model.clone()) {
                found.push(ModelInfo::bare(model));
            }
        }
        let demos: HashMap<&str, &str> = demo_models().iter().map(|demo| (demo.id, demo.doc)).collect();
        for info in &mut found {
            if info.model.provider == "demo" {
                info.name = demos.get(info.model.id.as_str()).map(|doc| (*doc).to_owned());
            }
            if let Some(written) = config.models.get(&info.model) {
                info.context = written.context.or(info.context);
                info.max_output = written.max_output.or(info.max_output);
            }
        }
        // Those that can be asked now first.
        found.sort_by_key(|info| !self.endpoints.get(&info.model.provider).is_some_and(|known| known.ready));
        found
    }

    /// The same for `salon models`: those that can be asked now first, then by provider and name.
    fn model_lines(&self) -> Vec<ModelLine> {
        let line = |info: ModelInfo| {
            let tariff = self.endpoints.tariff(&info.model.provider);
            let written = self.loaded.config.models.get(&info.model);
            ModelLine {
                alias: written.and_then(|written| written.alias.clone()),
                price: self.book.price_at(&info.model, tariff, 0),
                tariff: self.book.tariff(&info.model, &Tokens::default(), tariff),
                ready: self.endpoints.get(&info.model.provider).is_some_and(|known| known.ready),
                info,
            }
        };
        let mut lines: Vec<ModelLine> = self.models().into_iter().map(line).collect();
        lines.sort_by(|a, b| (!a.ready, &a.info.model).cmp(&(!b.ready, &b.info.model)));
        lines
    }

    /// Takes all lists from disk; says what is wrong with them.
    pub(super) fn load_lists(&self) -> Vec<Notice> {
        self.endpoints.iter().filter_map(|known| self.lists.load(&known.endpoint)).collect()
    }

    /// What to tell of a model that shall be asked.
    fn doubt(&self, model: &ModelRef) -> Option<Notice> {
        // Azure lists models and is asked for deployments, which have names of their own.
        let known = self.endpoints.get(&model.provider)?;
        let named = !known.endpoint.base_url.contains(".azure.com");
        named.then(|| self.lists.doubt(model, known.endpoint.dialect)).flatten()
    }

    /// The providers whose lists are old enough to be asked for behind everybody's back: those that
    /// can be asked, without a dialogue, and that somebody uses.
    fn due(&self, asked: &[ModelRef], now: Millis) -> Vec<Endpoint> {
        if self.loaded.config.refresh == Some(false) {
            return Vec::new();
        }
        let is_used = |known: &Known| {
            let endpoint = &known.endpoint;
            // A server on this machine that nobody mentioned is probably not there.
            endpoint.key.is_some()
                || !is_loopback(&endpoint.base_url)
                || self.loaded.config.providers.contains_key(&endpoint.name)
                || asked.iter().any(|model| model.provider == endpoint.name)
                || self.lists.taken(&endpoint.name).is_some()
        };
        let is_quiet = |known: &Known, keyless: bool| {
            keyless || known.endpoint.key.as_ref().is_none_or(|key| !key.may_ask())
        };
        self.endpoints
            .iter()
            .filter(|known| {
                let keyless = has_list(known.endpoint.dialect);
                known.ready && keyless.is_some_and(|keyless| is_quiet(known, keyless)) && is_used(known)
            })
            .filter(|known| self.lists.is_due(&known.endpoint.name, now))
            .map(|known| known.endpoint.clone())
            .collect()
    }

    /// How old the lists are, and where the prices are from.
    fn sources(&self, now: Millis) -> String {
        let taken =
            |known: &Known| Some((known.endpoint.name.clone(), self.lists.taken(&known.endpoint.name)?));
        let lists: Vec<_> = self.endpoints.iter().filter_map(taken).collect();
        let told: Vec<String> =
            lists.iter().map(|(name, taken)| format!("{name} {}", age(taken.at, now))).collect();
        let priced: Vec<&str> =
            lists.iter().filter(|(_, taken)| taken.has_prices).map(|(name, _)| name.as_str()).collect();
        let lists = if told.is_empty() { String::new() } else { format!("lists: {}\n", told.join(", ")) };
        let priced = if priced.is_empty() {
            String::new()
        } else {
            format!("else those of the list of {}, ", priced.join(", "))
        };
        format!("{lists}prices: the config's, {priced}else those of the book of {}", self.book.dated())
    }
}

/// `salon models`: asks for the lists when that is wanted, prints what there is, and gives the exit
/// status.
pub(super) fn run(world: &World, args: &ModelsArgs, out: &mut Out) -> u8 {
    let unknown = |name: &&String| world.endpoints.get(name).is_none();
    if let Some(name) = args.provider.iter().find(unknown) {
        let names: Vec<&str> = world.endpoints.iter().map(|known| known.endpoint.name.as_str()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", names.join(", ")),
        };
        out.tell(&format!("salon: there is no provider {}\n  {hint}", Untrusted::from(name.as_str()).line()));
        return USAGE;
    }
    for notice in world.load_lists() {
        out.tell(&notice.text);
    }
    let refreshed = if args.refresh { refresh_now(world, args, out) } else { 0 };
    let code = cli::models(args, &world.model_lines(), out);
    out.tell(&world.sources(Millis::now()));
    if refreshed == 0 { code } else { refreshed }
}

/// Asks for the lists now, with a line for each. 1 when none came.
fn refresh_now(world: &World, args: &ModelsArgs, out: &mut Out) -> u8 {
    let wanted = |known: &&Known| {
        let keyless = has_list(known.endpoint.dialect);
        let named = args.provider.contains(&known.endpoint.name);
        let can = known.ready || keyless == Some(true);
        keyless.is_some() && (named || (args.provider.is_empty() && can))
    };
    let endpoints: Vec<Endpoint> =
        world.endpoints.iter().filter(wanted).map(|known| known.endpoint.clone()).collect();
    // A server on this machine that nobody mentioned need not be there.
    let may_lack = |endpoint: &Endpoint| {
        is_loopback(&endpoint.base_url)
            && !world.loaded.config.providers.contains_key(&endpoint.name)
            && !args.provider.contains(&endpoint.name)
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.tell(&format!("salon: the system gives no threads: {error}"));
            return 1;
        }
    };
    let (mut came, mut failed) = (0_usize, 0_usize);
    let names: Vec<&str> =
        endpoints.iter().filter(|one| !may_lack(one)).map(|endpoint| endpoint.name.as_str()).collect();
    out.tell(&format!("asking {} for their models", names.join(", ")));
    runtime.block_on(async {
        let mut there = Vec::new();
        for endpoint in endpoints {
            if !may_lack(&endpoint) || find_local(&endpoint, &world.http).await.is_some() {
                there.push(endpoint);
            }
        }
        let mut asked = ask_all(world, there);
        while let Some(answer) = asked.join_next().await {
            let Ok((endpoint, brought)) = answer else { continue };
            match brought {
                Ok(Brought { count, unkept }) => {
                    came += 1;
                    let unkept = unkept.map(|why| format!("; not kept: {why}")).unwrap_or_default();
                    let word = if count == 1 { "model" } else { "models" };
                    out.tell(&format!("{}: {count} {word}{unkept}", endpoint.name));
                }
                // Some servers have none, and that is no failure of anything.
                Err(fault) if matches!(fault.http_status, Some(404 | 405 | 501)) => {
                    out.tell(&format!("{}: it has no list of models", endpoint.name));
                }
                Err(fault) => {
                    failed += 1;
                    let hint =
                        if fault.hint.is_empty() { String::new() } else { format!("\n  {}", fault.hint) };
                    let kept = world.lists.taken(&endpoint.name).map(|taken| age(taken.at, Millis::now()));
                    let kept = kept.map(|age| format!("\n  its list from before stays: {age}"));
                    out.tell(&format!(
                        "{}: {}{hint}{}",
                        endpoint.name,
                        fault.message.line(),
                        kept.unwrap_or_default()
                    ));
                }
            }
        }
    });
    // What a key source still does must not hold up the end.
    runtime.shutdown_background();
    u8::from(came == 0 && failed > 0)
}

type Answer = (Endpoint, Result<Brought, Fault>);

/// Asks all of them at once.
fn ask_all(world: &World, endpoints: Vec<Endpoint>) -> JoinSet<Answer> {
    let mut asked = JoinSet::new();
    for endpoint in endpoints {
        let lists = world.lists.clone();
        asked.spawn(async move {
            let brought = lists.refresh(&endpoint).await;
            (endpoint, brought)
        });
    }
    asked
}

/// What the lists on disk say of models that `ask` is going to ask; prices and abilities are known
/// from then on. Nothing is asked for anew.
pub(super) fn look_up<'a>(world: &World, models: impl Iterator<Item = &'a ModelRef>) -> Vec<Notice> {
    let models: Vec<&ModelRef> = models.collect();
    let providers: BTreeSet<&str> = models.iter().map(|model| model.provider.as_str()).collect();
    let known = providers.into_iter().filter_map(|name| world.endpoints.get(name));
    let mut notices: Vec<Notice> = known.filter_map(|known| world.lists.load(&known.endpoint)).collect();
    for doubt in models.into_iter().filter_map(|model| world.doubt(model)) {
        if !notices.contains(&doubt) {
            notices.push(doubt);
        }
    }
    notices
}

/// Tells several notices as one: a room of many seats is told once, not once a seat.
fn tell_as_one(notices: &[Notice], news: &News) {
    let Some(first) = notices.first() else { return };
    let mut told = first.clone();
    match notices.len() - 1 {
        0 => {}
        1 => told.text.push_str(" So it is with the model of one more seat."),
        more => told.text.push_str(&format!(" So it is with the models of {more} more seats.")),
    }
    news.tell(told);
}

/// Looks after the models of a room. Clones look after the same.
#[derive(Clone)]
pub(super) struct Watch {
    world: Arc<World>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// All that sit in the room, or did, in the order of coming.
    models: Vec<ModelRef>,
    /// Those of which something odd was told.
    told: BTreeSet<ModelRef>,
    /// Providers whose lists are asked for just now: their models are judged by the new list.
    awaited: BTreeSet<String>,
}

impl Watch {
    /// Nothing is looked at yet.
    pub fn new(world: Arc<World>, models: Vec<ModelRef>) -> Self {
        Self { world, seen: Arc::new(Mutex::new(Seen { models, ..Seen::default() })) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what is odd about all of them, as far as it was not told.
    fn judge(&self, news: &News) {
        let Seen { models, told, awaited } = &mut *self.seen();
        let asked = models.iter().filter(|model| !awaited.contains(&model.provider));
        let mut notices: Vec<Notice> = Vec::new();
        for model in asked {
            if !told.contains(model)
                && let Some(doubt) = self.world.doubt(model)
            {
                notices.push(doubt);
                told.insert(model.clone());
            }
        }
        tell_as_one(&notices, news);
    }

    /// A list has come, or not.
    fn received(&self, endpoint: &Endpoint, brought: &Result<Brought, Fault>, news: &News) {
        // Nobody has asked for it, and what was known is still there: the log says enough.
        match brought {
            Ok(Brought { unkept: None, .. }) => {}
            Ok(Brought { unkept: Some(why), .. }) => tracing::warn!(provider = %endpoint.name, %why),
            Err(fault) => tracing::warn!(provider = %endpoint.name, why = %fault.message.line()),
        }
        if brought.is_ok() {
            news.models(self.world.models());
        }
        self.seen().awaited.remove(&endpoint.name);
        self.judge(news);
    }
}

impl Models for Watch {
    /// Reads the lists, tells what models there are, and asks for the lists that are old.
    fn tend(&self, news: &News) {
        self.world.load_lists().into_iter().for_each(|notice| news.tell(notice));
        news.models(self.world.models());
        let due = self.world.due(&self.seen().models, Millis::now());
        self.seen().awaited.extend(due.iter().map(|endpoint| endpoint.name.clone()));
        self.judge(news);
        if due.is_empty() {
            return;
        }
        let (watch, news) = (self.clone(), news.clone());
        tokio::spawn(async move {
            let mut answers = ask_all(&watch.world, due);
            while let Some(answer) = answers.join_next().await {
                let Ok((endpoint, brought)) = answer else { continue };
                let (watch, news) = (watch.clone(), news.clone());
                let told = tokio::task::spawn_blocking(move || watch.received(&endpoint, &brought, &news));
                let _ = told.await;
            }
        });
    }

    fn seated(&self, models: Vec<ModelRef>, news: &News) {
        {
            let known = &mut self.seen().models;
            for model in models {
                if !known.contains(&model) {
                    known.push(model);
                }
            }
        }
        self.judge(news);
    }
}
