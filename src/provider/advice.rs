//! What to do about a fault, where the dialect and the model say more than the fault alone: a row
//! for each case. It changes hints, and nothing else of a fault.

use crate::chat::ChatRequest;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Tariff;

/// One case.
struct Row {
    dialect: Dialect,
    /// Whether this is the case.
    when: fn(&Endpoint, &Fault) -> bool,
    /// The hint. `{p}` is the provider, `{m}` the model, `{u}` the base URL.
    hint: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        dialect: Dialect::Ollama,
        when: |endpoint, fault| fault.class == FaultClass::NotFound && is_own(endpoint),
        hint: "Fetch the model with `ollama pull {m}`, or choose one that `ollama list` shows.",
    },
    Row {
        dialect: Dialect::Ollama,
        when: |endpoint, fault| fault.class == FaultClass::Auth && endpoint.key.is_none() && !fault.unsent,
        hint: "The model runs in Ollama's cloud: sign in with `ollama signin`, or choose one that runs here.",
    },
    Row {
        dialect: Dialect::Ollama,
        when: |endpoint, fault| fault.class == FaultClass::Network && fault.unsent && is_own(endpoint),
        hint: "Is Ollama running at {u}? Start it with `ollama serve` or its app, or set OLLAMA_HOST.",
    },
    Row {
        dialect: Dialect::Ollama,
        when: |_, fault| fault.class == FaultClass::Context,
        hint: "Ollama gives a model a small context: set options.num_ctx in extra_body of {p}, or start a \
               new room.",
    },
];

/// The fault with the hint that fits best.
pub(super) fn advised(endpoint: &Endpoint, asked: &ChatRequest, mut fault: Fault) -> Fault {
    let mut rows = ROWS.iter().filter(|row| row.dialect == endpoint.dialect);
    if let Some(row) = rows.find(|row| (row.when)(endpoint, &fault)) {
        let words = row.hint.replace("{p}", &endpoint.name).replace("{u}", &endpoint.base_url);
        fault.hint = words.replace("{m}", &asked.model.id);
    }
    fault
}

/// Whether it is a server of the user's own.
fn is_own(endpoint: &Endpoint) -> bool {
    endpoint.tariff == Tariff::Local || endpoint.key.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::openai::tests::{asked, endpoint};

    #[test]
    fn hints_fit_the_case() {
        let fault = |class| Fault::new(class, "x").hint("the usual");
        let table = [
            (Dialect::Ollama, fault(FaultClass::NotFound), "`ollama pull m:8b`"),
            (Dialect::Ollama, fault(FaultClass::Auth), "`ollama signin`"),
            (Dialect::Ollama, fault(FaultClass::Network).unsent(), "`ollama serve`"),
            (Dialect::Ollama, fault(FaultClass::Context), "options.num_ctx"),
            (Dialect::Ollama, fault(FaultClass::Network), "the usual"),
            (Dialect::Ollama, fault(FaultClass::Provider), "the usual"),
            (Dialect::OpenAi, fault(FaultClass::NotFound), "the usual"),
        ];
        for (dialect, fault, hint) in table {
            let mut endpoint = endpoint();
            endpoint.dialect = dialect;
            let found = advised(&endpoint, &asked("lab/m:8b"), fault.clone());
            assert!(found.hint.contains(hint), "{found:?}");
            assert_eq!(Fault { hint: String::new(), ..found }, Fault { hint: String::new(), ..fault });
        }
    }
}
