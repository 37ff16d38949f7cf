//! The loader against folders of configs: what is right loads, what is wrong says so in the words
//! that stand beside it, and no prefix of anything makes it fall over (safety R61).

use super::*;

fn folder(name: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let mut found: Vec<(String, String)> = std::fs::read_dir(path)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("read");
            (path.display().to_string(), text)
        })
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn read(text: &str) -> Result<Loaded, ConfigErrors> {
    parse(Path::new("config.toml"), text.to_owned())
}

#[test]
fn valid_configs_load_without_a_word() {
    for (name, text) in folder("valid_configs") {
        let loaded = read(&text).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
        assert_eq!(loaded.notices, [], "{name}");
    }
}

#[test]
fn invalid_configs_say_what_is_wrong() {
    for (name, text) in folder("invalid_configs") {
        if cfg!(feature = "keyring") && name.ends_with("/keyring.toml") {
            continue;
        }
        let want = std::fs::read_to_string(name.replace(".toml", ".txt")).expect("the message stands beside");
        let told = read(&text).expect_err(&name).to_string();
        for line in want.lines().filter(|line| !line.is_empty()) {
            assert!(told.contains(line), "{name}: {line:?} is missing in\n{told}");
        }
        assert!(!told.contains("CANARY"), "{name} shows a key:\n{told}");
        assert!(told.contains("config.toml:"), "{name}:\n{told}");
    }
}

#[test]
fn no_prefix_falls_over() {
    let every = |step: usize, text: String| {
        for at in (0..=text.len()).step_by(step) {
            let Some(prefix) = text.get(..at) else { continue };
            let told = read(prefix).map_or_else(|errors| errors.to_string(), |_| String::new());
            assert!(!told.contains("CANARY"), "{told}");
        }
    };
    folder("valid_configs").into_iter().for_each(|(_, text)| every(1, text));
    every(23, uncommented_default());
}

/// The shipped config with every key switched on; lines of prose stay comments.
fn uncommented_default() -> String {
    let mut seen = Vec::new();
    let mut out = String::new();
    for line in DEFAULT.lines() {
        let code = line.strip_prefix("# ").filter(|code| {
            let name = code.split('=').next().unwrap_or_default().trim();
            let key = name.trim_matches('"');
            code.starts_with('[') || code.contains(" = ") && !key.contains(' ')
        });
        match code {
            Some(code) if code.starts_with('[') => {
                seen.clear();
                out.push_str(code);
            }
            // Of several ways to write one key the first is taken.
            Some(code) => {
                let name = code.split(" = ").next().unwrap_or_default().to_owned();
                if !seen.contains(&name) {
                    out.push_str(code);
                    seen.push(name);
                }
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[test]
fn the_shipped_config_is_all_comments_and_names_every_key() {
    assert!(DEFAULT.lines().all(|line| line.is_empty() || line.starts_with('#')));
    let loaded = read(&uncommented_default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.notices, []);
    for name in schema::all_names() {
        let written =
            [format!("# {name} = "), format!("{{ {name} = "), format!(", {name} = "), format!("# [{name}")];
        assert!(written.iter().any(|form| DEFAULT.contains(form)), "default.toml does not tell {name}");
    }
}

#[test]
fn the_example_of_the_product_page_is_read() {
    let loaded = read(include_str!("../../tests/valid_configs/product.toml")).expect("valid");
    let config = loaded.config;
    assert_eq!(config.lineup.as_deref(), Some("daily"));
    assert_eq!(config.budget.day, Some(Pico(5 * Pico::DOLLAR.0)));
    let sonnet = &config.models[&ModelRef::new("openrouter", "anthropic/claude-sonnet-4.5")];
    assert_eq!(sonnet.alias.as_deref(), Some("sonnet"));
    assert_eq!(sonnet.price.cache_write.as_deref(), Some("3.75"));
    assert_eq!(sonnet.params.max_tokens, Some(4000));
    let daily = &config.lineups["daily"];
    assert_eq!(daily.len(), 3);
    assert_eq!(daily[2].system.as_deref(), Some("Answer in one paragraph."));
    assert_eq!(config.providers["lab"].base_url.as_deref(), Some("http://127.0.0.1:8000/v1"));
    assert_eq!(
        config.providers["openrouter"].key,
        Some(KeyConfig::Env(vec!["OPENROUTER_API_KEY".to_owned()]))
    );
}

#[test]
fn money_keeps_its_digits() {
    let loaded =
        read("[budget]\nday = 0.1\n[model.\"a/b\"]\nprice = { input = 0.000001, output = \"2.8e-05\" }\n");
    let config = loaded.expect("valid").config;
    assert_eq!(config.budget.day, Some(Pico(100_000_000_000)));
    let price = &config.models[&ModelRef::new("a", "b")].price;
    assert_eq!(price.input.as_deref(), Some("0.000001"));
    assert_eq!(price.output.as_deref(), Some("2.8e-05"));
}

#[test]
fn a_price_that_is_none_is_told_and_stays() {
    let loaded = read("[model.\"a/b\"]\nprice = { input = \"cheap\" }\n").expect("valid");
    assert_eq!(loaded.notices.len(), 1);
    assert!(
        loaded.notices[0].text.contains("config.toml:2:19: this is no price"),
        "{}",
        loaded.notices[0].text
    );
    assert_eq!(loaded.config.models[&ModelRef::new("a", "b")].price.input.as_deref(), Some("cheap"));
}

#[test]
fn a_bad_keymap_is_told_and_left_out() {
    let loaded =
        read("[keys.globl]\n\"ctrl-p\" = \"palette\"\n[keys.pane]\nx = 1\ny = \"again\"\n").expect("valid");
    assert_eq!(loaded.notices.len(), 2);
    assert!(loaded.notices[0].text.contains("did you mean [keys.global]?"));
    assert_eq!(loaded.config.keys["pane"].len(), 1);
}

#[test]
fn all_errors_come_at_once_in_the_order_of_the_file() {
    let told = read("lineup = 3\n[ui]\nthem = \"a\"\nmouse = 1\n[budget]\nday = \"x\"\n")
        .expect_err("wrong")
        .to_string();
    let places: Vec<&str> = ["config.toml:1:10", "config.toml:3:1", "config.toml:4:9", "config.toml:6:7"]
        .into_iter()
        .filter(|place| told.contains(place))
        .collect();
    assert_eq!(places.len(), 4, "{told}");
}

#[test]
fn extra_bodies_become_json() {
    let loaded = read("[provider.a]\nextra_body = { a = [1, 2.50, true], b = { c = \"x\\\"\\n\" } }\n")
        .expect("valid");
    let body = loaded.config.providers["a"].extra_body.clone().expect("a body");
    assert_eq!(body, r#"{"a":[1,2.50,true],"b":{"c":"x\"\n"}}"#);
}

#[test]
fn which_file_counts() {
    let paths = Paths::find(&Env::of(&[("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "/d")]));
    let env = Env::of(&[("SALON_CONFIG", "/from/env.toml")]);
    let flag = Path::new("/flag.toml");
    assert_eq!(which(Some(flag), &env, paths.as_ref()), Some((flag.to_path_buf(), true)));
    assert_eq!(which(None, &env, paths.as_ref()), Some((PathBuf::from("/from/env.toml"), true)));
    let own = Some((PathBuf::from("/c/salon/config.toml"), false));
    assert_eq!(which(None, &Env::of(&[]), paths.as_ref()), own);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.toml");
    assert!(load(Some(&missing), &Env::of(&[]), None).is_err());
    let env = Env::of(&[("XDG_CONFIG_HOME", "/nowhere"), ("XDG_DATA_HOME", "/nowhere")]);
    assert!(load(None, &env, Paths::find(&env).as_ref()).is_ok());
    std::fs::write(&missing, b"lineup = \"\xff\"").expect("written");
    let told = load(Some(&missing), &Env::of(&[]), None).expect_err("no text").to_string();
    assert!(told.contains("line 1 is not UTF-8"), "{told}");
}
