//! Which models `salon models` prints: the words of its flags, and what fits them. What is not told
//! of a model fits no filter: nobody wants to find out by paying.

use clap::ValueEnum;

use crate::chat::Pico;
use crate::chat::Tariff;
use crate::cli::args::ModelsArgs;
use crate::cli::models::ModelLine;
use crate::price::Price;

/// What may be sent to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputKind {
    /// Pictures
    Image,
    /// Documents
    File,
    /// Sound
    Audio,
    /// Films
    Video,
}

/// What a model answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputKind {
    /// Pictures
    Image,
    /// Sound
    Audio,
}

/// The most that a million tokens may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPrice {
    /// Input; `None`: anything.
    pub input: Option<Pico>,
    /// Output.
    pub output: Pico,
}

/// How a model is paid for: what is free, local, paid otherwise and unknown are different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// By the token.
    Priced,
    /// Its provider asks nothing for it.
    Free,
    /// It runs on a machine of the user's.
    Local,
    /// By a plan, and nothing by the token.
    Subscription,
    /// Play money.
    Play,
    /// Nobody knows.
    Unknown,
}

impl Cost {
    /// Of a model.
    #[must_use]
    pub fn of(model: &ModelLine) -> Self {
        match (model.tariff, model.price.is_some()) {
            (Tariff::Local, _) => Self::Local,
            (Tariff::Play, _) => Self::Play,
            (Tariff::Subscription, _) => Self::Subscription,
            (Tariff::Free, _) => Self::Free,
            (Tariff::Metered, true) => Self::Priced,
            (Tariff::Metered, false) => Self::Unknown,
        }
    }

    /// The name in the JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Priced => "priced",
            Self::Free => "free",
            Self::Local => "local",
            Self::Subscription => "subscription",
            Self::Play => "play",
            Self::Unknown => "unknown",
        }
    }
}

/// A count of tokens, with `k` for thousands and `m` for millions.
///
/// # Errors
/// In words, when it is none.
pub fn tokens(text: &str) -> Result<u64, String> {
    let lower = text.to_lowercase();
    let (digits, unit) = match lower.strip_suffix('k') {
        Some(digits) => (digits, 1000),
        None => lower.strip_suffix('m').map_or((lower.as_str(), 1), |digits| (digits, 1_000_000)),
    };
    let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    count.ok_or_else(|| "write a count of tokens, as in 200000, 128k or 1m".to_owned())
}

/// A price of a million tokens: of output, or of input and output with a slash between.
///
/// # Errors
/// In words, when it is none.
pub fn max_price(text: &str) -> Result<MaxPrice, String> {
    let read = |text: &str| Pico::from_usd_per_million(text).ok().filter(|price| *price >= Pico::ZERO);
    let found = match text.split_once('/') {
        Some((input, output)) => {
            read(input).zip(read(output)).map(|(input, output)| MaxPrice { input: Some(input), output })
        }
        None => read(text).map(|output| MaxPrice { input: None, output }),
    };
    found.ok_or_else(|| "write dollars per million tokens of output, or IN/OUT, as in 2 or 0.5/2".to_owned())
}

/// The models that fit the flags and the query. Where no name has all the words of the query in it,
/// those count that have its letters in that order.
pub fn fitting<'a>(args: &ModelsArgs, models: &'a [ModelLine]) -> Vec<&'a ModelLine> {
    let fits: Vec<&ModelLine> = models.iter().filter(|model| has_all(args, model)).collect();
    let query = args.query.join(" ").to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let named = |model: &ModelLine| {
        let name = names(model);
        words.iter().all(|word| name.contains(word))
    };
    let found: Vec<&ModelLine> = fits.iter().copied().filter(|model| named(model)).collect();
    if !found.is_empty() {
        return found;
    }
    let letters: String = words.concat();
    let in_order = |model: &&ModelLine| {
        let name = names(model);
        let mut name = name.chars();
        letters.chars().all(|letter| name.any(|c| c == letter))
    };
    fits.into_iter().filter(in_order).collect()
}

fn names(model: &ModelLine) -> String {
    let name = model.info.name.as_deref().unwrap_or_default();
    let alias = model.alias.as_deref().unwrap_or_default();
    format!("{} {alias} {name}", model.info.model).to_lowercase()
}

fn has_all(args: &ModelsArgs, model: &ModelLine) -> bool {
    let can = &model.info.abilities;
    let has = |list: &Option<Vec<String>>, kind: &str| {
        list.as_ref().is_some_and(|list| list.iter().any(|one| one == kind))
    };
    let cost = Cost::of(model);
    (args.provider.is_empty() || args.provider.contains(&model.info.model.provider))
        && (!args.free || cost == Cost::Free)
        && args
            .max_price
            .is_none_or(|most| is_within(most, cost, model.price.as_ref().map(|(price, _)| price)))
        && args.min_context.is_none_or(|least| model.info.context.is_some_and(|context| context >= least))
        && args.input.iter().all(|kind| has(&can.input, word(*kind)))
        && args.output.iter().all(|kind| {
            has(
                &can.output,
                match kind {
                    OutputKind::Image => "image",
                    OutputKind::Audio => "audio",
                },
            )
        })
        && (!args.tools || can.tools == Some(true))
        && (!args.reasoning || can.reasoning == Some(true))
        && (!args.expiring || model.info.expires.is_some())
}

fn word(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Image => "image",
        InputKind::File => "file",
        InputKind::Audio => "audio",
        InputKind::Video => "video",
    }
}

fn is_within(most: MaxPrice, cost: Cost, price: Option<&Price>) -> bool {
    match (cost, price) {
        (Cost::Local | Cost::Free | Cost::Subscription, _) => true,
        (_, Some(price)) => {
            price.output <= most.output && most.input.is_none_or(|input| price.input <= input)
        }
        (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_prices_are_read() {
        for (text, count) in [("200000", 200_000), ("128k", 128_000), ("1m", 1_000_000), ("2M", 2_000_000)] {
            assert_eq!(tokens(text), Ok(count), "{text}");
        }
        for wrong in ["", "k", "12g", "-1", "1.5m", "99999999999999999999m"] {
            assert!(tokens(wrong).is_err_and(|why| why.contains("128k")), "{wrong}");
        }
        assert_eq!(max_price("2"), Ok(MaxPrice { input: None, output: Pico(2_000_000) }));
        let both = MaxPrice { input: Some(Pico(500_000)), output: Pico(2_000_000) };
        assert_eq!(max_price("0.5/2"), Ok(both));
        for wrong in ["", "/", "1/", "cheap", "-1", "1/2/3"] {
            assert!(max_price(wrong).is_err_and(|why| why.contains("IN/OUT")), "{wrong}");
        }
    }
}
