//! The command line.
//!
//! Comes in: the program's arguments. Goes out: an exit status, results on standard output, progress and messages on standard
//! error. May not live here: what is computed, stored or drawn; each command only puts other rooms together.
//!
//! Exit status: 0 all fine, 1 some samples failed, 2 could not run, 130 interrupted.

mod add_model;
mod analyze;
mod annotate;
mod args;
mod bench;
mod checks;
mod compare;
mod interrupt;
#[cfg(feature = "gui")]
mod launcher;
mod measures;
mod models;
mod output;
mod overlay;
mod preview;
mod progress;
mod pull_model;
mod regions;
mod report;
mod sheet;
#[cfg(feature = "gui")]
mod shelf;
mod tables;
mod window;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use args::{Cli, Command};

/// How a command ended, other than by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Everything was done.
    Fine,
    /// Some samples could not be used.
    SomeFailed,
    /// The user pressed Ctrl+C; what was done is saved.
    Interrupted,
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::SomeFailed => 1,
            // What shells report for a program that Ctrl+C ended.
            Self::Interrupted => 130,
        }
    }
}

/// Runs the program with these arguments, the first being its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // Where the help cannot be written, nobody reads it.
            return error.print().map_or(ExitCode::from(code), |()| ExitCode::from(code));
        }
    };
    match dispatch(cli) {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("camroi: {}", one_line(&error));
            ExitCode::from(2)
        }
    }
}

/// What the window starts runs and lists models with.
#[cfg(feature = "gui")]
pub fn launcher(shelf: crate::models::Shelf) -> std::sync::Arc<dyn crate::ui::Launcher> {
    std::sync::Arc::new(launcher::Program::new(shelf))
}

fn dispatch(cli: Cli) -> Result<Status> {
    match cli.command {
        None => window::open(cli.open),
        Some(Command::Demo(args)) => analyze::demo(&args),
        Some(Command::Analyze(args)) => analyze::analyze(&args),
        Some(Command::Annotate(args)) => annotate::annotate_command(&args),
        Some(Command::Classes(args)) => tables::classes(&args),
        Some(Command::Measures(args)) => measures::measures_command(&args),
        Some(Command::Sanity(args)) => checks::sanity_command(&args),
        Some(Command::Faithfulness(args)) => checks::faithfulness_command(&args),
        Some(Command::Agreement(args)) => checks::agreement_command(&args),
        Some(Command::Export(args)) => tables::export(&args),
        Some(Command::Compare(args)) => compare::compare_command(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Sheet(args)) => sheet::sheet(&args),
        Some(Command::Overlay(args)) => overlay::overlay(&args),
        Some(Command::Bench(args)) => bench::bench(&args),
        Some(Command::Models(args)) => models::models(&args),
    }
}

/// An error with its causes, in one line; a cause that the line already tells is left out.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_in_one_line_and_nothing_twice() {
        let error = anyhow::anyhow!("no space\nleft").context("cannot save: no space\nleft").context("stopped");
        assert_eq!(one_line(&error), "stopped: cannot save: no space left");
    }
}
