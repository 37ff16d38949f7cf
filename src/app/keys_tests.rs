//! Which of several keys is taken, as a table.

use super::*;
use crate::app::endpoints::tests::loaded;
use crate::app::endpoints::tests::preset;

/// The name and the way of the key that is taken, and whether it is there.
fn taken(text: &str, env: &[(&str, &str)], kept: &[&str], wanted: Option<&str>) -> (String, String, bool) {
    let loaded = loaded(text);
    let folder = tempfile::tempdir().expect("a folder");
    let paths = crate::config::Paths::find(&Env::of(&[
        ("XDG_CONFIG_HOME", "/nowhere"),
        ("XDG_DATA_HOME", &folder.path().display().to_string()),
    ]))
    .expect("places");
    let keys = Keys {
        env: Env::of(env),
        file: Some(Credentials::of(&paths)),
        kept: [("openai".to_owned(), kept.iter().map(|name| (*name).to_owned()).collect())].into(),
        wanted: wanted.map(str::to_owned),
    };
    let none = ProviderConfig::default();
    let config = loaded.config.providers.get("openai").unwrap_or(&none);
    let chosen = keys.choose("openai", config, Some(&preset("openai", &["OA_KEY"], &[])));
    let way = chosen.source.map_or_else(|| "none".to_owned(), |source| source.describe());
    (chosen.alias, way, chosen.ready)
}

#[test]
fn config_then_variable_then_file() {
    let set = &[("OA_KEY", "sk-var-01234"), ("MINE", "sk-mine-0123")];
    let config = "[provider.openai]\napi_key = { env = \"MINE\" }\n";
    let holds = |text, env: &[(&str, &str)], kept: &[&str], (way, ready)| {
        let (alias, found, there) = taken(text, env, kept, None);
        assert!(found.starts_with(way) && there == ready && alias == "default", "{text} {env:?}: {found}");
    };
    holds(config, set, &["default"], ("the variable MINE", true));
    holds(config, &[], &["default"], ("the variable MINE", false));
    holds("", set, &["default"], ("the variable OA_KEY", true));
    holds("", &[], &["default"], ("the key default of openai in", true));
    holds("", &[], &[], ("the variable OA_KEY is not set", false));
}

#[test]
fn a_name_chooses_among_several() {
    let set = &[("OA_KEY", "sk-var-01234"), ("W", "sk-work-0123")];
    let config = "[provider.openai.keys]\nwork = { env = \"W\" }\n";
    let chosen = "[provider.openai]\nkey = \"work\"\nkeys = { work = { env = \"W\" } }\n";
    let alias = |text: &str, kept: &[&str], wanted| taken(text, set, kept, wanted).0;
    assert_eq!(alias(config, &[], None), "default");
    assert_eq!(alias(config, &[], Some("work")), "work");
    assert_eq!(alias(chosen, &[], None), "work");
    assert_eq!(alias(chosen, &["home"], Some("home")), "home", "the command line wins over the config");
    assert_eq!(alias("", &["home"], Some("nowhere")), "default", "one that it has not is told elsewhere");
    assert_eq!(taken("", &[], &["home"], None).0, "home", "the only one that there is");
    assert_eq!(taken("", &[], &["home", "work"], None).0, "default");
    assert!(
        taken(config, set, &["work"], Some("work")).1.starts_with("the variable W"),
        "config before file"
    );
}
