//! `salon usage --account` put together: every key of OpenRouter that is there is asked what it may
//! know. What is printed is the command line's affair.

use futures_util::future::join_all;

use crate::app::build::World;
use crate::app::build::runtime;
use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::cli;
use crate::cli::AccountLine;
use crate::cli::Out;
use crate::cli::UsageArgs;
use crate::provider;

/// Asks and prints; the exit status.
pub(super) fn run(world: &World, args: &UsageArgs, out: &mut Out) -> u8 {
    let asked: Vec<&Endpoint> = world
        .endpoints
        .iter()
        .filter(|known| known.ready && known.endpoint.dialect == Dialect::OpenRouter)
        .map(|known| &known.endpoint)
        .collect();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.tell(&format!("salon: the system gives no threads: {error}"));
            return 1;
        }
    };
    let accounts = runtime.block_on(join_all(asked.into_iter().map(|endpoint| account(world, endpoint))));
    runtime.shutdown_background();
    cli::account(args.format, &accounts, out)
}

async fn account(world: &World, endpoint: &Endpoint) -> AccountLine {
    let (key, credits, activity) = tokio::join!(
        provider::key_facts(endpoint, &world.http),
        provider::credits(endpoint, &world.http),
        provider::activity(endpoint, &world.http),
    );
    AccountLine { provider: endpoint.name.clone(), alias: endpoint.key_alias.clone(), key, credits, activity }
}
