//! What single models of Anthropic's take, as rows: they refuse a request that has a member too
//! many, and want to be told how long a reply may be.
//!
//! An id that is not known here is taken for a newer one of Anthropic's when it says `claude`, and
//! for another server's otherwise.

use crate::chat::Effort;
use crate::chat::ModelRef;

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It cannot think.
    Never,
    /// With a number of tokens.
    Budget,
    /// With a number of tokens, or as it finds right.
    Either,
    /// As it finds right.
    Adaptive,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(super) sampling: bool,
    /// Whether it takes `temperature` and `top_p` together.
    pub(super) both: bool,
    /// How it is told to think.
    pub(super) way: Way,
    /// The efforts that it knows by name, weakest first.
    pub(super) efforts: &'static [Effort],
    /// The most tokens that a reply may have.
    pub(super) most: u64,
}

const fn sampled(both: bool, way: Way, most: u64) -> Model {
    Model { sampling: true, both, way, efforts: &[], most }
}

/// A model of which nothing is known but that it is Anthropic's.
const NEWEST: Model = Model {
    sampling: false,
    both: false,
    way: Way::Adaptive,
    efforts: &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max],
    most: 128_000,
};

/// The first models that think as they find right.
const SIX: Model = Model {
    sampling: true,
    both: false,
    way: Way::Either,
    efforts: &[Effort::Low, Effort::Medium, Effort::High, Effort::Max],
    most: 128_000,
};

/// A model of another server that speaks the format.
const OTHER: Model = sampled(true, Way::Budget, 8_192);

/// How the name of a model ends, without its date. What is not here is [`NEWEST`] or [`OTHER`].
const ROWS: &[(&str, Model)] = &[
    ("claude-3-haiku", sampled(true, Way::Never, 4_096)),
    ("claude-3-sonnet", sampled(true, Way::Never, 4_096)),
    ("claude-3-opus", sampled(true, Way::Never, 4_096)),
    ("claude-3-5-haiku", sampled(true, Way::Never, 8_192)),
    ("claude-3-5-sonnet", sampled(true, Way::Never, 8_192)),
    ("claude-3-7-sonnet", sampled(true, Way::Budget, 64_000)),
    ("claude-sonnet-4", sampled(true, Way::Budget, 64_000)),
    ("claude-sonnet-4-0", sampled(true, Way::Budget, 64_000)),
    ("claude-opus-4", sampled(true, Way::Budget, 32_000)),
    ("claude-opus-4-0", sampled(true, Way::Budget, 32_000)),
    ("claude-opus-4-1", sampled(false, Way::Budget, 32_000)),
    ("claude-sonnet-4-5", sampled(false, Way::Budget, 64_000)),
    ("claude-haiku-4-5", sampled(false, Way::Budget, 64_000)),
    ("claude-opus-4-5", sampled(false, Way::Budget, 64_000)),
    ("claude-sonnet-4-6", SIX),
    ("claude-opus-4-6", SIX),
];

/// What the model of that id takes.
pub(super) fn model(id: &str) -> Model {
    let name = family(id).to_ascii_lowercase().replace('.', "-");
    match ROWS.iter().find(|(end, _)| name.ends_with(end)) {
        Some((_, model)) => *model,
        None if name.contains("claude") => NEWEST,
        None => OTHER,
    }
}

/// An id without the date of its snapshot and what follows it: models of one family take each
/// other's state.
pub(super) fn family(id: &str) -> &str {
    let id = id.strip_suffix("-latest").unwrap_or(id);
    let dated = |at: usize| {
        let digits = id.get(at + 1..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        digits == 8 && id.get(at + 1..at + 3) == Some("20")
    };
    let at =
        id.char_indices().filter(|(_, c)| matches!(c, '-' | '@')).map(|(at, _)| at).find(|at| dated(*at));
    at.and_then(|at| id.get(..at)).unwrap_or(id)
}

/// Whether a model takes the state that another one made, whose name is written with its provider.
pub(super) fn takes_from(model: &ModelRef, maker: &str) -> bool {
    maker
        .parse::<ModelRef>()
        .is_ok_and(|maker| maker.provider == model.provider && family(&maker.id) == family(&model.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_met_with_and_without_their_date() {
        let table = [
            ("claude-3-haiku-20240307", Way::Never, 4_096, true),
            ("claude-3-5-sonnet-latest", Way::Never, 8_192, true),
            ("claude-3-7-sonnet-20250219", Way::Budget, 64_000, true),
            ("claude-opus-4-20250514", Way::Budget, 32_000, true),
            ("claude-opus-4-1-20250805", Way::Budget, 32_000, true),
            ("claude-sonnet-4@20250514", Way::Budget, 64_000, true),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", Way::Budget, 64_000, true),
            ("anthropic/claude-opus-4.5", Way::Budget, 64_000, true),
            ("claude-haiku-4-5", Way::Budget, 64_000, true),
            ("claude-opus-4-6", Way::Either, 128_000, true),
            ("claude-sonnet-4-6", Way::Either, 128_000, true),
            ("claude-opus-4-7", Way::Adaptive, 128_000, false),
            ("claude-opus-4-8-20260401", Way::Adaptive, 128_000, false),
            ("claude-opus-5", Way::Adaptive, 128_000, false),
            ("claude-sonnet-5", Way::Adaptive, 128_000, false),
            ("claude-fable-5", Way::Adaptive, 128_000, false),
            ("claude-opus-4-10", Way::Adaptive, 128_000, false),
            ("kestrel-large-2-20260611", Way::Budget, 8_192, true),
        ];
        for (id, way, most, sampling) in table {
            let found = model(id);
            assert_eq!((found.way, found.most, found.sampling), (way, most, sampling), "{id}");
        }
    }

    #[test]
    fn state_goes_to_the_same_family_of_the_same_provider_only() {
        let model = ModelRef::new("anthropic", "claude-sonnet-4-5");
        for (maker, takes) in [
            ("anthropic/claude-sonnet-4-5", true),
            ("anthropic/claude-sonnet-4-5-20250929", true),
            ("anthropic/claude-sonnet-4-5-latest", true),
            ("anthropic/claude-sonnet-4-6", false),
            ("anthropic/claude-sonnet-4", false),
            ("other/claude-sonnet-4-5", false),
            ("openrouter/anthropic/claude-sonnet-4-5", false),
            ("claude-sonnet-4-5", false),
        ] {
            assert_eq!(takes_from(&model, maker), takes, "{maker}");
        }
        assert_eq!(family("é-20é"), "é-20é");
    }
}
