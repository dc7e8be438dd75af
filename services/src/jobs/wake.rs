//! Wakes this server's runner.

use futures::{FutureExt, future::BoxFuture};

use crate::{
    ServiceResult, Services,
    changes::{ChangeKind, ChangeListener},
};

/// Listens for jobs that any server enqueued.
pub(crate) const LISTENER: ChangeListener = ChangeListener { kind: ChangeKind::Jobs, respond: wake };

fn wake(services: &Services) -> BoxFuture<'_, ServiceResult<()>> {
    services.jobs_due.notify_one();
    std::future::ready(Ok(())).boxed()
}
