//! `salon models`: the models that are known without asking anybody.

use serde_json::{Value, json};

use crate::chat::ModelInfo;
use crate::chat::Pico;
use crate::chat::usd;
use crate::cli::args::ListFormat;
use crate::cli::args::ModelsArgs;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::out::Out;
use crate::cli::table;
use crate::price::Origin;
use crate::price::Price;
use crate::text::Untrusted;

/// A model and what is known of it.
#[derive(Clone, Debug)]
pub struct ModelLine {
    /// What the config and the book say.
    pub info: ModelInfo,
    /// The short name of the config.
    pub alias: Option<String>,
    /// What it costs, and who says so.
    pub price: Option<(Price, Origin)>,
    /// Whether its provider has a key, or needs none.
    pub ready: bool,
}

/// Prints the models and gives the exit status: 1 when none fits the query.
pub fn run(args: &ModelsArgs, models: &[ModelLine], out: &mut Out) -> u8 {
    let query = args.query.as_deref().unwrap_or_default().to_lowercase();
    let fits = |model: &&ModelLine| {
        let names = [Some(model.info.model.to_string()), model.info.name.clone(), model.alias.clone()];
        names.into_iter().flatten().any(|name| name.to_lowercase().contains(&query))
    };
    let found: Vec<&ModelLine> = models.iter().filter(fits).collect();
    if found.is_empty() {
        out.tell(&format!(
            "salon: no model that is known without a network has {} in its name",
            Untrusted::from(query.as_str()).line()
        ));
    }
    match args.format {
        ListFormat::Json => out.line(line(&Value::Array(found.iter().map(|model| member(model)).collect()))),
        ListFormat::Table if found.is_empty() => {}
        ListFormat::Table => {
            let columns = [
                ("model", false),
                ("alias", false),
                ("in $/M", true),
                ("out $/M", true),
                ("context", true),
                ("", false),
            ];
            let rows: Vec<Vec<String>> = found.iter().map(|model| cells(model)).collect();
            table::lines(&columns, &rows).iter().for_each(|line| out.line(line));
        }
    }
    u8::from(found.is_empty())
}

/// Dollars per million tokens, exact.
fn per_million(price: Pico) -> String {
    usd(i128::from(price.0) * 1_000_000)
}

fn cells(model: &ModelLine) -> Vec<String> {
    let price = |part: fn(&Price) -> Pico| match &model.price {
        Some((_, Origin::Local)) => "local".to_owned(),
        Some((price, _)) => per_million(part(price)),
        None => "?".to_owned(),
    };
    vec![
        Untrusted::from(model.info.model.to_string()).line().into_owned(),
        model.alias.as_deref().map(|alias| Untrusted::from(alias).line().into_owned()).unwrap_or_default(),
        price(|price| price.input),
        price(|price| price.output),
        model.info.context.map(|context| context.to_string()).unwrap_or_default(),
        if model.ready { String::new() } else { "no key".to_owned() },
    ]
}

fn member(model: &ModelLine) -> Value {
    let price = model.price.as_ref().map_or(Value::Null, |(price, origin)| {
        object([
            ("input", json!(per_million(price.input))),
            ("output", json!(per_million(price.output))),
            ("cache_read", json!(price.cache_read.map(per_million))),
            ("cache_write", json!(price.cache_write.map(per_million))),
            ("source", json!(format!("{origin:?}").to_lowercase())),
        ])
    });
    object([
        ("model", json!(model.info.model.to_string())),
        ("name", json!(model.info.name)),
        ("alias", json!(model.alias)),
        ("price", price),
        ("context", json!(model.info.context)),
        ("max_output", json!(model.info.max_output)),
        ("ready", json!(model.ready)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ModelRef;
    use crate::cli::out::tests::pages;

    fn line(provider: &str, id: &str, price: Option<(Price, Origin)>) -> ModelLine {
        let info = ModelInfo { context: Some(8192), ..ModelInfo::bare(ModelRef::new(provider, id)) };
        ModelLine { info, alias: None, price, ready: provider == "demo" }
    }

    #[test]
    fn prices_are_told_per_million_and_unknown_is_a_question() {
        let price = Price { input: Pico(3_000_000), output: Pico(150_000), ..Price::default() };
        let models = [line("demo", "echo", Some((price, Origin::Book))), line("lab", "x", None)];
        let (mut out, stdout, _) = pages(false);
        let args = ModelsArgs { query: None, format: ListFormat::Table };
        assert_eq!(run(&args, &models, &mut out), 0);
        let args = ModelsArgs { query: Some("ECHO".to_owned()), format: ListFormat::Json };
        assert_eq!(run(&args, &models, &mut out), 0);
        out.flush();
        let text = stdout.text();
        assert!(text.lines().nth(1).is_some_and(|row| row.contains(" 3 ") && row.contains("0.15")), "{text}");
        assert!(
            text.lines().nth(2).is_some_and(|row| row.contains('?') && row.ends_with("no key")),
            "{text}"
        );
        assert!(
            text.contains(r#""price":{"input":"3","output":"0.15""#) && !text.contains("\"lab/x\""),
            "{text}"
        );
    }

    #[test]
    fn nothing_found_is_1() {
        let (mut out, _, stderr) = pages(false);
        let args = ModelsArgs { query: Some("zebra".to_owned()), format: ListFormat::Table };
        assert_eq!(run(&args, &[], &mut out), 1);
        assert!(stderr.text().contains("zebra"));
    }
}
