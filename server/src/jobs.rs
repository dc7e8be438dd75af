//! The kinds of background jobs. Each job runs on one of the servers.

use std::time::Duration;

use services::{
    accounts, api_keys, background_migrations, bodies, calls,
    exports::ExportFolder,
    former_members,
    jobs::{self, JobHandler},
    metering::upkeep::{self, UpkeepSpan},
};

use crate::exports;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The handlers of all kinds of jobs. Exported files are in `files` with SQLite.
pub(crate) fn handlers(files: ExportFolder) -> Vec<JobHandler> {
    let mut handlers = upkeep_handlers();
    handlers.extend(exports::handlers(files));
    handlers
}

/// The handlers of upkeep, which recurs.
fn upkeep_handlers() -> Vec<JobHandler> {
    vec![
        // Partitions are created two months ahead: a day without success does no harm.
        JobHandler::periodic("partitions", DAY, |services| async move { calls::partitions::ensure(&services).await }),
        // The shortest notice is an hour, and mustn't arrive after that hour.
        JobHandler::periodic("key_reminders", 10 * MINUTE, |services| async move { api_keys::remind(&services).await }),
        // Expired bodies and sessions aren't shown or accepted any more; deleting them frees disk space.
        JobHandler::periodic("body_cleanup", HOUR, |services| async move { bodies::cleanup::run(&services).await }),
        JobHandler::periodic("session_cleanup", 10 * MINUTE, |services| async move {
            accounts::delete_expired(&services).await
        }),
        // Servers of an older version may go on writing rows that have to be migrated.
        JobHandler::periodic("background_migrations", 5 * MINUTE, |services| async move {
            background_migrations::run(&services).await
        }),
        // A shared view of a member who left does no harm meanwhile.
        JobHandler::periodic(
            "member_cleanup",
            HOUR,
            |services| async move { former_members::delete_rows(&services).await },
        ),
        JobHandler::periodic("call_cleanup", HOUR, |services| async move { calls::retention::run(&services).await }),
        JobHandler::periodic("rollup_upkeep", DAY, |services| async move {
            upkeep::run(&services, UpkeepSpan::Recent).await
        }),
        JobHandler::periodic("rollup_upkeep_of_all", WEEK, |services| async move {
            upkeep::run(&services, UpkeepSpan::All).await
        }),
        JobHandler::periodic("job_cleanup", HOUR, |services| async move { jobs::delete_old(&services).await }),
    ]
}
