//! Why a reply failed: what happened, whose fault it is, and what to do.

use std::fmt;

use crate::text::Untrusted;

/// The kinds of failure, the `class` of the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The key is missing, wrong, or may not do this.
    Auth,
    /// There is no money.
    Credit,
    /// Too many requests.
    Rate,
    /// The conversation or request is too large.
    Context,
    /// A guardrail or content filter of the provider.
    Moderation,
    /// The request is not what the provider takes.
    BadRequest,
    /// No such model, or none that the account's settings allow.
    NotFound,
    /// The provider is overloaded, down or loading.
    Provider,
    /// The provider could not be reached.
    Network,
    /// Nothing came for too long.
    Timeout,
    /// What came is not the protocol.
    Protocol,
    /// A budget of the user refused it; nothing was sent.
    Budget,
    /// A fault of salon itself.
    Internal,
}

impl FaultClass {
    /// All classes with their names.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Auth, "auth"),
        (Self::Credit, "credit"),
        (Self::Rate, "rate"),
        (Self::Context, "context"),
        (Self::Moderation, "moderation"),
        (Self::BadRequest, "bad_request"),
        (Self::NotFound, "not_found"),
        (Self::Provider, "provider"),
        (Self::Network, "network"),
        (Self::Timeout, "timeout"),
        (Self::Protocol, "protocol"),
        (Self::Budget, "budget"),
        (Self::Internal, "internal"),
    ];

    /// The name in the JSON and the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(class, _)| *class == self).map_or("internal", |(_, name)| name)
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(class, _)| *class)
    }
}

/// A failure of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub class: FaultClass,
    /// What happened, in one sentence; may quote the provider.
    pub message: Untrusted,
    /// What to do next, in our words. Empty when there is nothing to say.
    pub hint: String,
    /// The HTTP status, when there was a response.
    pub http_status: Option<u16>,
    /// How long the provider asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Whether the same request may be sent again, before anything was shown.
    pub retryable: bool,
    /// Whether the request never left, so that nothing can have been charged.
    pub unsent: bool,
    /// Whether the stream had begun and then ended without its end mark.
    pub cut: bool,
}

impl Fault {
    /// A fault that is not retried, of a request that was sent.
    #[must_use]
    pub fn new(class: FaultClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: Untrusted::from(message.into()),
            hint: String::new(),
            http_status: None,
            retry_after_ms: None,
            retryable: false,
            unsent: false,
            cut: false,
        }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same fault, of a request that never left.
    #[must_use]
    pub fn unsent(mut self) -> Self {
        self.unsent = true;
        self
    }

    /// The same fault, which may be tried again.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// A stream that ended without its end mark.
    #[must_use]
    pub fn cut(message: impl Into<String>) -> Self {
        let mut fault = Self::new(FaultClass::Network, message);
        fault.cut = true;
        fault.retryable = true;
        fault
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.name(), self.message.line())
    }
}
