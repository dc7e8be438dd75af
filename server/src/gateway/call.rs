//! A running call, and its record in the journal.

use std::{borrow::Cow, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderName},
    response::Response,
};
use domain::{
    api_keys::Secret,
    bodies::BodyExclusion,
    calls::{CallRejection, CallTags, CountSource, MAX_CLIENT_REQUEST_ID, Outcome},
    ids::{CallId, PriceId},
    money::{Cost, Money, Price, PriceParts, Quantities, UsageBounds},
    time::Timestamp,
};
use services::{
    Services,
    api_keys::directory::KeyRecord,
    metering::{CallRecord, new_call_id},
    models::price_at,
    provider_objects::{ObjectKind, ProviderObject},
};
use tokio::time::Instant;

use super::{
    attempt_log::AttemptLog,
    body::BodyTags,
    budget::BudgetShare,
    call_guard::CallGuard,
    endpoint::{Endpoint, MeteredUnit},
    estimate::Prompt,
    offers::Offer,
    tags,
    timing::CallTiming,
};
use crate::v1::error::V1Error;

/// Header with a request ID of the client's own. Source: OpenAI's API reference, "Debugging requests".
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// The time and the endpoint of a call's arrival.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) id: CallId,
    pub(super) endpoint: &'static Endpoint,
    pub(super) started_at: Timestamp,
    pub(super) instant: Instant,
    /// When the request was complete. Timeouts of the answer start here, since an upload
    /// may take longer than them.
    pub(super) received_at: Instant,
    /// Tags of the headers, and of the body once it is read. There are none if a header isn't a tag.
    pub(super) tags: CallTags,
    /// The request ID that the client gave the call.
    client_request_id: Option<String>,
    /// Why bodies of the call aren't stored although its organization stores some; `None` until its key is known.
    pub(super) body_exclusion: Option<BodyExclusion>,
}

impl Arrival {
    pub(super) fn new(services: &Services, endpoint: &'static Endpoint, headers: &HeaderMap) -> Self {
        let started_at = services.now();
        let instant = Instant::now();
        let request_id = headers.get(CLIENT_REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::trim);
        let request_id = request_id.filter(|id| (1..=MAX_CLIENT_REQUEST_ID).contains(&id.len()));
        Self {
            id: new_call_id(started_at),
            endpoint,
            started_at,
            instant,
            received_at: instant,
            tags: tags::of_headers(headers).unwrap_or_default(),
            client_request_id: request_id.map(Secret::redact),
            body_exclusion: None,
        }
    }

    /// Microseconds since the arrival.
    pub(super) fn elapsed_us(&self) -> i64 {
        i64::try_from(self.instant.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Builds an error response in the form of the client's API.
    pub(super) fn error_response(&self, refusal: &V1Error) -> Response {
        refusal.response_in(self.endpoint.dialect, self.id)
    }

    /// Builds an error response with the provider's code.
    pub(super) fn error_response_with_code(&self, refusal: &V1Error, code: &str) -> Response {
        refusal.response_with_code(code, self.endpoint.dialect, self.id)
    }

    /// Builds the record of a rejected call, which is free. `model` is on offer, or empty; `requested_model` is what
    /// the client asked for, if that is known.
    pub(super) fn record_of_refusal(
        &self,
        key: &KeyRecord,
        model: Arc<str>,
        requested_model: &str,
        refusal: &V1Error,
    ) -> CallRecord {
        let requested_model = Secret::redact(requested_model);
        CallRecord {
            model,
            rejection: Some(CallRejection::new(refusal.rule, &refusal.message(), &requested_model)),
            status: refusal.status.as_u16(),
            outcome: Outcome::Refused,
            cost: Some(Money::ZERO),
            error_code: Cow::Borrowed(refusal.code),
            ..self.record(key)
        }
    }

    /// Builds the record of a call for `model` that is about to be forwarded.
    pub(super) fn record_at_start(&self, key: &KeyRecord, model: Arc<str>) -> CallRecord {
        CallRecord { model, ..self.record(key) }
    }

    /// Builds a record of the facts known before a provider is called.
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
            measured: CountSource::Unknown,
            used: Quantities::default(),
            cost: None,
            unpriced: PriceParts::NONE,
            price_id: None,
            duration_us: self.elapsed_us(),
            first_byte_us: None,
            error_code: Cow::Borrowed(""),
            rejection: None,
            tags: self.tags.clone(),
            client_request_id: self.client_request_id.clone(),
            attempts: Vec::new(),
            body_exclusion: self.body_exclusion,
        }
    }
}

/// Facts about a request that are needed until its answer ends.
#[derive(Debug, Default)]
pub(super) struct CallContext {
    /// Whether a chunk with nothing but usage was requested by the gateway only, not by the client.
    pub(super) withholds_usage_chunk: bool,
    pub(super) prompt: Prompt,
    /// Texts of the body that may be tags.
    pub(super) tags: BodyTags,
    /// Number of characters to be spoken.
    pub(super) characters: i64,
    /// The most that the call can use.
    pub(super) bounds: UsageBounds,
    /// The object in the path.
    pub(super) object: Option<ProviderObject>,
    /// Whether the provider stores the object that it answers with.
    pub(super) stores: bool,
    /// Whether the provider answers before it does the work.
    pub(super) background: bool,
    /// Whether the answer may be a stream of events.
    pub(super) may_stream: bool,
    /// The share of the memory budget that its body takes.
    pub(super) _share: Option<BudgetShare>,
}

/// A call that is forwarded.
pub(super) struct GatewayCall {
    pub(super) arrival: Arrival,
    pub(super) key: Arc<KeyRecord>,
    pub(super) offer: Arc<Offer>,
    /// For the prices.
    pub(super) services: Services,
    pub(super) context: CallContext,
    pub(super) guard: CallGuard,
    pub(super) timing: CallTiming,
    pub(super) attempts: AttemptLog,
}

/// How a call ended.
#[derive(Debug)]
pub(super) struct CallEnd {
    pub(super) provider: Arc<str>,
    /// The status sent to the client.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) streamed: bool,
    /// The usage and its source; `None` if unknown.
    pub(super) used: Option<(CountSource, Quantities)>,
    /// Whether the provider can't have charged anything, unless usage was reported.
    pub(super) free: bool,
    pub(super) first_byte_us: Option<i64>,
    pub(super) error_code: Cow<'static, str>,
}

impl GatewayCall {
    /// Builds the record of the call. If its usage is unknown, its cost is unknown as well, not zero.
    pub(super) fn record(&self, end: CallEnd) -> CallRecord {
        let used =
            end.used.map(|(measured, used)| (measured, Quantities { characters: self.context.characters, ..used }));
        let (measured, quantities) = match used {
            _ if self.is_free() => (CountSource::Reported, Quantities::default()),
            Some(known) => known,
            None => (CountSource::Unknown, Quantities::default()),
        };
        let free = Cost { known: Some(Money::ZERO), ..Cost::default() };
        let (cost, price_id) = match (used, self.price()) {
            _ if self.is_free() => (free, None),
            (Some((_, used)), Some((id, price))) => (price.cost_of(used), Some(id)),
            (None, _) if end.free => (free, None),
            // The price is per call, whatever the usage.
            (None, Some((id, price))) if price == (Price { per_call: price.per_call, ..Price::default() }) => {
                (price.cost_of(Quantities::NONE), Some(id))
            }
            (_, None) if self.arrival.endpoint.metered_unit == MeteredUnit::FreeUnlessPriced => (free, None),
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
            attempts: self.attempts.to_stored(),
            ..self.arrival.record(&self.key)
        }
    }

    /// The price at the moment of the arrival, even if this server learned of it later.
    pub(super) fn price(&self) -> Option<(PriceId, Price)> {
        price_at(&self.services, self.offer.priced_as.as_deref()?, self.arrival.started_at)
    }

    /// Whether the call costs nothing: it is free, or its job is charged when it is done.
    fn is_free(&self) -> bool {
        matches!(self.arrival.endpoint.metered_unit, MeteredUnit::Free | MeteredUnit::Job) || self.context.background
    }

    /// Whether usage that isn't reported is estimated from its texts or recordings.
    pub(super) fn is_estimated(&self) -> bool {
        let counts = self.arrival.endpoint.metered_unit;
        matches!(counts, MeteredUnit::Tokens | MeteredUnit::TokensIn | MeteredUnit::Media) && !self.context.background
    }

    /// Whether the answer is useless if its object can't be remembered, since the
    /// client couldn't retrieve it.
    pub(super) fn must_be_remembered(&self) -> bool {
        matches!(
            self.arrival.endpoint.object,
            Some((ObjectKind::File | ObjectKind::FineTuningJob | ObjectKind::Video, _))
        )
    }
}
