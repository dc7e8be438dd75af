//! Breakdowns of usage, against plain sums over the calls.

use std::{borrow::Cow, collections::BTreeMap};

use domain::{
    calls::Outcome,
    ids::UserId,
    models::Service,
    money::{Money, Quantities},
    time::{DAY_MILLIS, Timestamp},
    usage::{Durations, Filter, LATENCY_BOUNDS_MS, Measures},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use services::{
    Actor,
    metering::{self, CallRecord, SeriesCache},
    usage::breakdown::{self, Breakdown, ImageSource, SpanGroup, SpanKey, SpanTotals, SpanWidth, UsageResource},
};
use uuid::Uuid;

use crate::support::{TestCall, World, record};

/// 2026-11-02T00:00:00Z.
const START: i64 = 1_793_577_600_000;
const DAYS: i64 = 3;

const ENDPOINTS: [(Service, &str); 11] = [
    (Service::Chat, "/v1/chat/completions"),
    (Service::Chat, "/v1/responses"),
    (Service::Chat, "/v1/moderations"),
    (Service::Embeddings, "/v1/embeddings"),
    (Service::Image, "/v1/images/generations"),
    (Service::Image, "/v1/images/variations"),
    (Service::Image, "/elsewhere"),
    (Service::Audio, "/v1/audio/speech"),
    (Service::Audio, "/v1/audio/transcriptions"),
    (Service::Video, "/v1/videos"),
    (Service::Storage, ""),
];

const RESOURCES: [UsageResource; 11] = [
    UsageResource::Costs,
    UsageResource::Latencies,
    UsageResource::Completions,
    UsageResource::Embeddings,
    UsageResource::Moderations,
    UsageResource::Images,
    UsageResource::Speeches,
    UsageResource::Transcriptions,
    UsageResource::WebSearches,
    UsageResource::Videos,
    UsageResource::Unmetered,
];

fn contains(resource: UsageResource, call: &CallRecord) -> bool {
    match resource {
        UsageResource::Costs | UsageResource::Latencies => true,
        UsageResource::Completions => call.service == Service::Chat && call.endpoint != "/v1/moderations",
        UsageResource::Moderations => call.endpoint == "/v1/moderations",
        UsageResource::Embeddings => call.service == Service::Embeddings,
        UsageResource::Images => call.service == Service::Image,
        UsageResource::Speeches => call.endpoint == "/v1/audio/speech",
        UsageResource::Transcriptions => call.service == Service::Audio && call.endpoint != "/v1/audio/speech",
        UsageResource::WebSearches => call.used.searches > 0,
        UsageResource::Videos => call.service == Service::Video,
        UsageResource::Unmetered => false,
    }
}

fn random_call(base: CallRecord, random: &mut Pcg64) -> CallRecord {
    let (service, endpoint) = ENDPOINTS[random.random_range(0..ENDPOINTS.len())];
    let outcome = Outcome::ALL[random.random_range(0..4)];
    let is_refused = outcome == Outcome::Refused;
    let mut count = |is_used: bool, max: i64| if is_used && !is_refused { random.random_range(0..max) } else { 0 };
    let used = Quantities {
        tokens_in: count(true, 10_000),
        cached_tokens_in: count(true, 100),
        tokens_out: count(true, 1_000),
        images: count(service == Service::Image, 5),
        media_ms: count(matches!(service, Service::Audio | Service::Video), 90_000),
        byte_hours: count(service == Service::Storage, 1_000_000),
        characters: count(endpoint == "/v1/audio/speech", 500),
        searches: count(endpoint == "/v1/responses", 3),
        ..Quantities::default()
    };
    let nanos = count(true, 9_000_000_000);
    CallRecord {
        service,
        endpoint: Cow::Borrowed(endpoint),
        outcome,
        used,
        cost: (!is_refused && nanos % 5 != 0).then(|| Money::from_nanos(nanos)),
        member_id: random.random_bool(0.5).then(|| UserId::new(Uuid::from_u128(random.random_range(1..3)))),
        provider: ["sandbox", "upstream", ""][random.random_range(0..3)].into(),
        duration_us: random.random_range(0..100_000_000),
        first_byte_us: random.random_bool(0.5).then(|| random.random_range(0..2_000_000)),
        ..base
    }
}

/// Stores 600 calls of three days.
async fn store(world: &World, actor: &Actor) -> Vec<CallRecord> {
    let project = world.default_project(actor).await;
    let key = world.key(actor, project, "web").await;
    let mut random = Pcg64::seed_from_u64(17);
    let calls: Vec<CallRecord> = (0..600)
        .map(|number| {
            let at = Timestamp::from_millis(START + random.random_range(0..DAYS * DAY_MILLIS));
            let call = TestCall::at_moment(at).model(["m-1", "m-2"][number % 2]);
            random_call(record(&actor.organization, &key, &call), &mut random)
        })
        .collect();
    let (transaction, series) = (world.services.database().begin().await.unwrap(), SeriesCache::new());
    let new = metering::store(&transaction, &series, &calls).await.unwrap();
    transaction.commit().await.unwrap();
    new.commit_to(&series);
    calls
}

fn totals(call: &CallRecord, request: &Breakdown) -> SpanTotals {
    let media = |service| if call.service == service { call.used.media_ms } else { 0 };
    let measures = Measures {
        calls: 1,
        errors: i64::from(call.outcome != Outcome::Succeeded),
        refused: 0,
        tokens_in: call.used.tokens_in,
        cached_tokens_in: call.used.cached_tokens_in,
        tokens_out: call.used.tokens_out,
        images: call.used.images,
        video_ms: media(Service::Video),
        audio_ms: media(Service::Audio),
        byte_hours: call.used.byte_hours,
        spend: call.cost.unwrap_or_default(),
        unpriced: i64::from(call.cost.is_none()),
    };
    let of_calls = |count| if request.reads_calls() { count } else { 0 };
    let durations = (request.resource == UsageResource::Latencies).then(|| {
        let bin = |duration: i64| LATENCY_BOUNDS_MS.partition_point(|bound| bound * 1_000 < duration);
        let mut durations = Durations::default();
        durations.latency.0[bin(call.duration_us)] += 1;
        if let Some(first_byte) = call.first_byte_us {
            durations.first_token.0[bin(first_byte)] += 1;
        }
        Box::new(durations)
    });
    let (characters, searches) = (of_calls(call.used.characters), of_calls(call.used.searches));
    SpanTotals { measures, characters, searches, durations }
}

fn key(call: &CallRecord, groups: &[SpanGroup]) -> SpanKey {
    let has = |group| groups.contains(&group);
    let some = |group, text: &str| (has(group) && !text.is_empty()).then(|| text.to_owned());
    let source = ImageSource::ALL.into_iter().find(|source| source.endpoint() == call.endpoint);
    SpanKey {
        project: call.project_id.filter(|_| has(SpanGroup::Project)),
        member: call.member_id.filter(|_| has(SpanGroup::Member)),
        api_key: Some(call.api_key_id).filter(|_| has(SpanGroup::ApiKey)),
        model: some(SpanGroup::Model, &call.model),
        service: Some(call.service).filter(|_| has(SpanGroup::Service)),
        endpoint: some(SpanGroup::Endpoint, &call.endpoint),
        provider: some(SpanGroup::Provider, &call.provider),
        image_source: some(SpanGroup::ImageSource, source.map_or("", ImageSource::name)),
    }
}

/// Sums by the beginning of the span and the text of the key.
type Sums = BTreeMap<(Timestamp, String), SpanTotals>;

fn expected(calls: &[CallRecord], request: &Breakdown, matches: impl Fn(&CallRecord) -> bool) -> Sums {
    let mut sums = Sums::new();
    let is_counted = |call: &&CallRecord| {
        call.outcome != Outcome::Refused
            && contains(request.resource, call)
            && (request.from..request.to).contains(&call.started_at)
            && matches(call)
    };
    for call in calls.iter().filter(is_counted) {
        let width = request.width.millis();
        let span = Timestamp::from_millis(call.started_at.millis().div_euclid(width) * width);
        let key = format!("{:?}", key(call, &request.groups));
        *sums.entry((span, key)).or_default() += totals(call, request);
    }
    sums
}

async fn read(world: &World, actor: &Actor, request: &Breakdown) -> Sums {
    let spans = breakdown::breakdown(&world.services, actor, request).await.unwrap();
    assert_eq!(spans.len() as i64, (request.to.millis() - request.from.millis()) / request.width.millis());
    let shares = spans.into_iter().flat_map(|span| span.shares.into_iter().map(move |share| (span.from, share)));
    let sums: Vec<_> = shares.map(|(from, share)| ((from, format!("{:?}", share.key)), share.totals)).collect();
    let (count, sums) = (sums.len(), Sums::from_iter(sums));
    assert_eq!(sums.len(), count, "each group is there once");
    sums
}

fn request(resource: UsageResource, width: SpanWidth, groups: &[SpanGroup]) -> Breakdown {
    let days = if width == SpanWidth::Minute { 1 } else { DAYS };
    Breakdown {
        resource,
        width,
        from: Timestamp::from_millis(START),
        to: Timestamp::from_millis(START + days * DAY_MILLIS),
        groups: groups.to_vec(),
        filter: Filter::default(),
    }
}

const WIDTHS: [SpanWidth; 3] = [SpanWidth::Minute, SpanWidth::Hour, SpanWidth::Day];

on_both_databases! {
    async fn each_resource_sums_its_calls_by_every_width_and_group(world: &World) {
        let admin = world.organization("Acme", "Asia/Kathmandu").await;
        let calls = store(world, &admin).await;
        let all = [
            SpanGroup::Project, SpanGroup::Member, SpanGroup::ApiKey, SpanGroup::Model, SpanGroup::Service,
            SpanGroup::Endpoint, SpanGroup::Provider, SpanGroup::ImageSource,
        ];
        for resource in RESOURCES {
            for width in WIDTHS {
                let single = all.map(|group| vec![group]);
                for groups in single.into_iter().chain([Vec::new(), all.to_vec()]) {
                    let request = request(resource, width, &groups);
                    let sums = read(world, &admin, &request).await;
                    assert_eq!(sums, expected(&calls, &request, |_| true), "{resource:?} {width:?} {groups:?}");
                }
            }
        }
    }

    async fn filters_choose_calls_by_each_dimension(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let calls = store(world, &admin).await;
        let member = UserId::new(Uuid::from_u128(1));
        type Matches = fn(&CallRecord) -> bool;
        let filters: [(Filter, Matches); 6] = [
            (Filter { models: vec!["m-1".to_owned()], ..Filter::default() }, |call| &*call.model == "m-1"),
            (Filter { members: vec![member], ..Filter::default() },
                |call| call.member_id == Some(UserId::new(Uuid::from_u128(1)))),
            (Filter { services: vec![Service::Audio, Service::Video], ..Filter::default() },
                |call| matches!(call.service, Service::Audio | Service::Video)),
            (Filter { endpoints: vec!["/v1/videos".to_owned(), "/v1/responses".to_owned()], ..Filter::default() },
                |call| call.endpoint == "/v1/videos" || call.endpoint == "/v1/responses"),
            (Filter { providers: vec!["upstream".to_owned()], ..Filter::default() }, |call| &*call.provider == "upstream"),
            (Filter { projects: vec![calls[0].project_id.unwrap()], api_keys: vec![calls[0].api_key_id], ..Filter::default() },
                |_| true),
        ];
        for (filter, matches) in filters {
            for width in WIDTHS {
                for resource in [UsageResource::Costs, UsageResource::Latencies, UsageResource::WebSearches] {
                    let request =
                        Breakdown { filter: filter.clone(), ..request(resource, width, &[SpanGroup::Model]) };
                    let sums = read(world, &admin, &request).await;
                    assert_eq!(sums, expected(&calls, &request, matches), "{resource:?} {width:?} {filter:?}");
                }
            }
        }
    }

    async fn another_organizations_calls_are_in_none(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        store(world, &admin).await;
        let other = world.organization("Other", "UTC").await;
        for resource in RESOURCES {
            for width in WIDTHS {
                assert!(read(world, &other, &request(resource, width, &[])).await.is_empty(), "{resource:?} {width:?}");
            }
        }
    }
}
