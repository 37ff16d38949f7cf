//! What `ask` is asked: the prompt from the words, from standard input, or from both, and the
//! flags as values. Everything that can be wrong with them is told here, before anything is sent.

use std::io::{IsTerminal, Read};
use std::sync::mpsc;
use std::time::Duration;

use crate::chat::Effort;
use crate::chat::Format;
use crate::chat::Media;
use crate::chat::Params;
use crate::chat::Pico;
use crate::cli::args::AskArgs;
use crate::cli::attach;
use crate::cli::out::Out;
use crate::config::nearest;
use crate::text::Untrusted;

/// Larger inputs are refused; no model takes them.
const LARGEST: u64 = 64 * 1024 * 1024;

/// After so long a silence of standard input it is said that it is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `ask` will ask.
#[derive(Debug, PartialEq)]
pub struct Question {
    /// The prompt.
    pub prompt: String,
    /// What goes along with it.
    pub attachments: Vec<Media>,
    /// Parameters of every seat.
    pub params: Params,
    /// The most that it may cost.
    pub max_cost: Option<Pico>,
    /// When what has not ended is stopped.
    pub timeout: Option<Duration>,
}

/// Reads prompt and flags; waits for standard input where it is used.
///
/// # Errors
/// The sentence to tell; the exit status is 2.
pub fn read(args: &AskArgs, out: &mut Out) -> Result<Question, String> {
    if args.raw && out.is_terminal() && !args.force {
        return Err(
            "--raw prints control characters of the reply as they are, and standard output is a terminal.\n\
             Send it to a file or a pipe, or add --force."
                .to_owned(),
        );
    }
    let params = params(&args.params)?;
    let max_cost = args.max_cost.as_deref().map(max_cost).transpose()?;
    let timeout = args.timeout.as_deref().map(seconds).transpose()?;
    let word = args.prompt.as_deref().filter(|prompt| *prompt != "-");
    let dash = args.prompt.as_deref() == Some("-");
    if dash && args.no_input {
        return Err("- is standard input, and -n says not to read it; leave one of them out".to_owned());
    }
    let stdin = std::io::stdin();
    let input = if args.no_input || (stdin.is_terminal() && !dash) {
        None
    } else {
        Some(decode(patiently(stdin, out)?)?)
    };
    let attached = attach::read(&args.attach)?;
    let prompt = match join(word, input.as_deref()) {
        // Files alone are a question too.
        Err(_) if !attached.media.is_empty() || !attached.text.is_empty() => String::new(),
        other => other?,
    };
    let prompt = attached.under(&prompt);
    Ok(Question { prompt, attachments: attached.media, params, max_cost, timeout })
}

/// The argument first, then the input.
fn join(word: Option<&str>, input: Option<&str>) -> Result<String, String> {
    let word = word.filter(|word| !word.trim().is_empty());
    let input =
        input.map(|input| input.strip_suffix('\n').unwrap_or(input)).filter(|input| !input.trim().is_empty());
    match (word, input) {
        (Some(word), Some(input)) => Ok(format!("{word}\n\n{input}")),
        (Some(text), None) | (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => {
            Err("there is nothing to ask. Give a prompt, as in: salon ask \"Why is the sky blue?\",\n\
             or send one in, as in: salon ask < question.txt"
                .to_owned())
        }
    }
}

/// Reads to the end. When nothing comes for a while, standard error says what is waited for.
fn patiently(input: impl Read + Send + 'static, out: &mut Out) -> Result<Vec<u8>, String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = input.take(LARGEST + 1).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| bytes));
    });
    let bytes = receiver.recv_timeout(PATIENCE).or_else(|_| {
        out.tell("salon: waiting for the end of standard input; -n reads none");
        receiver.recv()
    });
    let bytes = bytes.map_err(|_| "standard input cannot be read".to_owned())?;
    let bytes = bytes.map_err(|error| format!("standard input cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err("standard input is larger than 64 MiB; nothing was sent".to_owned());
    }
    Ok(bytes)
}

fn decode(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("standard input is not UTF-8 text: byte {} is none of it. Nothing was sent.", at + 1)
    })
}

fn max_cost(text: &str) -> Result<Pico, String> {
    Pico::from_usd(text)
        .ok()
        .filter(|amount| *amount >= Pico::ZERO)
        .ok_or_else(|| format!("--max-cost {}: write dollars, as in --max-cost 0.05", shown(text)))
}

/// Seconds, with decimals or without.
fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=1e9).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("--timeout {}: write seconds, as in --timeout 60", shown(text)))
}

/// `K=V`, once for each.
pub(super) fn params(pairs: &[String]) -> Result<Params, String> {
    let mut params = Params::default();
    for pair in pairs {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            format!("--param {}: write a name and a value, as in temperature=0.2", shown(pair))
        })?;
        let row = PARAMS.iter().find(|(known, _, _)| *known == name).ok_or_else(|| {
            let names = PARAMS.iter().map(|(name, _, _)| *name);
            match nearest(name, names.clone()) {
                Some(near) => format!("--param {}: did you mean {near}?", shown(name)),
                None => {
                    format!("--param {}: known are {}", shown(name), names.collect::<Vec<_>>().join(", "))
                }
            }
        })?;
        (row.2)(&mut params, value)
            .ok_or_else(|| format!("--param {name}={}: must be {}", shown(value), row.1))?;
    }
    Ok(params)
}

/// Sets one parameter from its text; `None` when the text is no value of it.
type Setter = fn(&mut Params, &str) -> Option<()>;

/// A parameter: its name, what its value must be, and how it is set.
const PARAMS: &[(&str, &str, Setter)] = &[
    ("temperature", "a number from 0 to 2", |p, v| set(&mut p.temperature, number(v, 0.0, 2.0))),
    ("top_p", "a number from 0 to 1", |p, v| set(&mut p.top_p, number(v, 0.0, 1.0))),
    ("top_k", "a whole number from 1", |p, v| set(&mut p.top_k, v.parse().ok().filter(|n| *n > 0))),
    ("max_tokens", "a whole number from 1", |p, v| set(&mut p.max_tokens, v.parse().ok().filter(|n| *n > 0))),
    ("stop", "a text", |p, v| {
        p.stop.push(v.to_owned());
        (!v.is_empty()).then_some(())
    }),
    ("seed", "a whole number", |p, v| set(&mut p.seed, v.parse().ok())),
    ("frequency_penalty", "a number from -2 to 2", |p, v| {
        set(&mut p.frequency_penalty, number(v, -2.0, 2.0))
    }),
    ("presence_penalty", "a number from -2 to 2", |p, v| set(&mut p.presence_penalty, number(v, -2.0, 2.0))),
    ("effort", "one of none, minimal, low, medium, high, xhigh, max", |p, v| {
        set(&mut p.effort, Effort::from_name(v))
    }),
    ("thinking_tokens", "a whole number from 1", |p, v| {
        set(&mut p.thinking_tokens, v.parse().ok().filter(|n| *n > 0))
    }),
    ("verbosity", "one of low, medium, high, xhigh, max", |p, v| {
        set(&mut p.verbosity, Effort::from_name(v).filter(|verbosity| *verbosity >= Effort::Low))
    }),
    ("format", "json, or a JSON Schema", |p, v| {
        let format = if v == "json" { Some(Format::Json) } else { object(v).map(Format::Schema) };
        set(&mut p.format, format)
    }),
    ("openrouter", "a JSON object", |p, v| set(&mut p.openrouter, object(v))),
    ("extra_body", "a JSON object", |p, v| set(&mut p.extra_body, object(v))),
];

/// The text of a JSON object.
fn object(text: &str) -> Option<String> {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    object.is_ok().then(|| text.to_owned())
}

fn set<T>(into: &mut Option<T>, value: Option<T>) -> Option<()> {
    *into = value;
    into.as_ref().map(|_| ())
}

fn number(text: &str, low: f64, high: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (low..=high).contains(number))
}

fn shown(text: &str) -> String {
    Untrusted::from(text).line().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::out::tests::pages;

    #[test]
    fn the_argument_comes_first() {
        assert_eq!(join(Some("Sum up."), Some("a\nb\n")), Ok("Sum up.\n\na\nb".to_owned()));
        assert_eq!(join(None, Some("a\n")), Ok("a".to_owned()));
        assert_eq!(join(Some("a"), Some(" \n")), Ok("a".to_owned()));
        assert!(join(Some(" "), None).is_err());
    }

    #[test]
    fn input_must_be_utf8() {
        assert_eq!(decode("hé".as_bytes().to_vec()), Ok("hé".to_owned()));
        let told = decode(b"ab\xff".to_vec()).expect_err("no text");
        assert!(told.contains("byte 3"), "{told}");
    }

    #[test]
    fn short_inputs_are_read_without_a_word() {
        let (mut out, _, stderr) = pages(false);
        assert_eq!(patiently(&b"hi"[..], &mut out), Ok(b"hi".to_vec()));
        assert_eq!(stderr.text(), "");
    }

    #[test]
    fn parameters_are_read() {
        let pairs =
            ["temperature=0.2", "stop=END", "stop=.", "effort=high", "extra_body={\"a\":1}", "seed=-3"];
        let read = params(&pairs.map(str::to_owned)).expect("valid");
        assert_eq!((read.temperature, read.seed), (Some(0.2), Some(-3)));
        assert_eq!(read.stop, ["END", "."]);
        assert_eq!(read.effort, Some(Effort::High));
        assert_eq!(read.extra_body.as_deref(), Some("{\"a\":1}"));
        let pairs = ["format={\"type\":\"object\"}", "verbosity=low", "thinking_tokens=9", "openrouter={}"];
        let read = params(&pairs.map(str::to_owned)).expect("valid");
        assert_eq!(read.format, Some(Format::Schema("{\"type\":\"object\"}".to_owned())));
        assert_eq!((read.verbosity, read.thinking_tokens), (Some(Effort::Low), Some(9)));
        assert_eq!(read.openrouter.as_deref(), Some("{}"));
        assert_eq!(params(&["format=json".to_owned()]).expect("valid").format, Some(Format::Json));
    }

    #[test]
    fn wrong_parameters_say_what_is_meant() {
        for (pair, want) in [
            ("temperature", "write a name and a value"),
            ("temprature=1", "did you mean temperature?"),
            ("colour=1", "known are temperature, "),
            ("temperature=3", "must be a number from 0 to 2"),
            ("temperature=NaN", "must be a number from 0 to 2"),
            ("max_tokens=0", "must be a whole number from 1"),
            ("effort=hard", "must be one of none, minimal"),
            ("extra_body=[1]", "must be a JSON object"),
            ("openrouter=1", "must be a JSON object"),
            ("verbosity=minimal", "must be one of low, medium, high"),
            ("format=yaml", "must be json, or a JSON Schema"),
            ("thinking_tokens=0", "must be a whole number from 1"),
        ] {
            let told = params(&[pair.to_owned()]).expect_err(pair);
            assert!(told.contains(want), "{pair}: {told}");
        }
    }

    #[test]
    fn costs_and_seconds_are_read() {
        assert_eq!(max_cost("0.05"), Ok(Pico(50_000_000_000)));
        assert!(max_cost("-1").is_err() && max_cost("five").is_err());
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert!(seconds("0").is_err() && seconds("inf").is_err() && seconds("1m").is_err());
    }
}
