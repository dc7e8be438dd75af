//! What the server does by itself, now and then.

use std::time::Duration;

use services::Services;

/// Partitions are made two months ahead: a day without success harms nobody.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs all jobs until the server ends.
pub(crate) fn start(services: Services) {
    tokio::spawn(async move {
        let mut day = tokio::time::interval(DAILY);
        // The first tick comes at once, and the start has just done this.
        day.tick().await;
        loop {
            day.tick().await;
            if let Err(error) = services::calls::partitions::ensure(&services).await {
                tracing::error!(%error, "the next months' partitions couldn't be made");
            }
        }
    });
}
