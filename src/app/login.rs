//! Getting a key and keeping it: what `salon login` and the room do alike, and the command itself.
//! A key is asked about before it is kept, and is told to nobody.

use std::sync::Arc;
use std::time::Duration;

use crate::app::USAGE;
use crate::app::browser;
use crate::app::build::World;
use crate::app::build::runtime;
use crate::app::endpoints::Endpoints;
use crate::app::endpoints::Known;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::KeyError;
use crate::chat::KeySource;
use crate::chat::Pico;
use crate::chat::Secret;
use crate::chat::short_usd;
use crate::cli;
use crate::cli::Hidden;
use crate::cli::LoginArgs;
use crate::cli::LogoutArgs;
use crate::cli::Out;
use crate::config;
use crate::config::nearest;
use crate::provider;
use crate::provider::Answered;
use crate::provider::Http;
use crate::provider::KeyFacts;
use crate::provider::Loopback;
use crate::provider::Pkce;
use crate::text::Untrusted;

/// How long a login in the browser may take.
pub(super) const WAIT: Duration = Duration::from_secs(300);

/// How long the question about a key may take.
const CHECK: Duration = Duration::from_secs(15);

/// A key that was just given and is kept nowhere yet.
struct Given(Secret);

impl KeySource for Given {
    fn key(&self) -> Result<Secret, KeyError> {
        Ok(self.0.clone())
    }

    fn describe(&self) -> String {
        "what was given".to_owned()
    }
}

/// The provider of that name, when it may have a key.
///
/// # Errors
/// What is wrong with the name, and what was probably meant. It is quoted only when it is near a
/// known one: it may be a key in the wrong place.
pub(super) fn candidate<'a>(endpoints: &'a Endpoints, name: &str) -> Result<&'a Known, String> {
    let Some(known) = endpoints.get(name) else {
        let names = endpoints.iter().map(|known| known.endpoint.name.as_str());
        let hint = match nearest(name, names.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!(
                "there are {}; others are written as [provider.NAME]",
                names.filter(|name| *name != "demo").collect::<Vec<_>>().join(", ")
            ),
        };
        return Err(format!("there is no provider of that name\n  {hint}"));
    };
    if known.endpoint.dialect == Dialect::Demo {
        return Err("the demo models want no key".to_owned());
    }
    Ok(known)
}

/// A fault in one line: what happened, and what to do.
pub(super) fn told(fault: &Fault) -> String {
    let what = fault.message.line();
    if fault.hint.is_empty() { what.into_owned() } else { format!("{} {}", ended(&what), fault.hint) }
}

/// A text with a full stop where it has no end of its own: servers often write none, and what
/// follows is a sentence.
fn ended(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{stop}")
}

/// Asks the provider whether it takes a key. What it says of it, in words.
pub(super) async fn check(world: &World, endpoint: &Endpoint, key: &Secret) -> Result<String, Fault> {
    let mut endpoint = endpoint.clone();
    endpoint.key = Some(Arc::new(Given(key.clone())));
    endpoint.timeouts.headers = endpoint.timeouts.headers.min(CHECK);
    endpoint.timeouts.payload_idle = endpoint.timeouts.payload_idle.min(CHECK);
    world.redactor.learn(key);
    // Its own memory of keys: what is only tried must not be used for anything else.
    let http = Http::new(world.redactor.clone());
    Ok(match provider::check_key(&endpoint, &http).await? {
        Answered::Key(facts) => format!("{} takes the key: {}", endpoint.name, allowance(&facts)),
        Answered::Models(1) => format!("{} takes the key and lists 1 model", endpoint.name),
        Answered::Models(count) => format!("{} takes the key and lists {count} models", endpoint.name),
        Answered::Untold => {
            format!("{} is there; whether it takes the key is seen with the first prompt", endpoint.name)
        }
    })
}

/// What a key of OpenRouter may spend, in words.
pub(super) fn allowance(facts: &KeyFacts) -> String {
    let dollars =
        |amount: Option<Pico>| amount.map_or("?".to_owned(), |amount| short_usd(i128::from(amount.0)));
    let limit = match facts.limit {
        Some(_) => {
            let reset = facts.reset.as_ref().map_or_else(String::new, |reset| format!(" ({})", reset.line()));
            format!("{} left of {}{reset}", dollars(facts.remaining), dollars(facts.limit))
        }
        None => "no limit of its own".to_owned(),
    };
    let free =
        if facts.free_tier { "; nothing was ever paid in, so that free models only answer" } else { "" };
    format!("{} spent, {limit}{free}", dollars(facts.spent))
}

/// Keeps a key. What was done, and what else stands before it.
pub(super) fn keep(world: &World, endpoint: &Endpoint, alias: &str, key: &Secret) -> Result<String, String> {
    let name = &endpoint.name;
    let file = world
        .credentials()
        .ok_or("this user has no home, and so no place for keys; set HOME or XDG_DATA_HOME")?;
    file.put(name, alias, key).map_err(|error| format!("{error}. {}", error.hint).trim_end().to_owned())?;
    let now = world.endpoints_now();
    let used = now.get(name).map(|known| &known.endpoint);
    if let Some(used) = used {
        world.http.forget_key(used);
    }
    let path = Untrusted::from(file.path().display().to_string());
    let kept = format!("the key {alias} of {name} is kept in {}", path.line());
    let before = used.filter(|used| used.key_alias != alias).map(|used| {
        format!(
            "; {} is used until --key {alias}, or key = \"{alias}\" in the config, says otherwise",
            used.key_alias
        )
    });
    let shadow = used.and_then(|used| used.key.as_ref()).map(|key| key.describe());
    let own = file.source(name, alias).describe();
    let shadowed = shadow.filter(|shadow| *shadow != own && before.is_none());
    Ok(match (before, shadowed) {
        (Some(before), _) => kept + &before,
        (None, Some(shadow)) => format!("{kept}; but {shadow} comes first"),
        (None, None) => kept,
    })
}

/// `salon login`; the exit status.
pub(super) fn run(world: &World, args: &LoginArgs, out: &mut Out) -> u8 {
    match login(world, args, out) {
        Ok(()) => 0,
        Err((why, code)) => {
            if !why.is_empty() {
                out.tell(&format!("salon: {why}"));
            }
            code
        }
    }
}

type Refusal = (String, u8);

fn failed(why: impl Into<String>) -> Refusal {
    (why.into(), 1)
}

fn login(world: &World, args: &LoginArgs, out: &mut Out) -> Result<(), Refusal> {
    let alias = config::alias(&args.alias).map_err(|why| (format!("--alias: {why}"), USAGE))?;
    let known = candidate(&world.endpoints, &args.provider).map_err(|why| (why, USAGE))?;
    let endpoint = &known.endpoint;
    let router = endpoint.dialect == Dialect::OpenRouter;
    if args.paste && !router {
        return Err((format!("--paste is for OpenRouter; {} takes a key", endpoint.name), USAGE));
    }
    let runtime = runtime().map_err(|error| failed(format!("the system gives no threads: {error}")))?;
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
    let key = if router && (terminal || args.paste) {
        if args.paste || browser::is_headless(&world.env) {
            by_code(world, endpoint, &runtime, out)?
        } else {
            by_browser(world, endpoint, &runtime, out)?
        }
    } else {
        given(cli::hidden(&format!("Key for {} (it is not shown): ", endpoint.name), out))?
    };
    if !args.no_check {
        match runtime.block_on(check(world, endpoint, &key)) {
            Ok(said) => out.tell(&said),
            Err(fault) => {
                let why = ended(&told(&fault));
                let kept = "Nothing is kept; --no-check keeps a key without asking";
                return Err(failed(format!("{why} {kept}")));
            }
        }
    }
    let kept = keep(world, endpoint, &alias, &key).map_err(failed)?;
    out.tell(&kept);
    runtime.shutdown_background();
    Ok(())
}

/// A key that a person gave.
fn given(read: std::io::Result<Hidden>) -> Result<Secret, Refusal> {
    match read {
        Ok(Hidden::Text(text)) => {
            config::pasted(&text).map_err(|error| failed(format!("{error}; {}. Nothing is kept", error.hint)))
        }
        Ok(Hidden::Stopped) => Err((String::new(), 130)),
        Err(error) => Err(failed(format!("no key could be read: {error}"))),
    }
}

/// By a code that the page shows and the person pastes. A whole key is taken as well.
fn by_code(
    world: &World,
    endpoint: &Endpoint,
    runtime: &tokio::runtime::Runtime,
    out: &mut Out,
) -> Result<Secret, Refusal> {
    let pkce = Pkce::new().map_err(|fault| failed(told(&fault)))?;
    let page = provider::login_page(endpoint, &pkce, None).map_err(|fault| failed(told(&fault)))?;
    out.tell(&format!("Open this page in any browser, and paste the code that it shows:\n{page}"));
    let code = given(cli::hidden("Code (it is not shown): ", out))?;
    if code.expose().starts_with("sk-or-") {
        return Ok(code);
    }
    runtime
        .block_on(provider::code_for_key(endpoint, &world.http, &code, pkce))
        .map_err(|fault| failed(told(&fault)))
}

/// By the browser of this machine, which brings the code itself.
fn by_browser(
    world: &World,
    endpoint: &Endpoint,
    runtime: &tokio::runtime::Runtime,
    out: &mut Out,
) -> Result<Secret, Refusal> {
    let pkce = Pkce::new().map_err(|fault| failed(told(&fault)))?;
    let answer = runtime.block_on(async {
        let loopback = Loopback::open().await?;
        let page = provider::login_page(endpoint, &pkce, Some(loopback.address()))?;
        let opened = browser::open(&page, &world.env);
        let words = if opened {
            "The browser opens this page"
        } else {
            "Open this page in a browser of this machine"
        };
        out.tell(&format!("{words}; salon waits for 5 minutes (elsewhere: --paste):\n{page}"));
        let code = loopback.code(WAIT).await?;
        provider::code_for_key(endpoint, &world.http, &code, pkce).await
    });
    answer.map_err(|fault| failed(told(&fault)))
}

/// `salon logout`; the exit status.
pub(super) fn leave(world: &World, args: &LogoutArgs, out: &mut Out) -> u8 {
    let Some(file) = world.credentials() else {
        out.tell("salon: this user has no home, and so no keys are kept");
        return 1;
    };
    let gone = match file.remove(&args.provider, args.alias.as_deref()) {
        Ok(gone) => gone,
        Err(error) => {
            out.tell(&format!("salon: {error}. {}", error.hint));
            return 1;
        }
    };
    if gone.is_empty() {
        let kept = file.aliases().ok().and_then(|mut kept| kept.remove(&args.provider)).unwrap_or_default();
        let hint = match kept.as_slice() {
            [] => "no key of that provider is kept".to_owned(),
            kept => format!("no key of that name is kept; there are {}", kept.join(", ")),
        };
        out.tell(&format!("salon: {hint}"));
        return 1;
    }
    out.tell(&format!(
        "taken out: {}",
        gone.iter().map(|alias| format!("{}/{alias}", args.provider)).collect::<Vec<_>>().join(", ")
    ));
    let now = world.endpoints_now();
    let still = now.get(&args.provider).filter(|known| known.ready);
    if let Some(key) = still.and_then(|known| known.endpoint.key.as_ref()) {
        out.tell(&format!("{} still has {}", args.provider, key.describe()));
    }
    0
}
