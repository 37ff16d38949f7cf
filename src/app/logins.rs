//! How providers come into an open room: a key is asked about, kept, and its provider takes its
//! place in the engine; servers on this machine are looked for. Each step runs beside the screen and
//! tells what became of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::app::browser;
use crate::app::build::World;
use crate::app::endpoints::Endpoints;
use crate::app::lineup::Names;
use crate::app::login;
use crate::app::login::told;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::ModelInfo;
use crate::chat::ModelRef;
use crate::chat::Secret;
use crate::chat::Tariff;
use crate::config::DEFAULT_ALIAS;
use crate::engine::Engine;
use crate::provider;
use crate::provider::Loopback;
use crate::provider::Pkce;
use crate::tui::Login;
use crate::tui::LoginNews;
use crate::tui::LoginRow;
use crate::tui::Logins;
use crate::tui::TellFound;
use crate::tui::TellLogin;
use crate::tui::Welcome;

/// What a login needs; clones share it.
#[derive(Clone)]
pub(super) struct Desk(Arc<Shared>);

struct Shared {
    world: Arc<World>,
    engine: Engine,
    runtime: Handle,
    /// The login whose code is waited for: its provider and its secret.
    asked: Mutex<Option<(String, Pkce)>>,
    /// What goes on, so that it can be stopped.
    running: Mutex<Option<AbortHandle>>,
}

impl Desk {
    /// A desk for the room that this engine answers.
    pub fn new(world: Arc<World>, engine: Engine, runtime: Handle) -> Self {
        let (asked, running) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { world, engine, runtime, asked, running }))
    }
}

impl Logins for Desk {
    fn rows(&self) -> Vec<LoginRow> {
        rows(&self.0.world.endpoints_now())
    }

    fn login(&self, what: Login, tell: TellLogin) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = running.take() {
            before.abort();
        }
        if what == Login::Stop {
            drop(self.0.take());
            return;
        }
        let shared = Arc::clone(&self.0);
        let task = self.0.runtime.spawn(async move {
            match shared.step(what, &tell).await {
                Ok(Some(welcome)) => tell(LoginNews::Welcome(Box::new(welcome))),
                Ok(None) => {}
                Err(why) => tell(LoginNews::Failed(why)),
            }
        });
        *running = Some(task.abort_handle());
    }

    fn look_around(&self, tell: TellFound) {
        let shared = Arc::clone(&self.0);
        if shared.world.loaded.config.discover_local == Some(false) {
            return;
        }
        self.0.runtime.spawn(async move {
            let here = shared.world.endpoints.iter().filter(|known| {
                known.endpoint.tariff == Tariff::Local && provider::is_loopback(&known.endpoint.base_url)
            });
            join_all(here.map(|known| shared.look_at(&known.endpoint, &tell))).await;
        });
    }
}

impl Shared {
    fn take(&self) -> Option<(String, Pkce)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A step. `None`: the person has to do something before it goes on.
    async fn step(&self, what: Login, tell: &TellLogin) -> Result<Option<Welcome>, String> {
        match what {
            Login::Key { provider, key } => self.keep(&provider, &key).await.map(Some),
            Login::Browser { provider } => {
                let key = self.by_browser(&self.endpoint(&provider)?, tell).await?;
                self.keep(&provider, &key).await.map(Some)
            }
            Login::Page { provider } => {
                let pkce = Pkce::new().map_err(|fault| told(&fault))?;
                let url = provider::login_page(&self.endpoint(&provider)?, &pkce, None);
                let url = url.map_err(|fault| told(&fault))?;
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some((provider, pkce));
                tell(LoginNews::Page { url, code: true });
                Ok(None)
            }
            Login::Code { provider, code } => {
                let asked = self.take().filter(|(of, _)| *of == provider);
                let (_, pkce) = asked.ok_or("this login is over; begin again")?;
                let endpoint = self.endpoint(&provider)?;
                let key = provider::code_for_key(&endpoint, &self.world.http, &code, pkce);
                let key = key.await.map_err(|fault| told(&fault))?;
                self.keep(&provider, &key).await.map(Some)
            }
            Login::Stop => Ok(None),
        }
    }

    fn endpoint(&self, provider: &str) -> Result<Endpoint, String> {
        login::candidate(&self.world.endpoints, provider).map(|known| known.endpoint.clone())
    }

    async fn by_browser(&self, endpoint: &Endpoint, tell: &TellLogin) -> Result<Secret, String> {
        let said = |fault: crate::chat::Fault| told(&fault);
        let pkce = Pkce::new().map_err(said)?;
        let loopback = Loopback::open().await.map_err(said)?;
        let url = provider::login_page(endpoint, &pkce, Some(loopback.address())).map_err(said)?;
        tell(LoginNews::Page { url: url.clone(), code: false });
        let env = self.world.env.clone();
        // Where no browser can be started, the person opens the page that is shown.
        let _ = tokio::task::spawn_blocking(move || browser::open(&url, &env)).await;
        let code = loopback.code(login::WAIT).await.map_err(said)?;
        provider::code_for_key(endpoint, &self.world.http, &code, pkce).await.map_err(said)
    }

    /// Asks about a key, keeps it, and lets its provider answer from now on.
    async fn keep(&self, provider: &str, key: &Secret) -> Result<Welcome, String> {
        let endpoint = self.endpoint(provider)?;
        let said = login::check(&self.world, &endpoint, key).await.map_err(|fault| told(&fault))?;
        let (world, kept) = (Arc::clone(&self.world), key.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let kept = login::keep(&world, &endpoint, DEFAULT_ALIAS, &kept)?;
            Ok::<_, String>((kept, world.endpoints_now()))
        });
        let (kept, now) = kept.await.map_err(|_| "keeping the key failed".to_owned())??;
        if let Some(known) = now.get(provider) {
            self.engine.adopt_provider(self.world.connect(&known.endpoint));
        }
        let names = Names { config: &self.world.loaded.config, endpoints: &now, book: &self.world.book };
        Ok(Welcome {
            told: format!("{said}; {kept}"),
            seats: names.standing().unwrap_or_default(),
            demo: names.demo().into_iter().map(|seat| seat.model).collect(),
            rows: rows(&now),
        })
    }

    async fn look_at(&self, endpoint: &Endpoint, tell: &TellFound) {
        let Some(models) = provider::find_local(endpoint, &self.world.http).await else { return };
        let count = match models.len() {
            0 => "no models yet".to_owned(),
            1 => "1 model".to_owned(),
            count => format!("{count} models"),
        };
        let infos = models.into_iter().map(|id| ModelInfo::bare(ModelRef::new(&endpoint.name, id)));
        tell(format!("{} runs on this machine: {count}", endpoint.name), infos.collect());
    }
}

/// Every provider that a key may be kept for.
fn rows(endpoints: &Endpoints) -> Vec<LoginRow> {
    let keyed = endpoints
        .iter()
        .filter(|known| known.endpoint.dialect != Dialect::Demo && known.endpoint.key.is_some());
    keyed
        .map(|known| LoginRow {
            name: known.endpoint.name.clone(),
            said: match (&known.endpoint.key, known.ready) {
                (Some(key), true) => key.describe(),
                _ => "no key yet".to_owned(),
            },
            ready: known.ready,
            browser: known.endpoint.dialect == Dialect::OpenRouter,
        })
        .collect()
}
