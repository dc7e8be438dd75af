//! Refusals in the log, without letting those who don't stop fill it.
//!
//! The first is stored at once. The same again, of the same key, model and code, within a minute of it, is added up in
//! memory and stored as one row that says how many it stands for. What is added up when the server is killed is lost: a
//! refusal is nothing that anybody is charged for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::ids::SecretId;
use services::metering::{CallRecord, Meter};
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

/// For how long what is the same is added up.
const MINUTE: Duration = Duration::from_secs(60);
/// How often it is looked for what is to be stored.
const PERIOD: Duration = Duration::from_secs(5);
/// How many different refusals are added up at most; with more, all that was added up is stored.
const MOST: usize = 10_000;

/// What makes refusals the same.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Kind {
    secret: SecretId,
    model: Arc<str>,
    endpoint: String,
    code: String,
}

/// The same refusal, since it was stored.
struct Sum {
    since: Instant,
    /// The second one, standing for all that came since.
    call: Option<CallRecord>,
    duration_us: i64,
}

/// Adds refusals up, until it is dropped.
pub(super) struct Refusals {
    meter: Meter,
    sums: Arc<Sums>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Sums(Mutex<HashMap<Kind, Sum>>);

impl Refusals {
    pub(super) fn start(meter: &Meter) -> Self {
        let sums: Arc<Sums> = Arc::default();
        let (stored, watched) = (meter.clone(), Arc::clone(&sums));
        let task = tokio::spawn(async move {
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                store(&stored, watched.over(Instant::now())).await;
            }
        });
        Self { meter: meter.clone(), sums, task }
    }

    /// Keeps a refusal. That it can't be stored is no reason to answer otherwise.
    pub(super) async fn record(&self, refused: CallRecord) {
        if let Some(calls) = self.sums.add(refused, Instant::now()) {
            store(&self.meter, calls).await;
        }
    }

    /// Stores what is added up.
    pub(super) async fn finish(&self) {
        store(&self.meter, self.sums.drain()).await;
    }
}

impl Drop for Refusals {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sums {
    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Sum>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a refusal; what is to be stored now, if anything.
    fn add(&self, call: CallRecord, now: Instant) -> Option<Vec<CallRecord>> {
        let kind = Kind {
            secret: call.secret_id,
            model: Arc::clone(&call.model),
            endpoint: call.endpoint.to_string(),
            code: call.error_code.to_string(),
        };
        let mut sums = self.lock();
        if let Some(sum) = sums.get_mut(&kind).filter(|sum| now.duration_since(sum.since) < MINUTE) {
            sum.duration_us = sum.duration_us.saturating_add(call.duration_us);
            match &mut sum.call {
                Some(summed) => summed.times = summed.times.saturating_add(call.times),
                None => sum.call = Some(call),
            }
            return None;
        }
        let mut calls = vec![call];
        // What was added up before, and wasn't looked for yet.
        calls.extend(sums.remove(&kind).and_then(Sum::into_call));
        if sums.len() >= MOST {
            calls.extend(sums.drain().filter_map(|(_, sum)| sum.into_call()));
        }
        sums.insert(kind, Sum { since: now, call: None, duration_us: 0 });
        Some(calls)
    }

    /// Takes those whose minute is over.
    fn over(&self, now: Instant) -> Vec<CallRecord> {
        let over = |_: &Kind, sum: &mut Sum| now.duration_since(sum.since) >= MINUTE;
        self.lock().extract_if(over).filter_map(|(_, sum)| sum.into_call()).collect()
    }

    fn drain(&self) -> Vec<CallRecord> {
        self.lock().drain().filter_map(|(_, sum)| sum.into_call()).collect()
    }
}

impl Sum {
    /// One row for all of them, with the time that one took on average.
    fn into_call(self) -> Option<CallRecord> {
        let call = self.call?;
        Some(CallRecord { duration_us: self.duration_us / i64::from(call.times.max(1)), ..call })
    }
}

async fn store(meter: &Meter, calls: Vec<CallRecord>) {
    let stored = futures::future::join_all(calls.into_iter().map(|call| {
        let id = call.id;
        async move { meter.record(call).await.map_err(|error| (id, error)) }
    }));
    for (id, error) in stored.await.into_iter().filter_map(Result::err) {
        tracing::warn!(call = %id, %error, "a refusal isn't in the log");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use domain::{
        calls::{Measured, Outcome},
        ids::{ApiKeyId, CallId, OrganizationId},
        models::Service,
        money::{Money, Parts, Quantities},
        time::Timestamp,
    };

    use super::*;

    fn refused(key: i64, code: &'static str, duration_us: i64) -> CallRecord {
        let id = CallId::lower_bound(Timestamp::from_millis(key)).uuid();
        CallRecord {
            id: CallId::new(id),
            organization_id: OrganizationId::new(id),
            time_zone: "UTC".parse().unwrap(),
            project_id: None,
            api_key_id: ApiKeyId::new(id),
            secret_id: SecretId::new(id),
            member_id: None,
            started_at: Timestamp::from_millis(0),
            model: Arc::default(),
            service: Service::Chat,
            endpoint: Cow::Borrowed("/v1/chat/completions"),
            provider: Arc::default(),
            status: 429,
            outcome: Outcome::Refused,
            streamed: false,
            times: 1,
            measured: Measured::Unknown,
            used: Quantities::default(),
            cost: Some(Money::ZERO),
            price_id: None,
            unpriced: Parts::NONE,
            duration_us,
            first_byte_us: None,
            error_code: Cow::Borrowed(code),
        }
    }

    fn times(calls: &[CallRecord]) -> Vec<u32> {
        calls.iter().map(|call| call.times).collect()
    }

    #[test]
    fn the_first_is_stored_and_the_same_within_a_minute_is_one_row() {
        let (sums, now) = (Sums::default(), Instant::now());
        assert_eq!(times(&sums.add(refused(1, "a", 5), now).unwrap()), [1]);
        for later in 1..=100 {
            assert!(sums.add(refused(1, "a", later), now + Duration::from_millis(later.unsigned_abs())).is_none());
        }
        // Another key, another code: another refusal.
        assert_eq!(times(&sums.add(refused(2, "a", 5), now).unwrap()), [1]);
        assert_eq!(times(&sums.add(refused(1, "b", 5), now).unwrap()), [1]);
        assert!(sums.over(now + MINUTE - Duration::from_millis(1)).is_empty());
        let over = sums.over(now + MINUTE);
        assert_eq!((times(&over), over[0].duration_us), (vec![100], 50));
        assert_eq!(times(&sums.add(refused(1, "a", 5), now + MINUTE).unwrap()), [1]);
    }

    #[test]
    fn what_comes_after_the_minute_brings_what_was_added_up() {
        let (sums, now) = (Sums::default(), Instant::now());
        for _ in 0..3 {
            sums.add(refused(1, "a", 5), now);
        }
        assert_eq!(times(&sums.add(refused(1, "a", 5), now + MINUTE).unwrap()), [1, 2]);
        assert!(sums.drain().is_empty());
    }

    #[test]
    fn not_more_is_remembered_than_fits() {
        let (sums, now) = (Sums::default(), Instant::now());
        let mut stored = 0;
        for key in 0..3 * i64::try_from(MOST).unwrap() {
            for _ in 0..2 {
                stored += times(&sums.add(refused(key, "a", 5), now).unwrap_or_default()).iter().sum::<u32>();
            }
            assert!(sums.lock().len() <= MOST);
        }
        stored += times(&sums.drain()).iter().sum::<u32>();
        assert_eq!(stored as usize, 6 * MOST, "none is lost");
    }
}
