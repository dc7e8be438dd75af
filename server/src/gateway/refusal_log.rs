//! Logs rejected calls, without letting clients that repeat them fill the log.
//!
//! The first one is stored at once. Repetitions with its secret, model, path, code and rule are counted in memory
//! for a minute, and stored as one row with their number. Counts are lost if the server is killed, which is
//! acceptable, since rejected calls are free.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    calls::{CallTags, RejectionRule},
    ids::SecretId,
};
use services::metering::{CallRecord, Meter};
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

/// How long repetitions are counted in one row.
const SUM_PERIOD: Duration = Duration::from_secs(60);
/// Time between searches for counts to store.
const STORE_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum of different refusals that are counted. Beyond it, all counts are stored.
const MAX_KINDS: usize = 10_000;

/// Number of groups of models that aren't on offer: most of them get a row of their own, and a client that tries a lot
/// of names doesn't fill the log.
const UNKNOWN_MODEL_GROUPS: u64 = 16;

/// The properties that repeated refusals have in common.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct RefusalKey {
    secret: SecretId,
    model: Arc<str>,
    /// Group of a model that isn't on offer.
    unknown_model: u64,
    endpoint: String,
    code: String,
    rule: RejectionRule,
}

impl RefusalKey {
    fn of(call: &CallRecord) -> Self {
        let rejection = call.rejection.clone().unwrap_or_default();
        let unknown_model = if call.model.is_empty() { group(&rejection.model) } else { 0 };
        Self {
            secret: call.secret_id,
            model: Arc::clone(&call.model),
            unknown_model,
            endpoint: call.endpoint.to_string(),
            code: call.error_code.to_string(),
            rule: rejection.rule,
        }
    }
}

/// The group of a model that isn't on offer.
fn group(model: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    model.hash(&mut hasher);
    hasher.finish() % UNKNOWN_MODEL_GROUPS
}

/// The repetitions of a refusal since its row was stored.
struct RefusalCount {
    since: Instant,
    /// The first repetition, which represents all of them.
    call: Option<CallRecord>,
    duration_us: i64,
}

/// Stores and counts refusals. Its task ends on drop.
pub(super) struct RefusalLog {
    meter: Meter,
    counts: Arc<RefusalCounts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct RefusalCounts(Mutex<HashMap<RefusalKey, RefusalCount>>);

impl RefusalLog {
    pub(super) fn start(meter: &Meter) -> Self {
        let counts: Arc<RefusalCounts> = Arc::default();
        let (task_meter, task_counts) = (meter.clone(), Arc::clone(&counts));
        let task = tokio::spawn(async move {
            let mut ticks = interval(STORE_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                store(&task_meter, task_counts.take_expired(Instant::now())).await;
            }
        });
        Self { meter: meter.clone(), counts, task }
    }

    /// Stores or counts a refusal. Failures are logged only: the answer doesn't depend on them.
    pub(super) async fn record(&self, call: CallRecord) {
        if let Some(calls) = self.counts.add(call, Instant::now()) {
            store(&self.meter, calls).await;
        }
    }

    /// Stores all counts.
    pub(super) async fn finish(&self) {
        store(&self.meter, self.counts.drain()).await;
    }
}

impl Drop for RefusalLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RefusalCounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<RefusalKey, RefusalCount>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a refusal. Returns the records to store now, if any.
    fn add(&self, call: CallRecord, now: Instant) -> Option<Vec<CallRecord>> {
        let key = RefusalKey::of(&call);
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(&key).filter(|count| now.duration_since(count.since) < SUM_PERIOD) {
            count.duration_us = count.duration_us.saturating_add(call.duration_us);
            match &mut count.call {
                Some(first) => {
                    first.times = first.times.saturating_add(call.times);
                    // The row has only tags that all of them have.
                    if first.tags != call.tags {
                        first.tags = CallTags::default();
                    }
                }
                None => count.call = Some(call),
            }
            return None;
        }
        let mut calls = vec![call];
        // An expired count that wasn't stored yet.
        calls.extend(counts.remove(&key).and_then(RefusalCount::into_call));
        if counts.len() >= MAX_KINDS {
            calls.extend(counts.drain().filter_map(|(_, count)| count.into_call()));
        }
        counts.insert(key, RefusalCount { since: now, call: None, duration_us: 0 });
        Some(calls)
    }

    /// Removes counts whose period is over, and returns their records.
    fn take_expired(&self, now: Instant) -> Vec<CallRecord> {
        let is_expired = |_: &RefusalKey, count: &mut RefusalCount| now.duration_since(count.since) >= SUM_PERIOD;
        self.lock().extract_if(is_expired).filter_map(|(_, count)| count.into_call()).collect()
    }

    fn drain(&self) -> Vec<CallRecord> {
        self.lock().drain().filter_map(|(_, count)| count.into_call()).collect()
    }
}

impl RefusalCount {
    /// Returns one record for all repetitions, with their average duration.
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
        calls::{CallRejection, CountSource, Outcome},
        ids::{ApiKeyId, CallId, OrganizationId},
        models::Service,
        money::{Money, PriceParts, Quantities},
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
            measured: CountSource::Unknown,
            used: Quantities::default(),
            cost: Some(Money::ZERO),
            price_id: None,
            unpriced: PriceParts::NONE,
            duration_us,
            first_byte_us: None,
            error_code: Cow::Borrowed(code),
            rejection: None,
            tags: CallTags::default(),
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }
    }

    fn for_model(model: &str, rule: RejectionRule) -> CallRecord {
        CallRecord { rejection: Some(CallRejection::new(rule, "No.", model)), ..refused(1, "a", 5) }
    }

    fn times(calls: &[CallRecord]) -> Vec<u32> {
        calls.iter().map(|call| call.times).collect()
    }

    #[test]
    fn the_first_is_stored_and_the_same_within_a_minute_is_one_row() {
        let (counts, now) = (RefusalCounts::default(), Instant::now());
        assert_eq!(times(&counts.add(refused(1, "a", 5), now).unwrap()), [1]);
        for later in 1..=100 {
            assert!(counts.add(refused(1, "a", later), now + Duration::from_millis(later.unsigned_abs())).is_none());
        }
        // Refusals of another key, and with another code.
        assert_eq!(times(&counts.add(refused(2, "a", 5), now).unwrap()), [1]);
        assert_eq!(times(&counts.add(refused(1, "b", 5), now).unwrap()), [1]);
        assert!(counts.take_expired(now + SUM_PERIOD - Duration::from_millis(1)).is_empty());
        let expired = counts.take_expired(now + SUM_PERIOD);
        assert_eq!((times(&expired), expired[0].duration_us), (vec![100], 50));
        assert_eq!(times(&counts.add(refused(1, "a", 5), now + SUM_PERIOD).unwrap()), [1]);
    }

    #[test]
    fn other_models_and_rules_have_rows_of_their_own_but_not_any_number_of_them() {
        let (counts, now) = (RefusalCounts::default(), Instant::now());
        let add = |model: &str, rule| counts.add(for_model(model, rule), now).is_some();
        let other = (0..).map(|number| format!("gpt-{number}")).find(|name| group(name) != group("gpt-x")).unwrap();
        assert!(add("gpt-x", RejectionRule::UnknownModel) && add(&other, RejectionRule::UnknownModel));
        assert!(add("gpt-x", RejectionRule::KeyRate) && add("gpt-x", RejectionRule::ProjectRate));
        assert!(!add("gpt-x", RejectionRule::UnknownModel) && !add("gpt-x", RejectionRule::KeyRate));
        let rows = (0..1_000).filter(|number| add(&format!("guess-{number}"), RejectionRule::UnknownModel)).count();
        assert!(rows < 16, "{rows}");
    }

    #[test]
    fn repetitions_with_other_tags_are_one_row_without_tags() {
        let (counts, now) = (RefusalCounts::default(), Instant::now());
        let tagged = |customer: &str| {
            let mut tags = CallTags::default();
            tags.add("customer".parse().unwrap(), customer.to_owned());
            CallRecord { tags, ..refused(1, "a", 5) }
        };
        assert_eq!(counts.add(tagged("acme"), now).unwrap()[0].tags.get("customer"), Some("acme"));
        for _ in 0..3 {
            counts.add(tagged("acme"), now);
        }
        let same = counts.take_expired(now + SUM_PERIOD);
        assert_eq!((times(&same), same[0].tags.get("customer")), (vec![3], Some("acme")));
        counts.add(tagged("acme"), now);
        for number in 0..1_000 {
            counts.add(tagged(&format!("c-{number}")), now);
        }
        let mixed = counts.drain();
        assert_eq!((times(&mixed), mixed[0].tags.len()), (vec![1_000], 0));
    }

    #[test]
    fn what_comes_after_the_minute_brings_what_was_added_up() {
        let (counts, now) = (RefusalCounts::default(), Instant::now());
        for _ in 0..3 {
            counts.add(refused(1, "a", 5), now);
        }
        assert_eq!(times(&counts.add(refused(1, "a", 5), now + SUM_PERIOD).unwrap()), [1, 2]);
        assert!(counts.drain().is_empty());
    }

    #[test]
    fn not_more_is_remembered_than_fits() {
        let (counts, now) = (RefusalCounts::default(), Instant::now());
        let mut stored = 0;
        for key in 0..3 * i64::try_from(MAX_KINDS).unwrap() {
            for _ in 0..2 {
                stored += times(&counts.add(refused(key, "a", 5), now).unwrap_or_default()).iter().sum::<u32>();
            }
            assert!(counts.lock().len() <= MAX_KINDS);
        }
        stored += times(&counts.drain()).iter().sum::<u32>();
        assert_eq!(stored as usize, 6 * MAX_KINDS, "none is lost");
    }
}
