//! A call is worked on where its answer is waited for, and goes on by itself when nobody waits any more.
//!
//! A task for each call from its beginning would do the same, and cost every call a copy of all its state and two more
//! rounds of the scheduler.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use futures::{FutureExt, future::BoxFuture};
use tokio::{runtime::Handle, sync::oneshot};

/// Gives the answer as soon as there is one; `None` where the work ended without. What is left of the work then, or when
/// this is dropped, is done by a task of its own.
pub(super) struct Answering {
    work: Option<BoxFuture<'static, ()>>,
    answer: oneshot::Receiver<Response>,
}

impl Answering {
    pub(super) fn new(work: impl Future<Output = ()> + Send + 'static, answer: oneshot::Receiver<Response>) -> Self {
        // A panic ends the call, and not all others that come over the same connection; it was told by then.
        let work = AssertUnwindSafe(work).catch_unwind().map(drop);
        Self { work: Some(Box::pin(work)), answer }
    }
}

impl Future for Answering {
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

impl Drop for Answering {
    fn drop(&mut self) {
        // Without a runtime the process is about to end.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            drop(runtime.spawn(work));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that answers when told to, and then tells that it is over when told to.
    struct Steps {
        begin: oneshot::Sender<()>,
        end: oneshot::Sender<()>,
        over: oneshot::Receiver<()>,
        answering: Answering,
    }

    fn steps() -> Steps {
        let ((begin, begun), (end, ended), (done, over)) = (oneshot::channel(), oneshot::channel(), oneshot::channel());
        let (reply, answer) = oneshot::channel();
        let work = async move {
            begun.await.unwrap();
            let _ = reply.send(Response::default());
            ended.await.unwrap();
            done.send(()).unwrap();
        };
        Steps { begin, end, over, answering: Answering::new(work, answer) }
    }

    #[tokio::test]
    async fn what_is_left_after_the_answer_is_done() {
        let Steps { begin, end, over, answering } = steps();
        begin.send(()).unwrap();
        assert!(answering.await.is_some());
        end.send(()).unwrap();
        over.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_done() {
        let Steps { begin, end, over, mut answering } = steps();
        assert!((&mut answering).now_or_never().is_none());
        drop(answering);
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
        assert!(Answering::new(work, answer).await.is_none());
    }
}
