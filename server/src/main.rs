//! `tollhouse`: the server and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = server::cli::Cli::from_command_line();
    match server::cli::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            server::cli::output::failure(&error);
            ExitCode::from(error.status())
        }
    }
}
