//! Sentences about the way to a provider: which host, which step, and what to do (safety R45). No
//! address is shown whole, because some people put keys into them.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::chat::Fault;
use crate::chat::FaultClass;
use crate::chat::Timeouts;
use crate::provider::watch::Silence;

/// The request got no response.
pub(super) fn before_head(error: &reqwest::Error, host: &str, connect: Duration) -> Fault {
    if error.is_connect() {
        return connecting(error, host, connect).unsent().retryable();
    }
    if error.is_builder() {
        return Fault::new(FaultClass::BadRequest, format!("The request to {host} cannot be written."))
            .unsent();
    }
    let why = innermost(error);
    if why.contains("message head is too large") {
        return Fault::new(FaultClass::Protocol, format!("{host} sent more headers than are read."))
            .hint("Check the base_url in the config, and what stands between salon and the provider.");
    }
    if why.contains("invalid HTTP") {
        let words = format!("What answers at {host} does not speak HTTP: {why}.");
        return Fault::new(FaultClass::Protocol, words)
            .hint("Check the base_url in the config, and whether it is https.");
    }
    Fault::new(FaultClass::Network, format!("{host} closed the connection before it answered: {why}."))
        .hint("Ask again; the request may have been charged for.")
        .retryable()
}

/// The head of the response did not come in time.
pub(super) fn no_head(host: &str, waited: Duration) -> Fault {
    Fault::new(
        FaultClass::Timeout,
        format!("{host} took the request and did not answer within {}.", seconds(waited)),
    )
    .hint("Ask again, ask another model, or set a longer timeout for this provider in the config.")
    .retryable()
}

/// The body broke off.
pub(super) fn in_body(error: &reqwest::Error, host: &str) -> Fault {
    Fault::cut(format!("The connection to {host} broke off during the reply: {}.", innermost(error)))
        .hint("Ask again for a whole reply.")
}

/// The body fell silent.
pub(super) fn silent(host: &str, silence: Silence, timeouts: Timeouts) -> Fault {
    let words = match silence {
        Silence::Transport => format!("{host} sent nothing for {}.", seconds(timeouts.transport_idle)),
        Silence::Payload => {
            format!("{host} sent nothing of the reply for {}.", seconds(timeouts.payload_idle))
        }
        Silence::OnlyKeepAlive => {
            format!("{host} sent only signs of life for {}.", seconds(timeouts.keepalive_idle))
        }
    };
    let mut fault =
        Fault::new(FaultClass::Timeout, words).hint("Ask again, or ask another model.").retryable();
    fault.cut = true;
    fault
}

/// There is no connection: which step failed.
fn connecting(error: &reqwest::Error, host: &str, waited: Duration) -> Fault {
    let network = |words: String, hint: &str| Fault::new(FaultClass::Network, words).hint(hint);
    let chain: Vec<String> = chain(error).map(ToString::to_string).collect();
    let says = |word: &str| chain.iter().any(|words| words.contains(word));
    let why = innermost(error);
    if error.is_timeout() {
        let words =
            format!("No connection to {host} within {} (DNS, TCP and TLS together).", seconds(waited));
        return Fault::new(FaultClass::Timeout, words)
            .hint("Check the network, the base_url and a proxy, if there is one.");
    }
    if says("dns error") {
        return network(
            format!("DNS knows no address of {host}: {why}."),
            "Check the base_url and the network.",
        );
    }
    if chain_has::<rustls::Error>(error) || says("invalid peer certificate") {
        let hint = "Check the address and the clock. Certificates of one's own are named in SSL_CERT_FILE; \
                    on a system without any, install ca-certificates.";
        return network(format!("TLS with {host} failed: {why}."), hint);
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => network(
            format!("{host} refused the connection (TCP)."),
            "Is the server running, and is the port in base_url right?",
        ),
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => network(
            format!("{host} closed the connection at once: {why}."),
            "Is the port in base_url right, and is it http or https?",
        ),
        _ => network(
            format!("No connection to {host}: {why}."),
            "Check the network, the base_url and a proxy, if there is one.",
        ),
    }
}

/// All errors inside of an error, without the outermost one, which quotes the address.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |inner| (*inner).source())
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|inner| inner.downcast_ref::<E>())
}

/// As [`find`], also inside of an IO error, which hides what it holds from the chain.
fn chain_has<E: Error + 'static>(error: &reqwest::Error) -> bool {
    chain(error).any(|inner| holds::<E>(inner))
}

/// Whether it is such an error, or an IO error around one; one IO error may be around another.
fn holds<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    error.is::<E>()
        || error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).is_some_and(|held| holds::<E>(held))
}

fn innermost(error: &reqwest::Error) -> String {
    let last = chain(error).last().map(ToString::to_string);
    last.unwrap_or_else(|| "no reason was given".to_owned()).trim_end_matches('.').to_owned()
}

fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}
