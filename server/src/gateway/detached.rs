//! Runs a call in the task that waits for its answer, and in a task of its own once nothing waits any longer.
//!
//! A separate task from the start would cost every call a copy of its state and two more scheduler rounds.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use futures::{FutureExt, future::BoxFuture};
use tokio::{runtime::Handle, sync::oneshot};

/// Resolves to the answer as soon as there is one; `None` if the work ended without. On drop, unfinished work
/// moves to a task of its own.
pub(super) struct DetachedCall {
    work: Option<BoxFuture<'static, ()>>,
    answer: oneshot::Receiver<Response>,
}

impl DetachedCall {
    pub(super) fn new(work: impl Future<Output = ()> + Send + 'static, answer: oneshot::Receiver<Response>) -> Self {
        // A panic ends the call, but not the others on its connection. The panic hook has logged it by then.
        let work = AssertUnwindSafe(work).catch_unwind().map(drop);
        Self { work: Some(Box::pin(work)), answer }
    }
}

impl Future for DetachedCall {
    type Output = Option<Response>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Response>> {
        if let Some(work) = &mut self.work
            && work.poll_unpin(context).is_ready()
        {
            self.work = None;
        }
        self.answer.poll_unpin(context).map(Result::ok)
    }
}

impl Drop for DetachedCall {
    fn drop(&mut self) {
        // Without a runtime the process is ending.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that answers and ends on command.
    struct Steps {
        begin: oneshot::Sender<()>,
        end: oneshot::Sender<()>,
        over: oneshot::Receiver<()>,
        call: DetachedCall,
    }

    fn steps() -> Steps {
        let ((begin, on_begin), (end, on_end), (done, over)) =
            (oneshot::channel(), oneshot::channel(), oneshot::channel());
        let (reply, answer) = oneshot::channel();
        let work = async move {
            on_begin.await.unwrap();
            let _ = reply.send(Response::default());
            on_end.await.unwrap();
            done.send(()).unwrap();
        };
        Steps { begin, end, over, call: DetachedCall::new(work, answer) }
    }

    #[tokio::test]
    async fn what_is_left_after_the_answer_is_done() {
        let Steps { begin, end, over, call } = steps();
        begin.send(()).unwrap();
        assert!(call.await.is_some());
        end.send(()).unwrap();
        over.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_done() {
        let Steps { begin, end, over, mut call } = steps();
        assert!((&mut call).now_or_never().is_none());
        drop(call);
        begin.send(()).unwrap();
        end.send(()).unwrap();
        over.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_no_answer() {
        let (reply, answer) = oneshot::channel();
        let work = async move {
            let _reply = reply;
            "no number".parse::<u8>().unwrap();
        };
        assert!(DetachedCall::new(work, answer).await.is_none());
    }
}
