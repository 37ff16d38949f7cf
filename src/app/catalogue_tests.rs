//! Lists on disk and lists that come: what stays, what is replaced, and what is told of a model.

use super::*;
use crate::chat::Redactor;
use crate::config::Env;
use crate::provider::presets;

const HOUR: i64 = 60 * 60 * 1000;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn paths(&self) -> Paths {
        let at = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let (config, data, cache) = (at("config"), at("data"), at("cache"));
        let env =
            Env::of(&[("XDG_CONFIG_HOME", &config), ("XDG_DATA_HOME", &data), ("XDG_CACHE_HOME", &cache)]);
        Paths::find(&env).expect("places")
    }

    /// Lists of a program that has just started.
    fn lists(&self) -> Lists {
        Lists::new(Some(self.paths()), PriceBook::default(), Http::new(Redactor::default()))
    }
}

fn endpoint() -> Endpoint {
    let loaded = crate::config::Loaded::empty();
    let (keys, _) = crate::app::keys::Keys::find(Env::of(&[]), None);
    let (endpoints, _) = crate::app::endpoints::Endpoints::build(&loaded, presets(), &keys);
    endpoints.get("openrouter").expect("known").endpoint.clone()
}

fn body(ids: &[&str]) -> Vec<String> {
    let items: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"id":"{id}","pricing":{{"prompt":"0.000001","completion":"0.000002"}}}}"#))
        .collect();
    vec![format!(r#"{{"data":[{}]}}"#, items.join(","))]
}

fn model(id: &str) -> ModelRef {
    ModelRef::new("openrouter", id)
}

fn told(lists: &Lists, id: &str) -> String {
    lists.doubt(&model(id), Dialect::OpenRouter).map(|notice| notice.text).unwrap_or_default()
}

#[test]
fn a_list_that_came_is_there_at_the_next_start() {
    let (place, endpoint) = (Place::new(), endpoint());
    let at = Millis(Millis::now().0 - HOUR);
    let first = place.lists();
    assert!(first.load(&endpoint).is_none() && first.taken("openrouter").is_none());
    let brought = first.receive(&endpoint, body(&["a/b", "a/c"]), at).expect("a list");
    assert_eq!((brought.count, brought.unkept), (2, None));

    let next = place.lists();
    assert_eq!(next.load(&endpoint), None);
    let taken = next.taken("openrouter").expect("taken");
    assert_eq!((taken.at, taken.count, taken.has_prices), (at, 2, true));
    assert!(next.book.price_at(&model("a/b"), Tariff::Metered, 0).is_some());
    assert!(!next.is_due("openrouter", Millis::now()));
    assert!(next.is_due("openrouter", Millis(at.0 + 24 * HOUR)));
    assert!(next.is_due("openai", Millis::now()), "what was never asked for");
    // The same name for another server: its list is another one.
    let moved = Endpoint { base_url: "https://other.example/v1".to_owned(), ..endpoint };
    let other = place.lists();
    assert!(other.load(&moved).is_none() && other.taken("openrouter").is_none());
}

#[test]
fn older_lists_never_take_the_place_of_newer_ones() {
    let (place, endpoint) = (Place::new(), endpoint());
    let now = Millis::now();
    let (slow, fast) = (place.lists(), place.lists());
    fast.receive(&endpoint, body(&["new/one"]), now).expect("a list");
    slow.receive(&endpoint, body(&["old/one"]), Millis(now.0 - HOUR)).expect("a list");
    let next = place.lists();
    next.load(&endpoint);
    assert_eq!(next.taken("openrouter").map(|taken| taken.at), Some(now), "another instance was faster");
    fast.receive(&endpoint, body(&["old/one"]), Millis(now.0 - HOUR)).expect("a list");
    assert_eq!(fast.taken("openrouter").map(|taken| taken.at), Some(now));
    // A clock that was wrong does not keep its list for ever.
    fast.receive(&endpoint, body(&["far/one"]), Millis(now.0 + 48 * HOUR)).expect("a list");
    let next = place.lists();
    assert!(next.load(&endpoint).is_none() && next.taken("openrouter").is_none());
    next.receive(&endpoint, body(&["right/one"]), now).expect("a list");
    let next = place.lists();
    next.load(&endpoint);
    assert_eq!(next.taken("openrouter").map(|taken| taken.at), Some(now));
}

#[test]
fn what_is_no_list_leaves_the_one_that_is_there() {
    let (place, endpoint) = (Place::new(), endpoint());
    let lists = place.lists();
    let then = Millis(Millis::now().0 - HOUR);
    lists.receive(&endpoint, body(&["a/b"]), then).expect("a list");
    for garbage in ["<html>", "{}", r#"{"data":[]}"#, r#"{"data":[7,{"id":3}]}"#, r#"{"error":{"code":500}}"#]
    {
        let fault = lists.receive(&endpoint, vec![garbage.to_owned()], Millis::now()).expect_err(garbage);
        assert_eq!(fault.class, FaultClass::Protocol, "{garbage}");
        let next = place.lists();
        next.load(&endpoint);
        assert_eq!(
            next.taken("openrouter").map(|taken| (taken.at, taken.count)),
            Some((then, 1)),
            "{garbage}"
        );
    }
}

#[test]
fn a_damaged_file_is_told_and_left_out() {
    let (place, endpoint) = (Place::new(), endpoint());
    let path = place.paths().models("openrouter");
    for damage in [
        "",
        "{\"form\":1",
        "not JSON",
        "[]",
        "{\"form\":1,\"at\":1,\"dialect\":\"x\",\"base_url\":\"\",\"pages\":[]}",
    ] {
        write_private(&path, damage.as_bytes()).expect("written");
        let lists = place.lists();
        let notice = lists.load(&endpoint).unwrap_or_else(|| panic!("{damage:?} is not told"));
        assert!(
            notice.text.contains("openrouter.json") && notice.text.contains("--refresh"),
            "{}",
            notice.text
        );
        assert!(lists.taken("openrouter").is_none());
        lists.receive(&endpoint, body(&["a/b"]), Millis::now()).expect("a list");
        assert_eq!(place.lists().load(&endpoint), None, "it was written anew");
    }
}

#[test]
fn a_model_that_is_not_listed_is_told_with_the_nearest() {
    let (place, endpoint) = (Place::new(), endpoint());
    let lists = place.lists();
    assert_eq!(told(&lists, "anything"), "", "nothing is known yet");
    let mut pages = body(&["kestrel/kestrel-large-2", "kestrel/kestrel-small-2", "openrouter/auto"]);
    pages.push(
        r#"{"data":[{"id":"ember/ember-12b","canonical_slug":"ember/ember-12b-2026","expiration_date":"2026-09-30"}]}"#
            .to_owned(),
    );
    lists.receive(&endpoint, pages, Millis::now()).expect("a list");
    for fine in ["kestrel/kestrel-large-2", "kestrel/kestrel-large-2:nitro", "auto"] {
        assert_eq!(told(&lists, fine), "", "{fine}");
    }
    let text = told(&lists, "kestrel/kestral-large-2");
    assert!(text.contains("asked all the same. did you mean openrouter/kestrel/kestrel-large-2"), "{text}");
    let text = told(&lists, "nothing/like-this-at-all");
    assert!(text.contains("`salon models --provider openrouter`"), "{text}");
    assert!(told(&lists, "kestrel/kestrel-large-2:free").contains("not in the list"));
    let text = told(&lists, "ember/ember-12b");
    assert!(text.contains("gone after 2026-09-30"), "{text}");
    assert!(!told(&lists, "ember/ember-12b-2026").contains("not in the list"));
}

#[test]
fn ages_are_told_in_words() {
    for (minutes, words) in
        [(0, "just now"), (90, "90 min old"), (180, "3 h old"), (2880, "2 days old"), (-5, "just now")]
    {
        assert_eq!(age(Millis(10_000_000_000), Millis(10_000_000_000 + minutes * 60_000)), words);
    }
}
