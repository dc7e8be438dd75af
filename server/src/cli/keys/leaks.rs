//! `tollhouse key report-leak`.

use std::io::Read;

use serde_json::{Value, json};
use services::{
    Services,
    api_keys::{LeakReport, LeakVerdict, MAX_REPORTS, report_leaks},
};

use super::super::{CliError, output};

/// Maximum input, in bytes: some ten thousand secrets.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

pub(super) async fn run(services: &Services, place: &str, json: bool) -> Result<(), CliError> {
    let input = read()?;
    let report = |secret: &str| LeakReport { secret: secret.to_owned(), place: place.to_owned() };
    let reports: Vec<LeakReport> = input.lines().map(str::trim).filter(|line| !line.is_empty()).map(report).collect();
    if reports.is_empty() {
        return Err(CliError::Refused("standard input contains no secrets; write one per line".to_owned()));
    }
    let mut verdicts = Vec::with_capacity(reports.len());
    for batch in reports.chunks(MAX_REPORTS) {
        verdicts.extend(report_leaks(services, batch).await?);
    }
    let data: Vec<Value> = verdicts.iter().map(verdict).collect();
    output::data(json, &data, |_| verdicts.iter().zip(1..).map(line).collect::<Vec<_>>().join("\n"))
}

fn read() -> Result<String, CliError> {
    let mut input = String::new();
    // One byte more than allowed, to detect a longer input.
    std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_string(&mut input)?;
    if input.len() as u64 > MAX_INPUT_BYTES {
        return Err(CliError::Refused(format!(
            "standard input is longer than {MAX_INPUT_BYTES} bytes; split the report"
        )));
    }
    Ok(input)
}

fn verdict(verdict: &LeakVerdict) -> Value {
    match verdict {
        LeakVerdict::Unknown => json!({ "result": "unknown", "id": null }),
        LeakVerdict::Ended(id) => json!({ "result": "ended_before", "id": id }),
        LeakVerdict::Stopped(id) => json!({ "result": "disabled", "id": id }),
    }
}

/// A verdict's line, by the secret's number: the secret isn't repeated.
fn line((verdict, number): (&LeakVerdict, u32)) -> String {
    match verdict {
        LeakVerdict::Unknown => format!("{number}  not a key of this server"),
        LeakVerdict::Ended(id) => format!("{number}  {id} was already inactive; nothing changed"),
        LeakVerdict::Stopped(id) => format!("{number}  {id} was disabled, and its owners were notified"),
    }
}
