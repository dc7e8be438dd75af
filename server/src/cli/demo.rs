//! `tollhouse demo`.

use std::time::Instant;

use serde_json::json;
use services::{Services, demo};

use super::{CliError, args::DemoOptions, output};

/// Calls between two words about progress.
const STEP: u64 = 500_000;

pub(super) async fn run(services: &Services, options: DemoOptions, json: bool) -> Result<(), CliError> {
    let begun = Instant::now();
    let mut next = STEP;
    let DemoOptions { calls, days, seed } = options;
    let made = demo::fill(services, demo::Options { calls, days, seed }, |stored| {
        if !json && stored >= next {
            output::line(&format!("{stored} of {calls} calls"));
            next += STEP;
        }
    })
    .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let shown = json!({
        "organization": made.organization, "slug": made.slug, "email": made.email, "password": made.password,
        "calls": made.calls, "seconds": seconds,
    });
    output::data(json, &shown, |_| {
        format!(
            "{} has {} calls, stored in {seconds:.1} s.\nSign in as {} with the password {}",
            made.organization, made.calls, made.email, made.password
        )
    })
}
