//! Prints what commands have to say: data to standard output, errors to standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use serde::Serialize;

use super::CliError;

/// Tells why the command failed.
pub fn failure(error: &CliError) {
    eprintln!("tollhouse: {error}");
}

/// A line for people.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Data, as JSON or in words.
pub(super) fn data<T: Serialize>(json: bool, data: &T, words: impl FnOnce(&T) -> String) -> Result<(), CliError> {
    let text = if json {
        serde_json::to_string(data).map_err(|error| CliError::Refused(error.to_string()))?
    } else {
        words(data)
    };
    println!("{text}");
    Ok(())
}

/// That something was done, which has no data.
pub(super) fn done(json: bool, words: &str) -> Result<(), CliError> {
    data(json, &serde_json::json!({ "message": words }), |_| words.to_owned())
}
