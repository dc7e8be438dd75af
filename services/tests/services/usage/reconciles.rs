//! Usage reconciles: for random calls, filters, groups, views, ranges and zones, a report's total is the sum of its series,
//! of their points, of the rows of its file, and of the calls themselves by plain SQL, to the nano-dollar.
//!
//! `RECONCILES_CASES` and `RECONCILES_SECONDS` set the number of cases and the time they may take on each database;
//! `RECONCILES_SEED` repeats a run.

use std::{
    cell::Cell,
    collections::BTreeMap,
    env,
    time::{Duration, Instant, SystemTime},
};

use chrono::{Days, NaiveDate};
use domain::{
    api_keys::ApiKey,
    calls::Outcome,
    ids::{ProjectId, UserId},
    models::Service,
    money::{Money, PricePart, PriceParts, Quantities},
    permissions::Role,
    time::Timestamp,
    usage::{
        Comparison, Distribution, Durations, Filter, Group, LATENCY_BOUNDS_MS, Measures, Metric, Range, StatusFilter,
        UsageQuery, UsageReport, View,
    },
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use services::{
    Actor,
    metering::{
        self, CallRecord, SeriesCache,
        upkeep::{self, UpkeepSpan},
    },
    usage,
};

use super::table;
use crate::support::{TestCall, World, record};

const ZONES: [&str; 5] = ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati"];
const MODELS: [&str; 3] = ["gpt-x", "gpt-y", ""];
const ENDPOINTS: [&str; 2] = ["/v1/chat/completions", "/v1/videos"];
const PROVIDERS: [&str; 3] = ["sandbox", "upstream", ""];
const SERVICES: [Service; 5] = [Service::Chat, Service::Video, Service::Audio, Service::Image, Service::Storage];
const STATUSES: [&str; 5] = ["errors", "2xx", "502", "refused", "429"];
/// Days around which calls were made: changes of clocks in New York and Lord Howe, ends of months, and the latest.
const DAYS: [&str; 8] =
    ["2026-02-27", "2026-03-07", "2026-04-04", "2026-07-30", "2026-10-03", "2026-10-31", "2026-11-10", "2026-11-16"];
/// Moments at which reports are made; the second is in a day of 25 hours in New York.
const NOWS: [&str; 3] = ["2026-11-17T14:32:07Z", "2026-11-01T06:41:00.123Z", "2026-03-31T23:59:59.999Z"];
const CALLS: usize = 600;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    setting("RECONCILES_SEED", u64::try_from(now.as_millis()).unwrap())
}

fn runner(seed: u64, cases: u32) -> TestRunner {
    let seed: Vec<u8> = seed.to_le_bytes().into_iter().cycle().take(32).collect();
    let config =
        ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// Random numbers that a call is made of.
type Draw = (usize, i64, [usize; 6], u8, [i64; 5], u32);

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let dimension = prop::array::uniform6(0usize..60);
    let amounts = prop::array::uniform5(0i64..90_000_000);
    let draw = (0..DAYS.len(), 0i64..4 * 24 * 3_600_000, dimension, 0u8..10, amounts, 1u32..5);
    prop::collection::vec(draw, CALLS)
}

/// Those who made the calls.
struct Callers {
    keys: Vec<ApiKey>,
    members: Vec<UserId>,
}

impl Callers {
    fn call(&self, admin: &Actor, draw: &Draw) -> CallRecord {
        let (day, offset, dimensions, outcome, amounts, times) = draw;
        let [key, member, model, service, endpoint, provider] = *dimensions;
        let midnight: Timestamp = format!("{}T00:00:00Z", DAYS[*day]).parse().unwrap();
        let at = midnight.plus_millis(*offset);
        let key = &self.keys[key % self.keys.len()];
        let [tokens, cost, duration, first_byte, media] = *amounts;
        let (outcome, status) = match outcome {
            0 => (Outcome::Failed, 502),
            1 => (Outcome::Refused, 429),
            2 => (Outcome::Interrupted, 0),
            3 => (Outcome::Failed, 429),
            _ => (Outcome::Succeeded, 200),
        };
        let is_refused = outcome == Outcome::Refused;
        let used = Quantities {
            tokens_in: tokens,
            cached_tokens_in: tokens / 3,
            tokens_out: tokens / 7,
            images: tokens % 5,
            media_ms: media,
            byte_hours: media * 1_000_003,
            ..Quantities::default()
        };
        let unpriced = if tokens % 11 == 0 { [PricePart::AudioInput].into_iter().collect() } else { PriceParts::NONE };
        CallRecord {
            id: metering::new_call_id(at),
            member_id: self.members.get(member % (self.members.len() + 1)).copied(),
            model: MODELS[model % MODELS.len()].into(),
            service: SERVICES[service % SERVICES.len()],
            endpoint: ENDPOINTS[endpoint % ENDPOINTS.len()].into(),
            provider: PROVIDERS[provider % PROVIDERS.len()].into(),
            status,
            outcome,
            times: if is_refused { *times } else { 1 },
            used: if is_refused { Quantities::default() } else { used },
            cost: (!is_refused && cost % 9 != 0).then(|| Money::from_nanos(cost * 1_001)),
            unpriced: if is_refused { PriceParts::NONE } else { unpriced },
            duration_us: duration,
            first_byte_us: (first_byte % 3 != 0).then_some(first_byte),
            ..record(&admin.organization, key, &TestCall::at_moment(at))
        }
    }
}

async fn store(world: &World, calls: &[CallRecord]) {
    let series = SeriesCache::new();
    for calls in calls.chunks(100) {
        let transaction = world.services.database().begin().await.unwrap();
        let new = metering::store(&transaction, &series, calls).await.unwrap();
        transaction.commit().await.unwrap();
        new.commit_to(&series);
    }
}

fn measures(call: &CallRecord) -> Measures {
    let times = i64::from(call.times);
    let is_refused = call.outcome == Outcome::Refused;
    let of_service = |service| if call.service == service { call.used.media_ms } else { 0 };
    Measures {
        calls: if is_refused { 0 } else { times },
        errors: if matches!(call.outcome, Outcome::Failed | Outcome::Interrupted) { times } else { 0 },
        refused: if is_refused { times } else { 0 },
        tokens_in: call.used.tokens_in,
        cached_tokens_in: call.used.cached_tokens_in,
        tokens_out: call.used.tokens_out,
        images: call.used.images,
        video_ms: of_service(Service::Video),
        audio_ms: of_service(Service::Audio),
        byte_hours: call.used.byte_hours,
        spend: call.cost.unwrap_or_default(),
        unpriced: i64::from(!is_refused && (call.cost.is_none() || !call.unpriced.is_empty())),
    }
}

fn add_duration(distribution: &mut Distribution, micros: i64) {
    let bin = LATENCY_BOUNDS_MS.iter().position(|bound| micros <= bound * 1_000).unwrap_or(LATENCY_BOUNDS_MS.len());
    distribution.0[bin] += 1;
}

fn durations<'a>(calls: impl IntoIterator<Item = &'a CallRecord>) -> Durations {
    let mut durations = Durations::default();
    for call in calls.into_iter().filter(|call| call.outcome != Outcome::Refused) {
        add_duration(&mut durations.latency, call.duration_us);
        if let Some(micros) = call.first_byte_us {
            add_duration(&mut durations.first_token, micros);
        }
    }
    durations
}

fn key_of(call: &CallRecord, group: &Group) -> String {
    match group {
        Group::Model => call.model.to_string(),
        Group::ApiKey => call.api_key_id.to_string(),
        Group::Project => call.project_id.map(|id| id.to_string()).unwrap_or_default(),
        Group::Member => call.member_id.map(|id| id.to_string()).unwrap_or_default(),
        Group::Service => call.service.to_string(),
        Group::Endpoint => call.endpoint.to_string(),
        Group::Provider => call.provider.to_string(),
        Group::Status if call.status == 0 => String::new(),
        Group::Status => call.status.to_string(),
        Group::Tag(_) => unreachable!("calls here have no tags"),
    }
}

fn matches(call: &CallRecord, filter: &Filter) -> bool {
    fn among<T: PartialEq>(values: &[T], value: Option<&T>) -> bool {
        values.is_empty() || value.is_some_and(|value| values.contains(value))
    }
    let ended = |status: &StatusFilter| match status {
        StatusFilter::Outcome(outcome) => outcome.outcomes().contains(&call.outcome),
        StatusFilter::Class(class) => call.status / 100 == u16::from(*class),
        StatusFilter::Code(code) => call.status == *code,
    };
    among(&filter.projects, call.project_id.as_ref())
        && among(&filter.api_keys, Some(&call.api_key_id))
        && among(&filter.members, call.member_id.as_ref())
        && among(&filter.models, Some(&call.model.to_string()))
        && among(&filter.services, Some(&call.service))
        && among(&filter.endpoints, Some(&call.endpoint.to_string()))
        && among(&filter.providers, Some(&call.provider.to_string()))
        && (filter.statuses.is_empty() || filter.statuses.iter().any(ended))
}

/// The condition of `filter` in plain SQL, with all values in the text.
fn condition(filter: &Filter, postgres: bool) -> String {
    let id = |id: uuid::Uuid| if postgres { format!("'{id}'") } else { format!("x'{}'", id.simple()) };
    let text = |text: &str| format!("'{text}'");
    let lists: [(&str, Vec<String>); 7] = [
        ("s.project_id", filter.projects.iter().map(|value| id(value.uuid())).collect()),
        ("s.api_key_id", filter.api_keys.iter().map(|value| id(value.uuid())).collect()),
        ("s.member_id", filter.members.iter().map(|value| id(value.uuid())).collect()),
        ("s.model", filter.models.iter().map(|value| text(value)).collect()),
        ("s.service", filter.services.iter().map(|value| text(value.name())).collect()),
        ("s.endpoint", filter.endpoints.iter().map(|value| text(value)).collect()),
        ("s.provider", filter.providers.iter().map(|value| text(value)).collect()),
    ];
    let mut conditions = vec!["1 = 1".to_owned()];
    for (column, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        conditions.push(format!("{column} IN ({})", values.join(", ")));
    }
    let statuses = filter.statuses.iter().map(|status| match status.to_string().as_str() {
        "errors" => "s.outcome IN ('failed', 'interrupted')".to_owned(),
        "2xx" => "s.status BETWEEN 200 AND 299".to_owned(),
        outcome if outcome.parse::<Outcome>().is_ok() => format!("s.outcome = '{outcome}'"),
        code => format!("s.status = {code}"),
    });
    let statuses: Vec<String> = statuses.collect();
    if !statuses.is_empty() {
        conditions.push(format!("({})", statuses.join(" OR ")));
    }
    conditions.join(" AND ")
}

/// The sums over the table of calls, by plain SQL.
async fn plain_sums(world: &World, filter: &Filter, scope: Option<ProjectId>, [from, to]: [Timestamp; 2]) -> Measures {
    let filter = match scope {
        Some(project) => Filter { projects: vec![project], ..filter.clone() },
        None => filter.clone(),
    };
    let sums = [
        "CASE WHEN s.outcome = 'refused' THEN 0 ELSE c.times END",
        "CASE WHEN s.outcome IN ('failed', 'interrupted') THEN c.times ELSE 0 END",
        "CASE WHEN s.outcome = 'refused' THEN c.times ELSE 0 END",
        "c.tokens_in",
        "c.cached_tokens_in",
        "c.tokens_out",
        "c.images",
        "CASE WHEN s.service = 'video' THEN c.media_ms ELSE 0 END",
        "CASE WHEN s.service = 'audio' THEN c.media_ms ELSE 0 END",
        "c.byte_hours",
        "c.cost_nanos",
    ];
    let sum = |(place, value): (usize, &str)| format!("CAST(coalesce(sum({value}), 0) AS bigint) AS n{place}");
    let sums: Vec<String> = sums.into_iter().enumerate().map(sum).collect();
    let sql = format!(
        "SELECT {} FROM calls c JOIN series s ON s.organization_id = c.organization_id AND s.id = c.series_id \
         WHERE c.started_at >= {} AND c.started_at < {} AND {}",
        sums.join(", "),
        from.millis(),
        to.millis(),
        condition(&filter, world.services.database().is_postgres())
    );
    let row = world.rows(&sql).await.remove(0);
    let number = |place: usize| row.try_get::<i64>("", &format!("n{place}")).unwrap();
    Measures {
        calls: number(0),
        errors: number(1),
        refused: number(2),
        tokens_in: number(3),
        cached_tokens_in: number(4),
        tokens_out: number(5),
        images: number(6),
        video_ms: number(7),
        audio_ms: number(8),
        byte_hours: number(9),
        spend: Money::from_nanos(number(10)),
        unpriced: 0,
    }
}

/// Random numbers that a query is made of.
#[derive(Clone, Debug)]
struct Case {
    /// One number for each dimension that is filtered; those without a bit of a value filter nothing.
    filter: [u8; 8],
    group: usize,
    metric: usize,
    view: usize,
    range: RangeCase,
    zone: usize,
    now: usize,
    compare: usize,
    is_developer: bool,
}

#[derive(Clone, Debug)]
enum RangeCase {
    Preset(usize),
    Days { day: usize, before: u64, length: u64 },
    Minutes { day: usize, offset: i64, length: i64 },
}

fn cases() -> impl Strategy<Value = Case> {
    let range = prop_oneof![
        (0..Range::PRESETS.len()).prop_map(RangeCase::Preset),
        (0..DAYS.len(), 0u64..40, 0u64..60).prop_map(|(day, before, length)| RangeCase::Days { day, before, length }),
        (0..DAYS.len(), 0u64..3, 0u64..3).prop_map(|(day, before, length)| RangeCase::Days { day, before, length }),
        (0..DAYS.len(), -600i64..5_000, 1i64..3_000).prop_map(|(day, offset, length)| RangeCase::Minutes {
            day,
            offset,
            length
        }),
    ];
    let choices = (0..Group::FIXED.len(), 0..Metric::ALL.len(), 0..View::ALL.len(), 0..ZONES.len());
    let filter = prop::array::uniform8(prop_oneof![3 => Just(0u8), 1 => 0u8..32]);
    (filter, choices, range, 0..NOWS.len(), 0..=Comparison::ALL.len(), any::<bool>()).prop_map(
        |(filter, (group, metric, view, zone), range, now, compare, is_developer)| Case {
            filter,
            group,
            metric,
            view,
            range,
            zone,
            now,
            compare,
            is_developer,
        },
    )
}

/// The values whose bits are set.
fn chosen<T: Clone>(values: &[T], bits: u8) -> Vec<T> {
    values.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, value)| value.clone()).collect()
}

impl Case {
    fn filter(&self, callers: &Callers, projects: &[ProjectId]) -> Filter {
        let texts = |texts: &[&str], bits| chosen(texts, bits).into_iter().map(str::to_owned).collect();
        let [project, key, member, model, service, endpoint, provider, status] = self.filter;
        let keys: Vec<_> = callers.keys.iter().map(|key| key.id).collect();
        Filter {
            // A Developer can't filter by what is hidden.
            projects: if self.is_developer { Vec::new() } else { chosen(projects, project) },
            api_keys: if self.is_developer { Vec::new() } else { chosen(&keys, key) },
            members: chosen(&callers.members, member),
            models: texts(&MODELS, model),
            services: chosen(&SERVICES, service),
            endpoints: texts(&ENDPOINTS, endpoint),
            providers: texts(&PROVIDERS, provider),
            statuses: chosen(&STATUSES, status).into_iter().map(|text| text.parse().unwrap()).collect(),
            tags: Vec::new(),
        }
    }

    fn range(&self) -> Range {
        match self.range {
            RangeCase::Preset(preset) => Range::PRESETS[preset],
            RangeCase::Days { day, before, length } => {
                let first = DAYS[day].parse::<NaiveDate>().unwrap() - Days::new(before);
                format!("{first}..{}", first + Days::new(length)).parse().unwrap()
            }
            RangeCase::Minutes { day, offset, length } => {
                let midnight: Timestamp = format!("{}T00:00:00Z", DAYS[day]).parse().unwrap();
                let from = midnight.plus_minutes(offset);
                format!("{from}..{}", from.plus_minutes(length)).parse().unwrap()
            }
        }
    }

    fn query(&self, callers: &Callers, projects: &[ProjectId]) -> UsageQuery {
        UsageQuery {
            range: self.range(),
            view: Some(View::ALL[self.view]),
            group: Group::FIXED[self.group].clone(),
            metric: Metric::ALL[self.metric],
            time_zone: Some(ZONES[self.zone].to_owned()),
            filter: self.filter(callers, projects),
            compare: Comparison::ALL.get(self.compare).copied(),
            all_groups: false,
        }
    }
}

fn sum<'a>(measures: impl IntoIterator<Item = &'a Measures>) -> Measures {
    let mut total = Measures::default();
    measures.into_iter().for_each(|part| total += *part);
    total
}

/// Checks that totals, series and points are the sums of these calls.
fn check_sums(report: &UsageReport, query: &UsageQuery, calls: &[&CallRecord]) -> Result<(), TestCaseError> {
    let mut expected: BTreeMap<String, BTreeMap<u32, Measures>> = BTreeMap::new();
    let mut by_point: BTreeMap<(String, u32), Vec<&CallRecord>> = BTreeMap::new();
    for call in calls {
        let bucket = report.buckets.partition_point(|start| *start <= call.started_at) - 1;
        let (key, bucket) = (key_of(call, &query.group), u32::try_from(bucket).unwrap());
        *expected.entry(key.clone()).or_default().entry(bucket).or_default() += measures(call);
        by_point.entry((key, bucket)).or_default().push(call);
    }
    prop_assert_eq!(report.series.len(), expected.len());
    for series in &report.series {
        let points: BTreeMap<u32, Measures> =
            series.points.iter().map(|point| (point.bucket, point.measures)).collect();
        prop_assert_eq!(Some(&points), expected.get(&series.key), "{}", series.key);
        prop_assert_eq!(sum(points.values()), series.total);
        let has_durations = matches!(query.metric, Metric::Latency | Metric::FirstToken);
        prop_assert_eq!(series.durations.len(), if has_durations { series.points.len() } else { 0 });
        for (point, shown) in series.points.iter().zip(&series.durations) {
            let expected = durations(by_point[&(series.key.clone(), point.bucket)].iter().copied());
            let is_latency = query.metric == Metric::Latency;
            prop_assert_eq!(*shown, if is_latency { expected.latency } else { expected.first_token });
        }
    }
    prop_assert_eq!(sum(report.series.iter().map(|series| &series.total)), report.total);
    prop_assert_eq!(report.durations, durations(calls.iter().copied()));
    Ok(())
}

/// Checks the earlier range against the calls of its time.
fn check_compared(report: &UsageReport, query: &UsageQuery, calls: &[&CallRecord]) -> Result<(), TestCaseError> {
    prop_assert_eq!(report.compared.is_some(), query.compare.is_some());
    let Some(compared) = &report.compared else { return Ok(()) };
    prop_assert_eq!(compared.buckets.len(), report.buckets.len());
    prop_assert_eq!(sum(&compared.buckets), compared.total);
    prop_assert_eq!(sum(compared.series.iter().map(|(_, total)| total)), compared.total);
    let time = compared.from..compared.to;
    let within: Vec<Measures> =
        calls.iter().filter(|call| time.contains(&call.started_at)).map(|call| measures(call)).collect();
    let within = sum(&within);
    match compared.comparison {
        Comparison::Previous => prop_assert_eq!(compared.total, within),
        // Days that a month doesn't have are left out.
        _ => prop_assert!(compared.total.calls <= within.calls && compared.total.spend <= within.spend),
    }
    Ok(())
}

on_both_databases! {
    async fn reports_are_the_sums_of_their_calls(world: &World) {
        let seed = seed();
        let deadline = Instant::now() + Duration::from_secs(setting("RECONCILES_SECONDS", 60));
        let wanted = u32::try_from(setting("RECONCILES_CASES", 2_000)).unwrap();
        let admin = world.organization("Acme", "America/New_York").await;
        let projects = [world.default_project(&admin).await, world.project(&admin, "Hidden").await.id];
        let mut callers = Callers { keys: Vec::new(), members: Vec::new() };
        for (name, project) in [("web", projects[0]), ("app", projects[0]), ("batch", projects[1])] {
            callers.keys.push(world.key(&admin, project, name).await);
        }
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        world.assign(&admin, projects[0], "Dev").await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        callers.members.extend([&developer, &viewer].map(|actor| actor.user_id().unwrap()));
        let draws = draws().new_tree(&mut runner(seed, 1)).unwrap().current();
        let calls: Vec<CallRecord> = draws.iter().map(|draw| callers.call(&admin, draw)).collect();
        store(world, &calls).await;
        // As after some time: quarter hours that no report reads are gone.
        upkeep::run(&world.services, UpkeepSpan::All).await.unwrap();
        let (handle, checked) = (tokio::runtime::Handle::current(), Cell::new(0));
        let outcome = runner(seed, wanted).run(&cases(), |case| {
            if Instant::now() > deadline {
                return Ok(());
            }
            checked.set(checked.get() + 1);
            world.clock.set(NOWS[case.now]);
            let query = case.query(&callers, &projects);
            let (actor, scope) =
                if case.is_developer { (&developer, Some(projects[0])) } else { (&admin, None) };
            let (report, short, rows, plain) = tokio::task::block_in_place(|| handle.block_on(async {
                let report = usage::complete_report(&world.services, actor, &query).await.unwrap();
                let short = usage::report(&world.services, actor, &query).await.unwrap();
                let rows = table::rows(world, actor, &query).await;
                let start = report.buckets.first().copied().unwrap_or(report.end);
                let plain = plain_sums(world, &query.filter, scope, [start, report.end]).await;
                (report, short, rows, plain)
            }));
            let is_visible = |call: &&CallRecord| {
                matches(call, &query.filter) && scope.is_none_or(|scope| call.project_id == Some(scope))
            };
            let visible: Vec<&CallRecord> = calls.iter().filter(is_visible).collect();
            let is_within = |call: &&CallRecord| {
                report.buckets.first().is_some_and(|start| *start <= call.started_at) && call.started_at < report.end
            };
            let within: Vec<&CallRecord> = visible.iter().copied().filter(is_within).collect();
            check_sums(&report, &query, &within)?;
            check_compared(&report, &query, &visible)?;
            table::check_rows(&report, &rows)?;
            prop_assert_eq!(Measures { unpriced: 0, ..report.total }, plain);
            prop_assert_eq!(short.total, report.total);
            prop_assert_eq!(sum(short.series.iter().map(|series| &series.total)), report.total);
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("RECONCILES_SEED={seed}: {failure}");
        }
        assert!(checked.get() >= wanted.min(100), "only {} cases in time", checked.get());
    }
}
