//! `tollhouse demo`.

use std::time::Instant;

use serde_json::json;
use services::{Services, demo};

use super::{CliError, args::DemoOptions, output};

/// Calls between two lines about progress.
const PROGRESS_STEP: u64 = 500_000;

pub(super) async fn run(services: &Services, options: DemoOptions, json: bool) -> Result<(), CliError> {
    let started = Instant::now();
    let mut next = PROGRESS_STEP;
    let DemoOptions { calls, days, seed } = options;
    let company = demo::fill(services, demo::DemoSize { calls, days, seed }, |stored| {
        if !json && stored >= next {
            output::line(&format!("{stored} of {calls} calls"));
            next += PROGRESS_STEP;
        }
    })
    .await?;
    let seconds = started.elapsed().as_secs_f64();
    let data = json!({
        "organization": company.organization, "slug": company.slug, "email": company.email, "password": company.password,
        "calls": company.calls, "seconds": seconds,
    });
    output::data(json, &data, |_| {
        format!(
            "Created {} with {} calls in {seconds:.1} s.\nSign in as {} with the password {}",
            company.organization, company.calls, company.email, company.password
        )
    })
}
