//! A call on its way, and what is kept of it when it is over.

use std::{borrow::Cow, sync::Arc};

use axum::response::Response;
use domain::{
    calls::{Measured, Outcome},
    ids::{CallId, PriceId},
    money::{Cost, Money, Parts, Price, Quantities},
    time::Timestamp,
};
use services::{
    Services,
    api_keys::directory::KeyRecord,
    metering::{CallRecord, Open, new_call_id},
    models::price_at,
    provider_objects::Kind,
    rate_limits::Permit,
};
use tokio::time::Instant;

use super::{
    accept::Memo,
    endpoint::{Counts, Endpoint},
    offers::Offer,
    running::Lifeline,
    timing::Timing,
};
use crate::v1::error::Refusal;

/// When and where a call came in.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: CallId,
    pub(super) endpoint: &'static Endpoint,
    pub(super) started_at: Timestamp,
    pub(super) instant: Instant,
    /// When all of the request was here, from when on its answer has its time: an upload may take longer than that.
    pub(super) complete: Instant,
}

impl Arrival {
    pub(super) fn new(services: &Services, endpoint: &'static Endpoint) -> Self {
        let started_at = services.now();
        let instant = Instant::now();
        Self { id: new_call_id(started_at), endpoint, started_at, instant, complete: instant }
    }

    /// Microseconds since then.
    pub(super) fn elapsed_us(&self) -> i64 {
        i64::try_from(self.instant.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// A refusal, in the client's own format.
    pub(super) fn refusal(&self, refusal: &Refusal) -> Response {
        refusal.response_in(self.endpoint.dialect, self.id)
    }

    /// The same under the code that a provider has for it.
    pub(super) fn refusal_called(&self, refusal: &Refusal, code: &str) -> Response {
        refusal.response_called(code, self.endpoint.dialect, self.id)
    }

    /// What is kept of a call that was turned away: it costs nothing. `model` is one on offer, or empty.
    pub(super) fn refused(&self, key: &KeyRecord, model: Arc<str>, refusal: &Refusal) -> CallRecord {
        CallRecord {
            model,
            status: refusal.status.as_u16(),
            outcome: Outcome::Refused,
            cost: Some(Money::ZERO),
            error_code: Cow::Borrowed(refusal.code),
            ..self.record(key)
        }
    }

    /// What is known of a call for `model` when it is about to be forwarded.
    pub(super) fn begun(&self, key: &KeyRecord, model: Arc<str>) -> CallRecord {
        CallRecord { model, ..self.record(key) }
    }

    /// What is known before anybody is asked.
    fn record(&self, key: &KeyRecord) -> CallRecord {
        CallRecord {
            id: self.id,
            organization_id: key.organization.id,
            time_zone: key.organization.time_zone,
            project_id: key.project_id,
            api_key_id: key.api_key_id,
            secret_id: key.secret_id,
            member_id: key.member_id,
            started_at: self.started_at,
            model: Arc::default(),
            service: self.endpoint.service,
            endpoint: Cow::Borrowed(self.endpoint.path),
            provider: Arc::default(),
            status: 0,
            outcome: Outcome::Failed,
            streamed: false,
            times: 1,
            measured: Measured::Unknown,
            used: Quantities::default(),
            cost: None,
            unpriced: Parts::NONE,
            price_id: None,
            duration_us: self.elapsed_us(),
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
        }
    }
}

/// A call that was let in.
pub(super) struct Call {
    pub(super) arrival: Arrival,
    pub(super) key: Arc<KeyRecord>,
    pub(super) offer: Arc<Offer>,
    /// Who know what it costs.
    pub(super) services: Services,
    pub(super) memo: Memo,
    pub(super) lifeline: Lifeline,
    /// What it takes of its key's limits; `None` where there are none.
    pub(super) permit: Option<Permit>,
    pub(super) timing: Timing,
    /// Its place in the journal, to be kept until it is recorded.
    pub(super) _open: Open,
}

/// How a call ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) provider: Arc<str>,
    /// What the client was told.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) streamed: bool,
    /// What was used, and how that is known; `None` where it isn't.
    pub(super) used: Option<(Measured, Quantities)>,
    /// Whether nobody can have charged anything, as long as no usage was reported.
    pub(super) free: bool,
    pub(super) first_byte_us: Option<i64>,
    pub(super) error_code: Cow<'static, str>,
}

impl Call {
    /// What is kept of it. Where nothing is known of what was used the cost isn't known, which is another thing than
    /// nothing.
    pub(super) fn record(&self, end: End) -> CallRecord {
        let used = end.used.map(|(measured, used)| (measured, Quantities { characters: self.memo.characters, ..used }));
        let (measured, quantities) = match used {
            _ if self.costs_nothing() => (Measured::Reported, Quantities::default()),
            Some(known) => known,
            None => (Measured::Unknown, Quantities::default()),
        };
        let free = Cost { known: Some(Money::ZERO), ..Cost::default() };
        let (cost, price_id) = match (used, self.price()) {
            _ if self.costs_nothing() => (free, None),
            (Some((_, used)), Some((id, price))) => (price.cost_of(used), Some(id)),
            (None, _) if end.free => (free, None),
            // Whatever was used, the price is for the call.
            (None, Some((id, price))) if price == (Price { per_call: price.per_call, ..Price::default() }) => {
                (price.cost_of(Quantities::NONE), Some(id))
            }
            (_, None) if self.arrival.endpoint.counts == Counts::FreeUnlessPriced => (free, None),
            _ => (Cost::default(), None),
        };
        CallRecord {
            model: Arc::clone(&self.offer.name),
            provider: end.provider,
            status: end.status,
            outcome: end.outcome,
            streamed: end.streamed,
            measured,
            used: quantities,
            cost: cost.known,
            unpriced: cost.unpriced,
            price_id: price_id.filter(|_| cost.known.is_some()),
            first_byte_us: end.first_byte_us,
            error_code: end.error_code,
            ..self.arrival.record(&self.key)
        }
    }

    /// The price of the moment it arrived, also where that was told here only later.
    pub(super) fn price(&self) -> Option<(PriceId, Price)> {
        price_at(&self.services, self.offer.priced_as.as_deref()?, self.arrival.started_at)
    }

    /// Whether it is free, or the job that it began is charged when it is done.
    fn costs_nothing(&self) -> bool {
        matches!(self.arrival.endpoint.counts, Counts::Free | Counts::Job) || self.memo.background
    }

    /// Whether its texts, or its recording, tell what it used, where nobody else does.
    pub(super) fn is_estimated(&self) -> bool {
        let counts = self.arrival.endpoint.counts;
        matches!(counts, Counts::Tokens | Counts::TokensIn | Counts::Media) && !self.memo.background
    }

    /// Whether an answer that isn't remembered is of no use: what was made can't be asked for.
    pub(super) fn must_be_noted(&self) -> bool {
        matches!(self.arrival.endpoint.object, Some((Kind::File | Kind::FineTuningJob | Kind::Video, _)))
    }
}
