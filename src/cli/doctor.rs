//! `salon doctor` on paper: what was looked at, and what is wrong with it. The looking is done by
//! the root; nothing is asked or read here.

use serde_json::{Value, json};

use crate::cli::args::DoctorArgs;
use crate::cli::args::ListFormat;
use crate::cli::json::line;
use crate::cli::json::object;
use crate::cli::out::Out;
use crate::text::Untrusted;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it must be, or only good to know.
    Well,
    /// Not as it must be.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is about: `config`, `keys`, `terminal`, the name of a provider.
    pub about: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub hint: String,
}

impl Check {
    /// Something that is as it must be.
    #[must_use]
    pub fn well(about: &str, text: impl Into<String>) -> Self {
        Self { about: about.to_owned(), health: Health::Well, text: text.into(), hint: String::new() }
    }

    /// Something that is not, and what to do.
    #[must_use]
    pub fn wrong(about: &str, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { about: about.to_owned(), health: Health::Wrong, text: text.into(), hint: hint.into() }
    }
}

/// Prints what is wrong, or all of it, and gives the exit status: 1 when something is wrong.
pub fn print(args: &DoctorArgs, checks: &[Check], out: &mut Out) -> u8 {
    let wrong = checks.iter().filter(|check| check.health == Health::Wrong).count();
    let shown = checks.iter().filter(|check| args.verbose || check.health == Health::Wrong);
    match args.format {
        ListFormat::Json => {
            let shown: Vec<Value> = shown.map(member).collect();
            let looked_at = ("looked_at", json!(checks.len()));
            out.line(line(&object([("wrong", json!(wrong)), looked_at, ("checks", Value::Array(shown))])));
        }
        ListFormat::Table => {
            for check in shown {
                let mark = if check.health == Health::Wrong { "wrong" } else { "ok" };
                let safe = |text: &str| Untrusted::from(text).line().into_owned();
                out.line(format_args!("{mark:<6}{:<12} {}", safe(&check.about), safe(&check.text)));
                if !check.hint.is_empty() {
                    out.line(format_args!("{:<18} {}", "", safe(&check.hint)));
                }
            }
            if wrong == 0 {
                out.line(format_args!("nothing is wrong; looked at: {}", checks.len()));
            }
        }
    }
    u8::from(wrong > 0)
}

fn member(check: &Check) -> Value {
    object([
        ("about", json!(check.about)),
        ("ok", json!(check.health == Health::Well)),
        ("text", json!(check.text)),
        ("hint", json!(check.hint)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::out::tests::pages;

    #[test]
    fn only_what_is_wrong_is_named_unless_all_is_asked_for() {
        let checks = [Check::well("config", "is there"), Check::wrong("groq", "refuses\u{1b}[2J", "log in")];
        let told = |verbose, format| {
            let (mut out, stdout, _) = pages(false);
            let args = DoctorArgs { verbose, format, ..DoctorArgs::default() };
            let code = print(&args, &checks, &mut out);
            out.flush();
            (code, stdout.text())
        };
        let (code, text) = told(false, ListFormat::Table);
        assert_eq!((code, text.lines().count()), (1, 2), "{text}");
        assert!(
            text.starts_with("wrong groq") && text.contains("log in") && !text.contains('\u{1b}'),
            "{text:?}"
        );
        assert!(told(true, ListFormat::Table).1.contains("ok    config"));
        let (_, text) = told(false, ListFormat::Json);
        assert!(
            text.starts_with(r#"{"wrong":1,"looked_at":2,"checks":[{"about":"groq","ok":false"#),
            "{text}"
        );
    }

    #[test]
    fn nothing_wrong_is_0() {
        let (mut out, stdout, _) = pages(false);
        assert_eq!(print(&DoctorArgs::default(), &[Check::well("config", "is there")], &mut out), 0);
        out.flush();
        assert_eq!(stdout.text(), "nothing is wrong; looked at: 1\n");
    }
}
