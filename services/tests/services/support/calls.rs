//! Calls, stored as the gateway stores them.

use std::borrow::Cow;

use domain::{
    api_keys::ApiKey,
    calls::{CallTags, CountSource, Outcome},
    ids::{CallId, SecretId},
    models::Service,
    money::{Money, PriceParts, Quantities},
    time::Timestamp,
};
use services::{
    Organization,
    metering::{self, CallRecord, SeriesCache},
};

use super::World;

/// A call to store.
#[derive(Clone)]
pub(crate) struct TestCall {
    pub(crate) at: Timestamp,
    pub(crate) model: String,
    pub(crate) service: Service,
    pub(crate) outcome: Outcome,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
    /// Cost in nano-dollars.
    pub(crate) cost: Option<i64>,
    pub(crate) tags: CallTags,
}

impl TestCall {
    pub(crate) fn at(moment: &str) -> Self {
        Self::at_moment(moment.parse().unwrap())
    }

    pub(crate) fn at_moment(at: Timestamp) -> Self {
        Self {
            at,
            model: "gpt-x".to_owned(),
            service: Service::Chat,
            outcome: Outcome::Succeeded,
            tokens_in: 100,
            tokens_out: 10,
            cost: Some(1_000),
            tags: CallTags::default(),
        }
    }

    pub(crate) fn model(self, model: &str) -> Self {
        Self { model: model.to_owned(), ..self }
    }

    /// Adds a tag.
    pub(crate) fn tag(mut self, name: &str, value: &str) -> Self {
        assert!(self.tags.add(name.parse().unwrap(), value.to_owned()));
        self
    }

    pub(crate) fn outcome(self, outcome: Outcome) -> Self {
        let is_refused = outcome == Outcome::Refused;
        let if_admitted = |count| if is_refused { 0 } else { count };
        Self {
            outcome,
            tokens_in: if_admitted(self.tokens_in),
            tokens_out: if_admitted(self.tokens_out),
            cost: self.cost.filter(|_| !is_refused),
            ..self
        }
    }
}

impl World {
    /// Stores calls made with `key`; returns their ids.
    pub(crate) async fn calls(&self, organization: &Organization, key: &ApiKey, calls: &[TestCall]) -> Vec<CallId> {
        let series = SeriesCache::new();
        let mut ids = Vec::new();
        for chunk in calls.chunks(1_000) {
            let records: Vec<CallRecord> = chunk.iter().map(|call| record(organization, key, call)).collect();
            ids.extend(records.iter().map(|record| record.id));
            let transaction = self.services.database().begin().await.unwrap();
            let new = metering::store(&transaction, &series, &records).await.unwrap();
            transaction.commit().await.unwrap();
            new.commit_to(&series);
        }
        ids
    }
}

pub(crate) fn record(organization: &Organization, key: &ApiKey, call: &TestCall) -> CallRecord {
    CallRecord {
        id: metering::new_call_id(call.at),
        organization_id: organization.id,
        time_zone: organization.time_zone,
        project_id: key.project.as_ref().map(|project| project.id),
        api_key_id: key.id,
        secret_id: SecretId::new(uuid::Uuid::nil()),
        member_id: key.created_by.as_ref().map(|creator| creator.id),
        started_at: call.at,
        model: call.model.as_str().into(),
        service: call.service,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "sandbox".into(),
        status: if call.outcome == Outcome::Succeeded { 200 } else { 502 },
        outcome: call.outcome,
        streamed: false,
        times: 1,
        measured: CountSource::Reported,
        used: Quantities { tokens_in: call.tokens_in, tokens_out: call.tokens_out, ..Quantities::default() },
        cost: call.cost.map(Money::from_nanos),
        price_id: None,
        unpriced: PriceParts::NONE,
        duration_us: 1_500,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
        rejection: None,
        tags: call.tags.clone(),
        client_request_id: None,
        attempts: Vec::new(),
        body_exclusion: None,
    }
}
