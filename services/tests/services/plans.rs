//! Budgets for the rows that pages, calls and jobs read from a database with 200,000 calls: few, never a
//! whole table.
//!
//! Each statement is executed again and measured: PostgreSQL reports the rows that its plan read, SQLite the
//! steps of its program (from three for a row that is read to some forty for one that is summed). A statement
//! that scans all calls, all hours or all sessions reads ten times as much as its budget allows.

mod data;
mod measure;

use domain::{
    api_keys::{HintKind, KeyQuery, KeySort},
    calls::{CallQuery, CallRetention, Outcome, OutcomeFilter, SearchNames, SearchText},
    time::Timestamp,
    usage::{Comparison, Filter, Group, Range, StatusFilter, UsageQuery, View},
};
use futures::StreamExt;
use services::{
    accounts,
    api_keys::{
        self,
        directory::{KeyDirectory, KeyVerification},
    },
    bodies, call_search, calls,
    events::{BatchFormat, Events, read},
    live,
    metering::{JournalSettings, Meter},
    models, notifications, organizations, overview, projects,
    provider_objects::{self, ObjectKind, ObjectQuery, storage},
    rate_limits::{self, KeyLimits},
    usage::{
        self,
        breakdown::{Breakdown, SpanGroup, SpanWidth, UsageResource},
    },
};

use self::{
    data::Data,
    measure::{Budget, Watch},
};
use crate::support::{World, new_key};

/// For lookups by a key or in an index.
const FEW: Budget = Budget { rows: 1_500, steps: 150_000 };
/// For statements that look at each series and find a few calls.
const LOOKED_UP: Budget = Budget { rows: 5_000, steps: 150_000 };
/// For statements that read a range, or look at each series or key.
const SOME: Budget = Budget { rows: 60_000, steps: 1_000_000 };
/// For a search that reads the rollups of all hours of a year: calls of names beyond the limits are in each of them, and
/// any of these may be the one that is searched for.
const HOURS: Budget = Budget { rows: 900_000, steps: 10_000_000 };
/// For sums of some days or hours.
const SUMS: Budget = Budget { rows: 30_000, steps: 2_500_000 };
/// For statements that read a range of calls and load a thousand with their series. At this size PostgreSQL
/// sometimes scans a whole month instead of an index, depending on its sample of the rows.
const FILE: Budget = Budget { rows: 75_000, steps: 400_000 };
/// For statements that look at each of 300 keys and of their 15,000 clients.
const KEYS: Budget = Budget { rows: 80_000, steps: 4_000_000 };

fn only(outcome: Outcome) -> CallQuery {
    let statuses = vec![StatusFilter::Outcome(OutcomeFilter::Only(outcome))];
    by(Filter { statuses, ..Filter::default() })
}

fn by(filter: Filter) -> CallQuery {
    CallQuery { filter, ..CallQuery::default() }
}

async fn the_log(watch: &Watch, data: &Data) {
    let (services, admin) = (&watch.services, &data.admin);
    let log = async |page: &str, [page_budget, export_budget]: [Budget; 2], query: CallQuery| {
        watch
            .hold(&format!("log: {page}"), page_budget, async || {
                drop(calls::list(services, admin, &query).await.unwrap())
            })
            .await;
        let first_page = async || {
            let pages = calls::export(services, admin, &query).await.unwrap();
            drop(std::pin::pin!(pages).next().await);
        };
        watch.hold(&format!("CSV: {page}"), export_budget, first_page).await;
    };
    let model = |name: &str| Filter { models: vec![name.to_owned()], ..Filter::default() };
    log("all", [FEW, FILE], CallQuery::default()).await;
    log("a day", [FEW, FILE], CallQuery { range: Some(Range::Today), ..CallQuery::default() }).await;
    // Each of the 80 series could fill the export's page; merging them would read 80,000 calls.
    log("succeeded", [SOME, FILE], only(Outcome::Succeeded)).await;
    log("failed, long ago", [SOME, FILE], only(Outcome::Failed)).await;
    log("interrupted, never", [FEW, FEW], only(Outcome::Interrupted)).await;
    log("of a model", [SOME, FILE], by(model("m1"))).await;
    log("of no model", [FEW, FEW], by(model("none"))).await;
    log("of a model that is told as other", [SOME, SOME], by(model("common"))).await;
    // Reading all calls of the model would be 40,000.
    let failed = by(Filter { models: model("common").models, ..only(Outcome::Failed).filter });
    log("of such a model, failed, long ago", [LOOKED_UP, LOOKED_UP], failed).await;
    log("of a key", [SOME, FILE], by(Filter { api_keys: vec![data.key.id], ..Filter::default() })).await;
    log("of a project", [SOME, FILE], by(Filter { projects: vec![data.project], ..Filter::default() })).await;
    // Rollups say that there are none, or where the few are.
    let rare = "model:m1 status:502 latency:>1ms";
    for (text, budget) in [("cost:>1000", SOME), ("tokens:>1000000", SOME), ("latency:>60s", SOME), (rare, HOURS)] {
        let search = SearchText::parse(text, &SearchNames::default()).unwrap();
        log(text, [budget; 2], search.narrow(CallQuery::default())).await;
    }
    for (name, range) in [("30 days", Range::Last30Days), ("a year", Range::Last12Months)] {
        let query = CallQuery { range: Some(range), ..CallQuery::default() };
        let facets = async || drop(calls::facets(services, admin, &query).await.unwrap());
        watch.hold(&format!("facets: {name}"), SUMS, facets).await;
    }
    for (name, query) in [
        ("30 days", CallQuery::default()),
        ("a week", CallQuery { range: Some(Range::Last7Days), ..CallQuery::default() }),
        (
            "a year of a key",
            CallQuery {
                range: Some(Range::Last12Months),
                ..by(Filter { api_keys: vec![data.key.id], ..Filter::default() })
            },
        ),
        ("an hour", CallQuery { from: Some(services.now().plus_minutes(-60)), ..CallQuery::default() }),
    ] {
        let bars = async || drop(calls::activity(services, admin, &query).await.unwrap());
        watch.hold(&format!("bars: {name}"), SUMS, bars).await;
    }
    for text in ["", "m", "none", "tag.", "tag.customer:a"] {
        let query = CallQuery::default();
        let suggest = async || drop(call_search::suggest(services, admin, &query, text).await.unwrap());
        watch.hold(&format!("search for {text:?}"), KEYS, suggest).await;
    }
    let call = data.call;
    watch.hold("a call", FEW, async || drop(calls::get(services, admin, call).await.unwrap())).await;
    watch.hold("what was said", FEW, async || drop(bodies::get(services, admin, call).await)).await;
}

async fn usage(watch: &Watch, data: &Data) {
    let (services, admin) = (&watch.services, &data.admin);
    watch.hold("overview", SUMS, async || drop(overview::get(services, admin, String::new()).await.unwrap())).await;
    for zone in ["UTC", "Asia/Kathmandu", "Pacific/Auckland", "America/St_Johns"] {
        for group in [Group::Model, Group::ApiKey, Group::Status] {
            let query = UsageQuery {
                range: Range::Last90Days,
                view: Some(View::Day),
                group,
                time_zone: Some(zone.to_owned()),
                ..UsageQuery::default()
            };
            let report = async || drop(usage::report(services, admin, &query).await.unwrap());
            watch.hold(&format!("usage: 90 days in {zone}"), SUMS, report).await;
        }
        let query = UsageQuery {
            range: Range::Last7Days,
            view: Some(View::Hour),
            time_zone: Some(zone.to_owned()),
            filter: Filter { api_keys: vec![data.key.id], ..Filter::default() },
            compare: Some(Comparison::LastMonth),
            ..UsageQuery::default()
        };
        let report = async || drop(usage::report(services, admin, &query).await.unwrap());
        watch.hold(&format!("usage: hours of a week in {zone}"), SUMS, report).await;
        let query = UsageQuery {
            range: Range::Last12Months,
            view: Some(View::Week),
            time_zone: Some(zone.to_owned()),
            ..UsageQuery::default()
        };
        let report = async || drop(usage::report(services, admin, &query).await.unwrap());
        watch.hold(&format!("usage: weeks of a year in {zone}"), SUMS, report).await;
        let tokens = async || drop(usage::model_keys(services, admin, &query).await.unwrap());
        watch.hold(&format!("tokens by model and key of a year in {zone}"), SUMS, tokens).await;
    }
    let day = services.now().millis().div_euclid(86_400_000) * 86_400_000;
    let filter = Filter {
        projects: vec![data.project],
        api_keys: vec![data.key.id],
        models: vec!["m1".to_owned()],
        ..Filter::default()
    };
    for (resource, width, days, budget) in [
        (UsageResource::Costs, SpanWidth::Hour, 7, SUMS),
        (UsageResource::Costs, SpanWidth::Day, 31, SUMS),
        (UsageResource::Latencies, SpanWidth::Day, 7, SUMS),
        (UsageResource::Costs, SpanWidth::Minute, 1, SUMS),
        (UsageResource::Speeches, SpanWidth::Day, 31, SOME),
    ] {
        let query = Breakdown {
            resource,
            width,
            from: Timestamp::from_millis(day - days * 86_400_000),
            to: Timestamp::from_millis(day),
            groups: vec![SpanGroup::Model, SpanGroup::ApiKey, SpanGroup::Member],
            filter: filter.clone(),
        };
        let breakdown = async || drop(usage::breakdown::breakdown(services, admin, &query).await.unwrap());
        watch.hold(&format!("management: {resource:?} of {days} days"), budget, breakdown).await;
    }
}

/// Pages of a Developer, whose projects are a set in each statement.
async fn a_developer(watch: &Watch, data: &Data) {
    let (services, developer) = (&watch.services, &data.developer);
    let page = async || drop(overview::get(services, developer, String::new()).await.unwrap());
    watch.hold("a Developer's overview", SUMS, page).await;
    for query in [CallQuery::default(), only(Outcome::Failed)] {
        let log = async || drop(calls::list(services, developer, &query).await.unwrap());
        watch.hold(&format!("a Developer's log: {:?}", query.filter.statuses), FILE, log).await;
    }
    let query = UsageQuery { range: Range::Last90Days, view: Some(View::Day), ..UsageQuery::default() };
    let report = async || drop(usage::report(services, developer, &query).await.unwrap());
    watch.hold("a Developer's usage", SUMS, report).await;
    let list = async || drop(api_keys::list(services, developer, &KeyQuery::default()).await.unwrap());
    watch.hold("a Developer's keys", KEYS, list).await;
    watch.hold("a Developer's projects", FEW, async || drop(projects::list(services, developer).await.unwrap())).await;
}

async fn keys(watch: &Watch, data: &Data) {
    let (services, admin, id) = (&watch.services, &data.admin, data.key.id);
    let list = async |page: &str, query: KeyQuery| {
        let list = async || drop(api_keys::list(services, admin, &query).await.unwrap());
        watch.hold(&format!("keys: {page}"), KEYS, list).await;
    };
    list("all", KeyQuery::default()).await;
    list("a search", KeyQuery { search: "web".to_owned(), ..KeyQuery::default() }).await;
    for sort in [KeySort::Name, KeySort::LastUsed, KeySort::Expires, KeySort::Spend] {
        list(&format!("by {sort:?}"), KeyQuery { sort, ..KeyQuery::default() }).await;
    }
    for hint in HintKind::ALL {
        list(&format!("with {hint:?}"), KeyQuery { hint: Some(hint), ..KeyQuery::default() }).await;
    }
    let first_page = async || {
        let pages = api_keys::export(services, admin, &KeyQuery::default()).await.unwrap();
        drop(std::pin::pin!(pages).next().await);
    };
    watch.hold("keys: CSV", KEYS, first_page).await;
    watch
        .hold("keys: policy", FEW, async || {
            organizations::key_policy(services, admin).await.unwrap();
        })
        .await;
    watch.hold("a key", SOME, async || drop(api_keys::get(services, admin, id).await.unwrap())).await;
    watch
        .hold("a key's organization", FEW, async || {
            drop(api_keys::find_organization_of(services, id).await.unwrap());
        })
        .await;
    watch.hold("a key's history", FEW, async || drop(api_keys::history(services, admin, id).await.unwrap())).await;
    watch.hold("a key's use", SOME, async || drop(api_keys::recent_use(services, admin, &[id]).await.unwrap())).await;
    watch
        .hold("what a key made", FEW, async || drop(api_keys::descendants(services, admin, &[id]).await.unwrap()))
        .await;
}

async fn pages(watch: &Watch, data: &Data) {
    let (services, admin, owner) = (&watch.services, &data.admin, &data.owner);
    let token = data.signed_in.token.as_str();
    watch.hold("who is signed in", FEW, async || drop(accounts::authenticate(services, token).await.unwrap())).await;
    watch
        .hold("whom they act as", FEW, async || drop(accounts::viewer(services, &data.signed_in.user).await.unwrap()))
        .await;
    let user = &data.signed_in.user;
    watch.hold("their browsers", FEW, async || drop(accounts::sessions(services, user).await.unwrap())).await;
    let sessions = [user.session_id];
    let organization = admin.organization.id;
    watch
        .hold("open pages", FEW, async || drop(live::live_state(services, organization, &sessions).await.unwrap()))
        .await;
    for unread in [false, true] {
        let inbox = async || drop(notifications::list(services, owner, unread, None).await.unwrap());
        watch.hold("the inbox", FEW, inbox).await;
    }
    watch.hold("projects", FEW, async || drop(projects::list(services, admin).await.unwrap())).await;
    watch.hold("models", FEW, async || drop(models::list(services, admin).await.unwrap())).await;
    watch.hold("settings", FEW, async || drop(organizations::settings(services, admin).await.unwrap())).await;
    let deleted = async || {
        calls::retention::count_deleted(services, admin, CallRetention::chosen(Some(35))).await.unwrap();
    };
    watch.hold("settings: calls that a shorter time deletes", SUMS, deleted).await;
    let limits = async || drop(rate_limits::list(services, admin, KeyLimits::default()).await.unwrap());
    watch.hold("limits", FEW, limits).await;
}

async fn a_call(watch: &Watch, data: &Data) {
    let (services, admin) = (&watch.services, &data.admin);
    let (_, secret) = &data.secret;
    let record = {
        let directory = KeyDirectory::start(services);
        watch.hold("call: its key", FEW, async || drop(directory.verify(secret).await.unwrap())).await;
        match directory.verify(secret).await.unwrap() {
            KeyVerification::Active(record) => record,
            other => panic!("{other:?}"),
        }
    };
    let (organization, project) = (record.organization.id, record.project_id);
    let find = async || {
        drop(provider_objects::find(services, organization, project, ObjectKind::Response, "resp_77").await.unwrap())
    };
    watch.hold("call: what it is about", FEW, find).await;
    let find_by_ids = async || {
        drop(provider_objects::find_by_ids(services, &record, &["resp_77", "resp_78", "nothing"]).await.unwrap())
    };
    watch.hold("call: whose what it mentions is", FEW, find_by_ids).await;
    let page = ObjectQuery { after: None, limit: 20, model: None, oldest_first: false };
    let list = async || {
        let list = provider_objects::list(services, organization, project, ObjectKind::ChatCompletion, page.clone());
        drop(list.await.unwrap());
    };
    watch.hold("call: a list of what is kept", FEW, list).await;
    let folder = tempfile::tempdir().unwrap();
    let meter = Meter::start(services, JournalSettings::at(folder.path())).await.unwrap();
    let store = async || {
        meter.record(data.record()).await.unwrap();
        meter.wait_until_stored().await;
    };
    watch.hold("call: its record", FEW, store).await;
    meter.shutdown().await;
    let events = Events::start(services);
    let event = |number: usize| {
        serde_json::json!({ "specversion": "1.0", "id": number.to_string(), "source": "/plans", "type": "tollhouse.call",
            "time": services.now().to_string(), "data": { "model": format!("m{}", number % 7), "status": 200 } })
    };
    let batch = serde_json::to_vec(&(0..100).map(event).collect::<Vec<_>>()).unwrap();
    let send = async || {
        let read = read(&batch, BatchFormat::Batch, services.now()).unwrap();
        assert_eq!(events.store(admin, read).await.unwrap().refused, []);
    };
    watch.hold("events", SOME, send).await;
}

async fn jobs(watch: &Watch) {
    let services = &watch.services;
    watch
        .hold("job: what is due", FEW, async || {
            drop(provider_objects::claim_due_jobs(services, services.now()).await.unwrap())
        })
        .await;
    watch.hold("job: sessions", SOME, async || accounts::delete_expired(services).await.unwrap()).await;
    watch.hold("job: reminders", KEYS, async || api_keys::remind(services).await.unwrap()).await;
    watch.hold("job: old calls, of nobody", FEW, async || calls::retention::run(services).await.unwrap()).await;
    watch.hold("job: bodies", SOME, async || bodies::cleanup::run(services).await.unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let meter = Meter::start(services, JournalSettings::at(folder.path())).await.unwrap();
    let count = async || storage::meter(services, &meter, None).await.map(drop).unwrap();
    let statements = watch.hold("job: storage", SOME, count).await;
    assert!(statements <= 60, "{statements} statements for a month of storage");
    meter.shutdown().await;
}

on_both_databases! {
    async fn nothing_walks_a_table(world: &World) {
        let data = Data::fill(world).await;
        let watch = Watch::new(world).await;
        the_log(&watch, &data).await;
        usage(&watch, &data).await;
        a_developer(&watch, &data).await;
        keys(&watch, &data).await;
        pages(&watch, &data).await;
        a_call(&watch, &data).await;
        jobs(&watch).await;
        watch.end().await;
    }
}
