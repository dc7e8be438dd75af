//! Prints commands' output: data to standard output, errors to standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use serde::Serialize;

use super::CliError;

/// Prints the reason why a command failed.
pub fn failure(error: &CliError) {
    eprintln!("tollhouse: {error}");
}

/// Prints a line for people.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Prints data, as JSON or in words.
pub(super) fn data<T: Serialize>(json: bool, data: &T, words: impl FnOnce(&T) -> String) -> Result<(), CliError> {
    let text = if json {
        serde_json::to_string(data).map_err(|error| CliError::Refused(error.to_string()))?
    } else {
        words(data)
    };
    println!("{text}");
    Ok(())
}

/// Prints that something was done, without data.
pub(super) fn done(json: bool, words: &str) -> Result<(), CliError> {
    data(json, &serde_json::json!({ "message": words }), |_| words.to_owned())
}
