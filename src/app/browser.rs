//! Opens a page in the user's browser: a program and its arguments, no shell in between, and whatever
//! it prints goes nowhere. Whether there is a browser at all is told from the environment.

use std::process::Command;
use std::process::Stdio;

use crate::config::Env;

/// Whether no browser of this machine could be seen by the person: a session over SSH, or one
/// without a display. `BROWSER` says otherwise.
pub(super) fn is_headless(env: &Env) -> bool {
    if env.get("BROWSER").is_some() {
        return false;
    }
    let display = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env.get(name).is_some());
    env.get("SSH_CONNECTION").is_some() || !display
}

/// Opens a page; says whether a browser could be started.
pub(super) fn open(url: &str, env: &Env) -> bool {
    commands(env).into_iter().any(|words| start(&words, url))
}

/// What may be started, the first that can be wins: `BROWSER` as its programs are usually written
/// (several with colons between, `%s` for the page), then what the systems have.
fn commands(env: &Env) -> Vec<Vec<String>> {
    let own = env.get("BROWSER").unwrap_or_default();
    let own = own.split(':').filter_map(shlex::split).filter(|words| !words.is_empty());
    let usual = ["xdg-open", "open"].map(|name| vec![name.to_owned()]);
    own.chain(usual).collect()
}

/// The words with the page in them.
fn with_page(words: &[String], url: &str) -> Vec<String> {
    let mut out: Vec<String> = words.iter().map(|word| word.replace("%s", url)).collect();
    if !words.iter().any(|word| word.contains("%s")) {
        out.push(url.to_owned());
    }
    out
}

fn start(words: &[String], url: &str) -> bool {
    let words = with_page(words, url);
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A Ctrl-C in the terminal is not for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let Ok(mut child) = command.spawn() else { return false };
    std::thread::spawn(move || child.wait());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://openrouter.ai/auth?a=$(touch x);`y`&b='\"";

    #[test]
    fn the_page_is_one_argument_whatever_is_in_it() {
        let env = Env::of(&[("BROWSER", "my-browser --new 'a b':other %s end")]);
        let words: Vec<Vec<String>> = commands(&env).iter().map(|words| with_page(words, URL)).collect();
        assert_eq!(words[0], ["my-browser", "--new", "a b", URL]);
        assert_eq!(words[1], ["other", URL, "end"]);
        assert_eq!(words[2], ["xdg-open", URL]);
    }

    #[test]
    fn a_session_without_a_display_has_no_browser() {
        let table: [(&[(&str, &str)], bool); 4] = [
            (&[("DISPLAY", ":0")], false),
            (&[("DISPLAY", ":0"), ("SSH_CONNECTION", "x")], true),
            (&[("SSH_CONNECTION", "x"), ("BROWSER", "lynx")], false),
            (&[("WAYLAND_DISPLAY", "wayland-0")], false),
        ];
        for (env, headless) in table {
            assert_eq!(is_headless(&Env::of(env)), headless, "{env:?}");
        }
        assert_eq!(is_headless(&Env::of(&[])), !cfg!(target_os = "macos"));
    }
}
