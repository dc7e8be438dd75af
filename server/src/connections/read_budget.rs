//! How long somebody is waited for who is to send or to take something.

use std::{future::Future, pin::Pin, task::Context, time::Duration};

use tokio::time::{Instant, Sleep, sleep_until};

/// An alarm that costs nothing while what is waited for comes in time.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether it is past `deadline`; if not, the task is woken when it is.
    pub(super) fn rings(&mut self, deadline: Instant, context: &mut Context<'_>) -> bool {
        if Instant::now() >= deadline {
            return true;
        }
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // One that rings earlier is left as it is: whoever is woken by it asks again.
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}

/// How much of its time somebody has used up. More is given for each byte, so that who is slow and honest comes through.
#[derive(Debug)]
pub(super) struct Patience {
    bytes_a_second: u64,
    waited: Duration,
    since: Option<Instant>,
    bytes: u64,
}

impl Patience {
    pub(super) const fn new(bytes_a_second: u64) -> Self {
        Self { bytes_a_second, waited: Duration::ZERO, since: None, bytes: 0 }
    }

    pub(super) fn begin_anew(&mut self) {
        *self = Self::new(self.bytes_a_second);
    }

    /// Nothing comes. By when something must, where there is so much time besides that for the bytes.
    pub(super) fn wait(&mut self, besides: Duration, now: Instant) -> Instant {
        let since = *self.since.get_or_insert(now);
        let given = besides + Duration::from_millis(self.bytes.saturating_mul(1_000) / self.bytes_a_second);
        // However many bytes there were, not beyond what a clock can tell.
        since + given.saturating_sub(self.waited).min(Duration::from_secs(24 * 60 * 60))
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// So many bytes came.
    pub(super) fn note(&mut self, bytes: usize, now: Instant) {
        self.bytes += bytes as u64;
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_sends_nothing_has_the_grace_in_all() {
        let mut patience = Patience::new(1024);
        let begin = Instant::now();
        assert_eq!(patience.wait(GRACE, begin), begin + GRACE);
        patience.note(0, begin + 20 * SECOND);
        // What the server itself takes isn't counted.
        let later = begin + 200 * SECOND;
        assert_eq!(patience.wait(GRACE, later), later + 10 * SECOND);
    }

    #[test]
    fn who_is_slow_and_honest_comes_through() {
        let (mut honest, mut dripping) = (Patience::new(1024), Patience::new(1024));
        let mut now = Instant::now();
        let mut drips = 0;
        for _ in 0..1_000 {
            assert!(honest.wait(GRACE, now) > now + SECOND);
            drips += u32::from(dripping.wait(GRACE, now) > now + SECOND);
            now += SECOND;
            honest.note(1100, now);
            dripping.note(1, now);
        }
        assert!(drips < 31, "{drips}");
    }
}
