//! The cheapest question that tells whether a provider is there and takes a key: the list of its
//! models, or what OpenRouter says of a key. Nothing is generated, so that nothing is paid.

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Fault;
use crate::provider::Http;
use crate::provider::account;
use crate::provider::account::KeyFacts;
use crate::provider::catalogue;

/// What a provider said of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It takes the key, and says what it may spend.
    Key(Box<KeyFacts>),
    /// It takes the key, and lists so many models.
    Models(usize),
    /// It is there, and has no cheap question that would tell.
    Untold,
}

/// Asks whether the endpoint's key is taken.
///
/// # Errors
/// When it is refused, or the provider cannot be asked.
pub async fn check_key(endpoint: &Endpoint, http: &Http) -> Result<Answered, Fault> {
    if endpoint.dialect == Dialect::OpenRouter {
        return account::key_facts(endpoint, http).await.map(|facts| Answered::Key(Box::new(facts)));
    }
    match catalogue::ids(endpoint, http).await {
        Ok(ids) => Ok(Answered::Models(ids.len())),
        // Some have no list; that they say so means that they are there.
        Err(fault) if matches!(fault.http_status, Some(404 | 405 | 501)) => Ok(Answered::Untold),
        Err(fault) => Err(fault),
    }
}
