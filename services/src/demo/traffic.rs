//! The calls of a growing company: more by day than by night,
//! on weekdays than on weekends, and this month than last.

use std::sync::Arc;

use chrono::{Datelike, Timelike};
use domain::{
    calls::{CallRejection, CallTags, CountSource, Outcome, RejectionRule},
    ids::CallId,
    money::{PriceParts, Quantities},
    time::Timestamp,
};
use rand::{Rng, RngExt};
use rand_pcg::Pcg64;

use super::{
    DemoSize,
    company::{Company, DemoModel},
    keys::DemoKey,
};
use crate::metering::CallRecord;

const HOUR: i64 = 60 * 60_000;

/// Customers for whom calls are made, each with half as many as the one before.
const CUSTOMERS: [&str; 6] =
    ["Nordlicht Tours", "Alpenblick Hotels", "Baltic Ferries", "Citytrips", "Porto Rentals", "Sunrise Air"];

/// An iterator over all calls, ordered by time.
pub(super) struct Traffic<'a> {
    company: &'a Company,
    begin: Timestamp,
    now: Timestamp,
    random: Pcg64,
    /// The provider of a refused call.
    no_provider: Arc<str>,
    /// Number of calls in each hour, from the first one.
    hours: std::iter::Enumerate<std::vec::IntoIter<u64>>,
    /// The current hour's calls, the latest first.
    hour: Vec<CallRecord>,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(
        company: &'a Company,
        options: DemoSize,
        begin: Timestamp,
        now: Timestamp,
        random: Pcg64,
    ) -> Self {
        let hours = spread(options.calls, &weights(company, begin, now));
        Self {
            company,
            begin,
            now,
            random,
            no_provider: Arc::from(""),
            hours: hours.into_iter().enumerate(),
            hour: Vec::new(),
        }
    }

    fn fill(&mut self, index: usize, count: u64) {
        let start = self.begin.plus_millis(HOUR * i64::try_from(index).unwrap_or(0));
        let length = HOUR.min(self.now.millis() - start.millis()).max(1);
        let mut moments: Vec<i64> = (0..count).map(|_| self.random.random_range(0..length)).collect();
        moments.sort_unstable_by_key(|moment| std::cmp::Reverse(*moment));
        for moment in moments {
            let call = self.call(start.plus_millis(moment));
            self.hour.push(call);
        }
        // Calls are ordered by id: two of one millisecond by the random parts.
        self.hour.sort_unstable_by_key(|call| std::cmp::Reverse(call.id));
    }

    fn call(&mut self, at: Timestamp) -> CallRecord {
        let company = self.company;
        let span = (self.now.millis() - self.begin.millis()).max(1);
        let age = u32::try_from((at.millis() - self.begin.millis()) * 100 / span).unwrap_or(100);
        let activity = activity(at, company);
        let key = choose(&company.keys, &mut self.random, |key| {
            let plan = key.plan;
            let awake = if plan.by_people { activity } else { 100 };
            let called = plan.since <= age && plan.ends_at().is_none_or(|end| age < end);
            if called { plan.weight * awake } else { 0 }
        });
        let model =
            key.plan.models.iter().map(|(model, weight)| (&company.models[*model], *weight)).collect::<Vec<_>>();
        let (model, _) = choose(&model, &mut self.random, |(_, weight)| *weight);
        self.record(at, key, model)
    }

    fn record(&mut self, at: Timestamp, key: &DemoKey, model: &DemoModel) -> CallRecord {
        let random = &mut self.random;
        let (status, outcome, error_code) = random_result(random);
        let answered = outcome == Outcome::Succeeded;
        let used = if answered { quantities(random, model) } else { Quantities::default() };
        let price = model.price_at(at).filter(|_| answered);
        let streamed = answered && used.tokens_out > 0 && random.random_ratio(3, 5);
        let first_byte_us = i64::from(jitter(random, model.latency_ms.0)) * 1000 + random.random_range(0..1000);
        let rest_us = used.tokens_out * i64::from(model.latency_ms.1) * 1000;
        let duration_us =
            if outcome == Outcome::Refused { random.random_range(150..900) } else { first_byte_us + rest_us };
        let id = id(at, random);
        CallRecord {
            id,
            organization_id: self.company.organization.id,
            time_zone: self.company.organization.time_zone,
            project_id: key.project,
            api_key_id: key.id,
            secret_id: key.secret_at(at),
            member_id: Some(key.creator),
            started_at: at,
            model: Arc::clone(&model.name),
            service: model.service,
            endpoint: if model.tokens.1 == 0 { "/v1/embeddings" } else { "/v1/chat/completions" }.into(),
            provider: if outcome == Outcome::Refused {
                Arc::clone(&self.no_provider)
            } else {
                Arc::clone(&model.provider)
            },
            status,
            outcome,
            streamed,
            times: 1,
            measured: if answered { CountSource::Reported } else { CountSource::Unknown },
            used,
            cost: price
                .map(|(_, price)| price.cost(used))
                .or_else(|| (!answered).then_some(domain::money::Money::ZERO)),
            unpriced: PriceParts::NONE,
            price_id: price.map(|(id, _)| id),
            duration_us,
            first_byte_us: streamed.then_some(first_byte_us),
            error_code: error_code.into(),
            rejection: (outcome == Outcome::Refused).then(|| rejection(&model.name)),
            tags: if key.plan.has_customers { customer_tags(id) } else { CallTags::default() },
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }
    }
}

/// The tags of a call for a customer, by its random id.
fn customer_tags(id: CallId) -> CallTags {
    let mut tags = CallTags::default();
    let [.., bits] = *id.uuid().as_bytes();
    let customer = CUSTOMERS.into_iter().nth(bits.leading_zeros() as usize).or(CUSTOMERS.into_iter().last());
    if let (Ok(name), Some(customer)) = ("customer".parse(), customer) {
        tags.add(name, customer.to_owned());
    }
    tags
}

impl Iterator for Traffic<'_> {
    type Item = CallRecord;

    fn next(&mut self) -> Option<CallRecord> {
        while self.hour.is_empty() {
            let (index, count) = self.hours.next()?;
            self.fill(index, count);
        }
        self.hour.pop()
    }
}

/// The demand for calls in each hour, in arbitrary units.
fn weights(company: &Company, begin: Timestamp, now: Timestamp) -> Vec<u64> {
    let hours = (now.millis() - begin.millis()) / HOUR + 1;
    (0..hours)
        .map(|hour| {
            // Grows sixfold over the whole time, with seasons: travel is planned in spring.
            let growth = 200 + 1000 * hour / hours.max(1);
            let moment = begin.plus_millis(hour * HOUR);
            let month = moment.to_chrono().month0() as usize;
            const SEASON: [i64; 12] = [112, 108, 112, 116, 120, 118, 104, 96, 98, 94, 92, 96];
            let demand = growth * SEASON[month] * (25 + i64::from(activity(moment, company)));
            // The last hour has only begun.
            let begun = (now.millis() - moment.millis()).clamp(0, HOUR);
            u64::try_from(demand * begun / HOUR).unwrap_or(0)
        })
        .collect()
}

/// How active people are at a moment in the company's time zone, from 3 to 100.
fn activity(at: Timestamp, company: &Company) -> u32 {
    const BY_HOUR: [u32; 24] =
        [9, 6, 4, 3, 3, 5, 12, 28, 55, 78, 90, 96, 88, 92, 100, 98, 90, 80, 74, 76, 70, 52, 30, 16];
    let local = at.to_chrono().with_timezone(&company.organization.time_zone);
    let weekend = matches!(local.weekday(), chrono::Weekday::Sat | chrono::Weekday::Sun);
    let by_hour = BY_HOUR[local.hour() as usize];
    if weekend { (by_hour / 2).max(3) } else { by_hour }
}

/// Distributes exactly `total` over hours, in proportion to their weights.
fn spread(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().copied().map(u128::from).sum::<u128>().max(1);
    let mut weighed = 0u128;
    let mut given = 0u64;
    weights
        .iter()
        .map(|weight| {
            weighed += u128::from(*weight);
            let due = u64::try_from(u128::from(total) * weighed / sum).unwrap_or(total);
            let count = due - given;
            given = due;
            count
        })
        .collect()
}

/// Chooses one of `items`, with probabilities in proportion to their weights.
fn choose<'t, T>(items: &'t [T], random: &mut Pcg64, weight: impl Fn(&T) -> u32) -> &'t T {
    let sum: u32 = items.iter().map(&weight).sum();
    let mut remaining = random.random_range(0..sum.max(1));
    for item in items {
        let weight = weight(item);
        if remaining < weight {
            return item;
        }
        remaining -= weight;
    }
    &items[0]
}

/// The explanation of a rejected call, as the gateway words it.
fn rejection(model: &str) -> CallRejection {
    let message = format!("This key may not call {model:?}. GET /v1/models lists those it may.");
    CallRejection::new(RejectionRule::Model, &message, model)
}

/// Chooses status, outcome and error code. Nearly all calls succeed.
fn random_result(random: &mut Pcg64) -> (u16, Outcome, &'static str) {
    match random.random_range(0..10_000) {
        0..18 => (429, Outcome::Failed, "rate_limit_exceeded"),
        18..30 => (500, Outcome::Failed, "server_error"),
        30..36 => (502, Outcome::Failed, "upstream_error"),
        36..40 => (504, Outcome::Failed, "upstream_timeout"),
        40..48 => (403, Outcome::Refused, "model_not_allowed"),
        _ => (200, Outcome::Succeeded, ""),
    }
}

fn quantities(random: &mut Pcg64, model: &DemoModel) -> Quantities {
    let tokens_in = i64::from(jitter(random, model.tokens.0));
    let cached = if model.tokens.1 > 0 && random.random_ratio(2, 5) { tokens_in / 2 } else { 0 };
    let tokens_out = if model.tokens.1 == 0 { 0 } else { i64::from(jitter(random, model.tokens.1)) };
    Quantities { tokens_in, cached_tokens_in: cached, tokens_out, ..Quantities::default() }
}

/// A random number around `typical`, from a third of it to three times, and rarely much more than it.
fn jitter(random: &mut Pcg64, typical: u32) -> u32 {
    let spread = u64::from(random.random_range(0..1000u32)) * u64::from(random.random_range(0..1000u32));
    let share = 330 + spread * 2670 / 1_000_000;
    u32::try_from(u64::from(typical) * share / 1000).unwrap_or(typical).max(1)
}

/// A UUIDv7 of this moment (RFC 9562) with random bits from the seed.
fn id(at: Timestamp, random: &mut Pcg64) -> CallId {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    let mut bytes = [0; 10];
    random.fill_bytes(&mut bytes);
    CallId::new(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_call_is_given_to_an_hour(total in 0u64..10_000_000, mut weights in prop::collection::vec(0u64..10_000_000, 1..500)) {
            weights.push(1);
            prop_assert_eq!(spread(total, &weights).iter().sum::<u64>(), total);
        }
    }
}
