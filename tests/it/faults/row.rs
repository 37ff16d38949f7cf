//! A row of the fault list: what a server or the way to it does, and what must come of it at both
//! doors. The words of the table; it runs nothing.

use std::any::Any;

use serde_json::json;

use crate::lab::{KEY, Lab};
use crate::mock::Responder;
use crate::sandbox::Sandbox;

/// Short clocks.
pub const SHORT: &str = "timeouts = { connect = 1, headers = 1, idle = 1 }\n";

/// Where a row happens.
#[derive(Clone)]
pub enum Site {
    /// At a server that does this on its socket.
    Mock(Responder),
    /// At a place that is made anew for each run.
    Made(fn() -> Place),
}

/// An address, and what is behind it while it lives.
pub struct Place {
    /// The `base_url`.
    pub base: String,
    /// The server that counts the requests, when there is one.
    pub lab: Option<Lab>,
    /// Variables of the program.
    pub variables: Vec<(&'static str, String)>,
    /// Lives as long as the place.
    pub _keep: Option<Box<dyn Any + Send>>,
}

impl Site {
    pub fn open(&self) -> Place {
        match self {
            Self::Made(make) => make(),
            Self::Mock(responder) => {
                let lab = Lab::new(std::sync::Arc::clone(responder));
                Place {
                    base: format!("{}/v1", lab.url()),
                    lab: Some(lab),
                    variables: Vec::new(),
                    _keep: None,
                }
            }
        }
    }
}

impl Place {
    /// The lines of the config that make it the provider of that name.
    pub fn config(&self, name: &str, clocks: &str) -> String {
        format!(
            "[provider.{name}]\ndialect = \"openai\"\nbase_url = \"{}\"\napi_key = {{ env = \"LAB_KEY\" }}\n{clocks}\
             [model.\"{name}/m\"]\nprice = {{ input = \"1.00\", output = \"2.00\" }}\n",
            self.base
        )
    }

    /// How many requests came here.
    pub fn requests(&self) -> usize {
        self.lab.as_ref().map_or(0, |lab| lab.requests().len())
    }
}

/// A sandbox with the key and the variables of these places.
pub fn sandbox(config: &str, places: &[&Place]) -> Sandbox {
    // A list of models that is asked for would be a request of its own.
    let config = format!("{config}[catalogue]\nrefresh = false\n");
    let mut sandbox = Sandbox::new().variable("LAB_KEY", KEY).config(&config);
    for (name, value) in places.iter().flat_map(|place| &place.variables) {
        sandbox = sandbox.variable(name, value);
    }
    sandbox
}

/// What a server does, and what must come of it.
pub struct Row {
    /// `F1` to `F18`.
    pub id: &'static str,
    pub name: String,
    pub site: Site,
    /// The person stops it once it streams.
    pub stopped: bool,
    /// Lines of the provider's config.
    pub config: &'static str,
    /// Done, failed, cut, stopped.
    pub status: &'static str,
    /// Empty: there is no error.
    pub class: &'static str,
    pub attempts: u64,
    /// Requests that come to the server; as many as attempts when it is not said.
    pub requests: Option<u64>,
    pub text: String,
    /// What a pane shows of that text, where it is something else.
    pub shown: Option<&'static str>,
    /// How the charge is known, and how much it is; what is empty is not looked at.
    pub charge: (&'static str, &'static str),
    /// Must stand in the error's words.
    pub words: String,
    /// Sends megabytes: in the slow run only.
    pub heavy: bool,
    /// Shares no room: what it needs of the program would change the other rows.
    pub alone: bool,
}

/// A row that begins with a server of that behaviour.
pub fn row(id: &'static str, name: impl Into<String>, server: Responder) -> Row {
    at(id, name, Site::Mock(server))
}

/// A row that happens at a place of its own.
pub fn at(id: &'static str, name: impl Into<String>, site: Site) -> Row {
    Row {
        id,
        name: name.into(),
        site,
        stopped: false,
        config: SHORT,
        status: "failed",
        class: "",
        attempts: 1,
        requests: None,
        text: String::new(),
        shown: None,
        charge: ("computed", ""),
        words: String::new(),
        heavy: false,
        alone: false,
    }
}

impl Row {
    /// It fails before anything came: nothing is to pay.
    pub fn fails(self, class: &'static str, attempts: u64, words: &str) -> Self {
        Self { class, attempts, words: words.to_owned(), charge: ("computed", "0"), ..self }
    }

    /// It fails before anything was sent.
    pub fn never_sent(self, class: &'static str, words: &str) -> Self {
        Self { requests: Some(0), ..self.fails(class, 3, words) }
    }

    /// It fails when the provider may have worked already: what that costs is a guess.
    pub fn fails_dearly(self, class: &'static str, attempts: u64, words: &str) -> Self {
        Self { class, attempts, words: words.to_owned(), charge: ("estimated", ""), ..self }
    }

    /// It ends in the middle, and this text is kept.
    pub fn cut(self, class: &'static str, text: &str, words: &str) -> Self {
        let (text, words) = (text.to_owned(), words.to_owned());
        Self { status: "cut", class, text, words, charge: ("estimated", ""), ..self }
    }

    /// The provider says in the middle that it failed, and this text is kept.
    pub fn breaks(self, class: &'static str, text: &str, words: &str) -> Self {
        Self { status: "failed", ..self.cut(class, text, words) }
    }

    /// It is a whole reply of 12 tokens in and 34 out.
    pub fn done(self, text: &str) -> Self {
        Self { status: "done", text: text.to_owned(), charge: ("computed", "0.00008"), ..self }
    }

    /// It is a whole reply that says nothing of its tokens.
    pub fn done_uncounted(self, text: &str) -> Self {
        Self { charge: ("estimated", ""), ..self.done(text) }
    }

    /// The person stops it when this text has come.
    pub fn stops(self, text: &str) -> Self {
        let text = text.to_owned();
        Self { stopped: true, alone: true, status: "stopped", text, charge: ("estimated", ""), ..self }
    }

    pub fn charged(self, source: &'static str, usd: &'static str) -> Self {
        Self { charge: (source, usd), ..self }
    }

    pub fn shown(self, shown: &'static str) -> Self {
        Self { shown: Some(shown), ..self }
    }

    pub fn heavy(self) -> Self {
        Self { heavy: true, alone: true, ..self }
    }

    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// With these lines in place of the short clocks.
    pub fn with(self, config: &'static str) -> Self {
        Self { config, ..self }
    }
}

/// The body of an error with these words.
pub fn error(words: &str) -> String {
    json!({ "error": { "message": words } }).to_string()
}
