//! Providers, each asked at the same time as the others: whether it is there, takes its key, and
//! knows the models that its seats use; and by which proxy it is reached.

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::app::build::World;
use crate::app::doctor::WITHIN;
use crate::app::endpoints::Known;
use crate::app::login::allowance;
use crate::chat::Dialect;
use crate::chat::Fault;
use crate::chat::ModelRef;
use crate::chat::Seat;
use crate::chat::Tariff;
use crate::cli::Check;
use crate::provider;
use crate::provider::Answered;

/// What there is to say of the providers: of those that the config names, that have a key, or that
/// somebody in the line-up needs.
pub(super) async fn checks(world: &World, seats: &[Seat], offline: bool) -> Vec<Check> {
    let asked = world.endpoints.iter().filter(|known| matters(world, known, seats));
    let each = asked.map(|known| one(world, known, models_of(world, known, seats), offline));
    join_all(each).await.into_iter().flatten().collect()
}

/// Whether anything rests on a provider.
fn matters(world: &World, known: &Known, seats: &[Seat]) -> bool {
    let endpoint = &known.endpoint;
    let written = world.loaded.config.providers.contains_key(&endpoint.name);
    let seated = seats.iter().any(|seat| seat.model.provider == endpoint.name);
    let has_key = known.ready && endpoint.key.is_some();
    endpoint.dialect != Dialect::Demo && (written || seated || has_key)
}

/// The models of a provider that the line-up and the config's line-ups use.
fn models_of(world: &World, known: &Known, seats: &[Seat]) -> Vec<ModelRef> {
    let names = world.names();
    let written =
        world.loaded.config.lineups.values().flatten().filter_map(|seat| names.model(&seat.model).ok());
    let mut models: Vec<ModelRef> = seats.iter().map(|seat| seat.model.clone()).chain(written).collect();
    models.retain(|model| model.provider == known.endpoint.name);
    models.sort();
    models.dedup();
    models
}

async fn one(world: &World, known: &Known, models: Vec<ModelRef>, offline: bool) -> Vec<Check> {
    let endpoint = &known.endpoint;
    let name = &endpoint.name;
    let from = endpoint.key.as_ref().map(|key| key.describe());
    let mut checks = Vec::new();
    if !known.ready {
        let hint = format!("salon login {name}, or say in the config where the key is");
        checks.push(Check::wrong(name, format!("has no key: {}", from.unwrap_or_default()), hint));
        return checks;
    }
    checks.push(match provider::proxy_of(&endpoint.base_url, |name| world.env.get(name)) {
        Some((proxy, variable)) => {
            Check::well(name, format!("is reached through the proxy {proxy} ({variable})"))
        }
        None => Check::well(name, "is reached without a proxy"),
    });
    if endpoint.allow_insecure_http && endpoint.base_url.starts_with("http://") {
        checks.push(Check::well(
            name,
            format!("its key travels in clear to {}, as the config allows", endpoint.base_url),
        ));
    }
    if offline {
        let from = from.map_or_else(|| "no key".to_owned(), |from| format!("its key is {from}"));
        checks.push(Check::well(name, format!("{from}; nothing was asked")));
        return checks;
    }
    let keyed = endpoint.key.is_some();
    let question = async {
        let key = async { if keyed { Some(provider::check_key(endpoint, &world.http).await) } else { None } };
        // The list is wanted for the models, and is the whole question where there is no key.
        let list = async {
            if keyed && models.is_empty() {
                None
            } else {
                Some(provider::model_ids(endpoint, &world.http).await)
            }
        };
        tokio::join!(key, list)
    };
    match timeout(WITHIN, question).await {
        Err(_) => checks.push(Check::wrong(
            name,
            format!("did not answer within {} s at {}", WITHIN.as_secs(), endpoint.base_url),
            "is the address right, and does the network let it through?",
        )),
        Ok((key, list)) => {
            let refused = matches!(key, Some(Err(_)));
            let counted = matches!(key, Some(Ok(Answered::Models(_))));
            checks.extend(key.map(|key| of_key(known, key, from.as_deref())));
            match list {
                // A refusal is told once.
                Some(Err(_)) if refused => {}
                Some(list) => checks.extend(of_models(known, list, &models, counted)),
                None => {}
            }
        }
    }
    checks
}

fn of_key(known: &Known, answer: Result<Answered, Fault>, from: Option<&str>) -> Check {
    let name = &known.endpoint.name;
    let from = from.unwrap_or_default();
    match answer {
        Ok(Answered::Key(facts)) => {
            Check::well(name, format!("takes its key ({from}): {}", allowance(&facts)))
        }
        Ok(Answered::Models(count)) => {
            Check::well(name, format!("takes its key ({from}); {}", counted(count)))
        }
        Ok(Answered::Untold) => Check::well(name, format!("is there; its key ({from}) was not tried")),
        Err(fault) => failed(name, fault),
    }
}

/// What a provider says of a failure is named as its words; what salon says is a sentence.
fn failed(name: &str, fault: Fault) -> Check {
    let words = fault.message.line();
    let text = match fault.http_status {
        Some(status) => format!("says: {words} (HTTP {status})"),
        None => words.into_owned(),
    };
    Check::wrong(name, text, fault.hint)
}

fn counted(count: usize) -> String {
    if count == 1 { "1 model".to_owned() } else { format!("{count} models") }
}

fn of_models(
    known: &Known,
    list: Result<Vec<String>, Fault>,
    models: &[ModelRef],
    is_counted: bool,
) -> Vec<Check> {
    let name = &known.endpoint.name;
    match list {
        Ok(ids) if ids.is_empty() && models.is_empty() => {
            vec![Check::well(name, "is there, and has no models yet")]
        }
        Ok(ids) => {
            let missing: Vec<&str> =
                models.iter().map(|model| model.id.as_str()).filter(|id| !knows(&ids, id)).collect();
            let hint = format!("salon models --refresh --provider {name} names those that it has");
            vec![match missing.as_slice() {
                [] if is_counted => Check::well(name, "lists all models that are used"),
                [] => Check::well(name, format!("lists {}, and all that are used", counted(ids.len()))),
                [one] => Check::wrong(name, format!("does not list the model {one}"), hint),
                some => Check::wrong(name, format!("does not list the models {}", some.join(", ")), hint),
            }]
        }
        // One without a list may know its models all the same.
        Err(fault) if matches!(fault.http_status, Some(404 | 405 | 501)) => Vec::new(),
        Err(mut fault) => {
            if known.endpoint.tariff == Tariff::Local {
                fault.hint = format!("{} Is the server started?", fault.hint).trim().to_owned();
            }
            vec![failed(name, fault)]
        }
    }
}

/// Whether a list has a model: as it is written, without OpenRouter's variant, or as Ollama's newest.
fn knows(ids: &[String], id: &str) -> bool {
    let has = |id: &str| ids.iter().any(|known| known == id);
    has(id) || has(&format!("{id}:latest")) || id.rsplit_once(':').is_some_and(|(plain, _)| has(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_name_and_its_variants() {
        let ids = ["a/one".to_owned(), "qwen3:latest".to_owned(), "llama:8b".to_owned()];
        for (id, known) in [
            ("a/one", true),
            ("a/one:free", true),
            ("qwen3", true),
            ("llama:8b", true),
            ("llama", false),
            ("b", false),
        ] {
            assert_eq!(knows(&ids, id), known, "{id}");
        }
    }
}
