//! From words to seats: aliases, model refs, line-ups by name, and the line-up of those who named
//! none. A provider must exist; a model's id is its provider's affair.

use serde_json::{Map, Value, json};

use crate::app::endpoints::Endpoints;
use crate::chat::Effort;
use crate::chat::Format;
use crate::chat::ModelRef;
use crate::chat::Params;
use crate::chat::Room;
use crate::chat::Seat;
use crate::chat::SeatId;
use crate::chat::Tariff;
use crate::config::Config;
use crate::config::SeatConfig;
use crate::config::nearest;
use crate::price::PriceBook;
use crate::text::Untrusted;

/// The offline models that a first room has.
const DEMO: [&str; 3] = ["tour", "eliza", "thinker"];

/// So many seats are taken for those who named none.
const SEATS: usize = 3;

/// A name that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  {hint}")]
pub(super) struct Unknown {
    /// What was not found.
    pub what: String,
    /// What was probably meant, or where to look.
    pub hint: String,
}

/// What names are looked up in.
pub(super) struct Names<'a> {
    pub config: &'a Config,
    pub endpoints: &'a Endpoints,
    pub book: &'a PriceBook,
}

impl Names<'_> {
    /// The model of an alias or a model ref.
    pub fn model(&self, text: &str) -> Result<ModelRef, Unknown> {
        let aliased = self.config.models.iter().find(|(_, written)| written.alias.as_deref() == Some(text));
        if let Some((model, _)) = aliased {
            return Ok(model.clone());
        }
        let shown = Untrusted::from(text).line().into_owned();
        let Ok(model) = text.parse::<ModelRef>() else {
            let near = self.near(text);
            let hint = if near.is_empty() {
                "a model is an alias of the config, or provider/model, as in demo/eliza; `salon models` lists some"
                    .to_owned()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            return Err(Unknown { what: format!("there is no model {shown}"), hint });
        };
        if self.endpoints.get(&model.provider).is_some() {
            return Ok(model);
        }
        let names = self.endpoints.iter().map(|known| known.endpoint.name.as_str());
        let hint = match nearest(&model.provider, names.clone()) {
            Some(near) => format!("did you mean {near}/{}?", Untrusted::from(model.id.as_str()).line()),
            None => format!(
                "there are {}; others are written as [provider.NAME]",
                names.collect::<Vec<_>>().join(", ")
            ),
        };
        let provider = Untrusted::from(model.provider.as_str());
        Err(Unknown { what: format!("{shown}: there is no provider {}", provider.line()), hint })
    }

    /// Seats of what is written, in order, from 1.
    pub fn seats(&self, written: &[SeatConfig]) -> Result<Vec<Seat>, Unknown> {
        let models: Result<Vec<ModelRef>, Unknown> =
            written.iter().map(|seat| self.model(&seat.model)).collect();
        let seats = models?
            .into_iter()
            .zip(written)
            .map(|(model, seat)| (model, seat.system.clone(), seat.params.clone()));
        Ok(self.seated(seats))
    }

    /// Seats for models as they are named with `-m`.
    pub fn models(&self, texts: &[String]) -> Result<Vec<Seat>, Unknown> {
        let written: Vec<SeatConfig> =
            texts.iter().map(|text| SeatConfig { model: text.clone(), ..SeatConfig::default() }).collect();
        self.seats(&written)
    }

    /// The line-up of that name.
    pub fn lineup(&self, name: &str) -> Result<Vec<Seat>, Unknown> {
        if let Some(written) = self.config.lineups.get(name) {
            return self.seats(written);
        }
        let names = self.config.lineups.keys().map(String::as_str);
        let hint = match nearest(name, names.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None if self.config.lineups.is_empty() => {
                "the config has none; write [lineup.NAME] with seats = [\"provider/model\"]".to_owned()
            }
            None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        };
        Err(Unknown { what: format!("there is no line-up {}", Untrusted::from(name).line()), hint })
    }

    /// The three offline demo models.
    pub fn demo(&self) -> Vec<Seat> {
        self.seated(DEMO.iter().map(|id| (ModelRef::new("demo", *id), None, Params::default())))
    }

    /// Seats for those who named none: the config's line-up, else default models of the providers
    /// that are ready, in turn, else the demo models.
    pub fn standing(&self) -> Result<Vec<Seat>, Unknown> {
        if let Some(name) = &self.config.lineup {
            return self.lineup(name);
        }
        let ready: Vec<_> = self
            .endpoints
            .iter()
            .filter(|known| {
                known.ready && known.endpoint.tariff == Tariff::Metered && !known.defaults.is_empty()
            })
            .collect();
        let longest = ready.iter().map(|known| known.defaults.len()).max().unwrap_or(0);
        let in_turn = (0..longest).flat_map(|at| {
            ready
                .iter()
                .filter_map(move |known| Some(ModelRef::new(&known.endpoint.name, known.defaults.get(at)?)))
        });
        let mut models: Vec<ModelRef> = in_turn.take(SEATS).collect();
        // Neighbours of one provider stand together, in the order of the providers.
        models.sort_by_key(|model| ready.iter().position(|known| known.endpoint.name == model.provider));
        if models.is_empty() {
            return Ok(self.demo());
        }
        Ok(self.seated(models.into_iter().map(|model| (model, None, Params::default()))))
    }

    /// The seats that were remembered, unless the config's own line-up has changed since, or they
    /// were only the demo while real providers are there now.
    pub fn remembered(&self, text: &str) -> Option<Vec<Seat>> {
        let value: Value = serde_json::from_str(text).ok()?;
        if value["lineup"].as_str() != self.config.lineup.as_deref() {
            return None;
        }
        let read = |seat: &Value| {
            let model: ModelRef = seat["model"].as_str()?.parse().ok()?;
            self.endpoints.get(&model.provider)?;
            Some((model, seat["system"].as_str().map(str::to_owned), params_from(&seat["params"])))
        };
        let seats: Vec<_> = value["seats"].as_array()?.iter().filter_map(read).collect();
        if seats.is_empty() || seats.iter().all(|(model, _, _)| model.provider == "demo") {
            return None;
        }
        Some(
            seats
                .into_iter()
                .zip(1..)
                .map(|((model, system, params), no)| seat(no, model, system, params))
                .collect(),
        )
    }

    fn seated(&self, seats: impl Iterator<Item = (ModelRef, Option<String>, Params)>) -> Vec<Seat> {
        let placed = seats.zip(1..).map(|((model, system, params), no)| {
            let written = self.config.models.get(&model);
            let system = system.or_else(|| written.and_then(|written| written.system.clone()));
            let params = written.map_or_else(|| params.clone(), |written| params.over(&written.params));
            seat(no, model, system, params)
        });
        placed.collect()
    }

    /// Known models that a word without a provider may have meant, at most three.
    fn near(&self, text: &str) -> Vec<String> {
        let aliases = self.config.models.values().filter_map(|written| written.alias.as_deref());
        if let Some(alias) = nearest(text, aliases) {
            return vec![alias.to_owned()];
        }
        let mut known: Vec<ModelRef> = self.book.models().map(|info| info.model).collect();
        known.retain(|model| self.endpoints.get(&model.provider).is_some());
        known.extend(self.config.models.keys().cloned());
        known.extend(DEMO.iter().map(|id| ModelRef::new("demo", *id)));
        known.sort_by_key(|model| !self.endpoints.get(&model.provider).is_some_and(|known| known.ready));
        let exact = known.iter().filter(|model| model.short() == text || model.id == text);
        let mut found: Vec<String> = exact.map(ToString::to_string).collect();
        if found.is_empty() {
            let near = nearest(text, known.iter().map(ModelRef::short));
            found =
                known.iter().filter(|model| Some(model.short()) == near).map(ToString::to_string).collect();
        }
        found.dedup();
        found.truncate(3);
        found
    }
}

fn seat(no: u32, model: ModelRef, system: Option<String>, params: Params) -> Seat {
    Seat { id: SeatId(no), model, system, params, muted: false }
}

/// Other seats for a room that exists. A seat whose model stays keeps its id, and so its history;
/// the others get ids that the room never had.
pub(super) fn reseat(room: &Room, wanted: Vec<Seat>) -> Vec<Seat> {
    let used = room.seats.iter().map(|seat| seat.id.0);
    let spoken = room.turns.iter().flat_map(|turn| turn.targets.iter().map(|seat| seat.0));
    let mut next = used.chain(spoken).max().unwrap_or(0) + 1;
    let mut free: Vec<&Seat> = room.seats.iter().collect();
    let mut place = |mut seat: Seat| {
        match free.iter().position(|old| old.model == seat.model) {
            Some(at) => {
                let old = free.remove(at);
                seat.id = old.id;
                seat.system = seat.system.or_else(|| old.system.clone());
            }
            None => {
                seat.id = SeatId(next);
                next += 1;
            }
        }
        seat
    };
    wanted.into_iter().map(&mut place).collect()
}

/// Seats as the text that the store remembers; `lineup` is that of the config now.
pub(super) fn memory(lineup: Option<&str>, seats: &[Seat]) -> String {
    let rows: Vec<Value> = seats
        .iter()
        .map(|seat| {
            json!({ "model": seat.model.to_string(), "system": seat.system, "params": params_to(&seat.params) })
        })
        .collect();
    json!({ "lineup": lineup, "seats": rows }).to_string()
}

fn params_to(params: &Params) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            out.insert(name.to_owned(), value);
        }
    };
    put("temperature", json!(params.temperature));
    put("top_p", json!(params.top_p));
    put("top_k", json!(params.top_k));
    put("max_tokens", json!(params.max_tokens));
    put("seed", json!(params.seed));
    put("frequency_penalty", json!(params.frequency_penalty));
    put("presence_penalty", json!(params.presence_penalty));
    put("effort", json!(params.effort.map(Effort::name)));
    put("thinking_tokens", json!(params.thinking_tokens));
    put("verbosity", json!(params.verbosity.map(Effort::name)));
    put("format", json!(params.format.as_ref().map(Format::text)));
    put("openrouter", json!(params.openrouter));
    put("extra_body", json!(params.extra_body));
    if !params.stop.is_empty() {
        put("stop", json!(params.stop));
    }
    Value::Object(out)
}

fn params_from(value: &Value) -> Params {
    let stop = value["stop"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Params {
        temperature: value["temperature"].as_f64(),
        top_p: value["top_p"].as_f64(),
        top_k: value["top_k"].as_u64().and_then(|number| u32::try_from(number).ok()),
        max_tokens: value["max_tokens"].as_u64(),
        stop: stop.collect(),
        seed: value["seed"].as_i64(),
        frequency_penalty: value["frequency_penalty"].as_f64(),
        presence_penalty: value["presence_penalty"].as_f64(),
        effort: value["effort"].as_str().and_then(Effort::from_name),
        thinking_tokens: value["thinking_tokens"].as_u64(),
        verbosity: value["verbosity"].as_str().and_then(Effort::from_name),
        format: value["format"].as_str().map(|text| Format::from_text(text.to_owned())),
        openrouter: value["openrouter"].as_str().map(str::to_owned),
        extra_body: value["extra_body"].as_str().map(str::to_owned),
    }
}

#[cfg(test)]
#[path = "lineup_tests.rs"]
mod tests;
