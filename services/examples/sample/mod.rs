//! A call as the gateway notes it, for what is measured.

use std::borrow::Cow;

use domain::{
    calls::{CallTags, CountSource, Outcome},
    ids::{ApiKeyId, OrganizationId, SecretId},
    models::Service,
    money::{Money, PriceParts, Quantities},
    time::Timestamp,
};
use services::{
    ServiceResult,
    metering::{self, CallRecord},
};
use uuid::Uuid;

/// A chat completion at `at`, made by nobody in particular.
pub(crate) fn call(at: Timestamp) -> ServiceResult<CallRecord> {
    Ok(CallRecord {
        id: metering::new_call_id(at),
        organization_id: OrganizationId::new(Uuid::from_u128(1)),
        time_zone: chrono_tz::Europe::Berlin,
        project_id: None,
        api_key_id: ApiKeyId::new(Uuid::nil()),
        secret_id: SecretId::new(Uuid::nil()),
        member_id: None,
        started_at: at,
        model: "gpt-x".into(),
        service: Service::Chat,
        endpoint: Cow::Borrowed("/v1/chat/completions"),
        provider: "upstream".into(),
        status: 200,
        outcome: Outcome::Succeeded,
        streamed: false,
        times: 1,
        measured: CountSource::Reported,
        used: Quantities { tokens_in: 100, tokens_out: 10, ..Quantities::default() },
        cost: Some(Money::from_nanos(45_000)),
        price_id: None,
        unpriced: PriceParts::NONE,
        duration_us: 1_000,
        first_byte_us: None,
        error_code: Cow::Borrowed(""),
        rejection: None,
        tags: CallTags::default(),
        client_request_id: None,
        attempts: Vec::new(),
        body_exclusion: None,
    })
}
