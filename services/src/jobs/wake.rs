//! Wakes this server's runner.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{Notify, futures::Notified};

use crate::{
    ServiceResult, Services,
    changes::{ChangeKind, ChangeListener},
};

/// Listens for jobs that any server enqueued.
pub(crate) const LISTENER: ChangeListener = ChangeListener { kind: ChangeKind::Jobs, respond: wake };

/// A signal that jobs may be due. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobSignal(Arc<Notify>);

impl JobSignal {
    /// What wakes the runner, or keeps it from its next sleep, when it is notified.
    pub(super) fn notify(&self) -> &Arc<Notify> {
        &self.0
    }

    /// Resolves with the next signal, or at once if one was sent since the last.
    pub(super) fn received(&self) -> Notified<'_> {
        self.0.notified()
    }
}

fn wake(services: &Services) -> BoxFuture<'_, ServiceResult<()>> {
    services.job_signal.notify().notify_one();
    std::future::ready(Ok(())).boxed()
}
