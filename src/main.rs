//! The program: the command line's exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    camroi::cli::run(std::env::args_os())
}
