//! The root: config, store, providers and engine are put together here, and one door is opened.
//! Nothing is decided here that a lower floor can decide, and nothing is done before it is needed:
//! no network, no key, no runtime for what only prints.

mod accounts;
mod ask;
mod browser;
mod build;
mod catalogue;
mod doctor;
mod endpoints;
mod harden;
mod keys;
mod lineup;
mod log;
mod login;
mod logins;
mod models;
mod room;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::app::build::World;
use crate::cli;
use crate::cli::Cli;
use crate::cli::Command;
use crate::cli::ConfigCommand;
use crate::cli::Out;
use crate::cli::Rooms;
use crate::config;
use crate::config::Env;
use crate::config::Paths;

/// Wrong usage, or a config that is not understood.
const USAGE: u8 = 2;

/// Runs salon with the words of its command line, and gives its exit status.
#[must_use]
pub fn run() -> ExitCode {
    harden::harden();
    let mut out = Out::system();
    let code = begin(std::env::args_os(), &mut out);
    ExitCode::from(out.finish(code))
}

fn begin(words: impl IntoIterator<Item = OsString>, out: &mut Out) -> u8 {
    let cli = match cli::parse(words) {
        Ok(cli) => cli,
        Err(early) => {
            let text = early.text.trim_end();
            if early.code == 0 {
                out.line(text)
            } else {
                out.tell(text)
            }
            return early.code;
        }
    };
    match &cli.command {
        Some(Command::Completions { shell }) => {
            out.bytes(&cli::completions(*shell));
            return 0;
        }
        Some(Command::Man) => {
            return match cli::man() {
                Ok(page) => {
                    out.bytes(&page);
                    0
                }
                Err(_) => 1,
            };
        }
        // Refused before anything is read: there is nothing that a config could change about it.
        None if !room::has_screen(out) => return USAGE,
        _ => {}
    }
    let env = Env::system();
    let paths = Paths::find(&env);
    match &cli.command {
        Some(Command::Config { what: ConfigCommand::Path }) => {
            return with_config_path(&cli, &env, paths.as_ref(), out, cli::path);
        }
        Some(Command::Config { what: ConfigCommand::Init }) => {
            return with_config_path(&cli, &env, paths.as_ref(), out, cli::init);
        }
        _ => {}
    }
    let world = match World::load(cli.config.as_deref(), env, paths, cli.key().map(str::to_owned)) {
        Ok(world) => world,
        Err(errors) => {
            out.tell(&errors.to_string());
            return USAGE;
        }
    };
    open(cli, world, out)
}

/// Opens the door that was asked for.
fn open(cli: Cli, world: World, out: &mut Out) -> u8 {
    let Some(command) = cli.command else { return room::run(world, cli.room, out) };
    for notice in world.notices() {
        out.tell(&notice.text);
    }
    match command {
        Command::Ask(args) => ask::run(&world, &args, out),
        Command::Models(args) => models::run(&world, &args, out),
        Command::Usage(args) if args.account => accounts::run(&world, &args, out),
        Command::Login(args) => login::run(&world, &args, out),
        Command::Logout(args) => login::leave(&world, &args, out),
        Command::Doctor(args) => doctor::run(&world, &args, out),
        Command::Usage(args) => {
            with_store(&world, out, |store, out| cli::usage(&args, store, world.budgets().day, out))
        }
        Command::Rooms { what: Rooms::List { all, format } } => {
            with_store(&world, out, |store, out| cli::rooms(store, all, format, out))
        }
        Command::Config { what } => {
            let path = config::which(cli.config.as_deref(), &world.env, world.paths.as_ref());
            let path = path.map_or_else(PathBuf::new, |(path, _)| path);
            match what {
                ConfigCommand::Check => {
                    cli::check(&world.loaded.config, world.loaded.source.as_deref(), &path, out)
                }
                _ => cli::show(&world.loaded.config, &world.provider_lines(), &path, out),
            }
        }
        // These were done before the config was read.
        Command::Completions { .. } | Command::Man => 0,
    }
}

fn with_config_path(
    cli: &Cli,
    env: &Env,
    paths: Option<&Paths>,
    out: &mut Out,
    work: impl FnOnce(&std::path::Path, &mut Out) -> u8,
) -> u8 {
    match config::which(cli.config.as_deref(), env, paths) {
        Some((path, _)) => work(&path, out),
        None => {
            out.tell("salon: this user has no home, and so no config; --config FILE names one");
            1
        }
    }
}

fn with_store(world: &World, out: &mut Out, work: impl FnOnce(&crate::store::Store, &mut Out) -> u8) -> u8 {
    match world.open_store(false) {
        Ok(opened) => {
            for notice in &opened.notices {
                out.tell(&notice.text);
            }
            let code = work(&opened.store, out);
            opened.store.close();
            code
        }
        Err(error) => {
            out.tell(&format!("salon: {error}"));
            1
        }
    }
}
