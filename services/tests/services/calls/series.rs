//! Organizations with more series than a statement can have parameters, and calls that are rare among others.

use domain::{calls::PAGE_SIZE, permissions::Role};
use services::{api_keys, overview, usage};

use super::*;

/// More than SQLite's maximum number of parameters, and doubled more than PostgreSQL's.
const MANY: usize = 40_000;

/// SQL for rows numbered `n.n`, from 1 to `count`.
fn numbers(count: usize) -> String {
    format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})")
}

fn only(outcome: Outcome) -> CallQuery {
    ended(OutcomeFilter::Only(outcome))
}

on_both_databases! {
    async fn a_log_is_filtered_and_exported_however_many_series_there_are(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        // As older servers created them from events.
        world.execute(&format!(
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, provider, \
             status, outcome) {} SELECT k.organization_id, n.n, k.project_id, k.id, k.id, 'gpt-x', 'chat', \
             '/' || CAST(n.n AS text), '', 200, 'succeeded' FROM n, api_keys k",
            numbers(MANY)
        )).await;
        let made = minutes(120);
        let ids = world.calls(&admin.organization, &key, &made).await;
        let failed = TestCall::at("2026-11-09T00:00:00Z").outcome(Outcome::Failed);
        world.calls(&admin.organization, &key, &[failed]).await;
        let succeeded = only(Outcome::Succeeded);
        let listed = walk(world, &admin, &succeeded).await;
        assert_eq!(listed.iter().collect::<HashSet<_>>(), ids.iter().collect());
        assert_eq!(exported(world, &admin, &succeeded).await, listed);
        assert_eq!(walk(world, &admin, &only(Outcome::Failed)).await.len(), 1);
        let by_model = CallQuery { filter: Filter { models: vec!["gpt-x".to_owned()], ..Filter::default() }, ..CallQuery::default() };
        assert_eq!(walk(world, &admin, &by_model).await.len(), 41);
    }

    async fn a_developer_of_many_projects_sees_what_is_theirs(world: &World) {
        world.clock.set("2026-11-10T12:00:00Z");
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let hidden = world.project(&admin, "Hidden").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let postgres = world.services.database().is_postgres();
        let random = if postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        world.execute(&format!(
            "INSERT INTO projects (organization_id, id, slug, name, description, cost_center, created_at) {} \
             SELECT o.id, {random}, 'p' || CAST(n.n AS text), 'P', '', '', 0 FROM n, organizations o",
            numbers(MANY)
        )).await;
        world.execute(
            "INSERT INTO project_members (organization_id, project_id, user_id, role, created_at) \
             SELECT p.organization_id, p.id, u.id, 'member', 0 FROM projects p, users u \
             WHERE p.slug <> 'hidden' AND u.name = 'Dev'"
        ).await;
        // Each of these series is looked up among the projects.
        world.execute(
            "INSERT INTO series (organization_id, id, project_id, api_key_id, member_id, model, service, endpoint, provider, \
             status, outcome) SELECT p.organization_id, row_number() OVER (ORDER BY p.id), p.id, p.id, p.id, 'gpt-x', 'chat', \
             '/', '', 200, 'succeeded' FROM (SELECT * FROM projects WHERE slug <> 'hidden' LIMIT 300) p"
        ).await;
        let seen = world.key(&admin, project, "seen").await;
        let unseen = world.key(&admin, hidden.id, "unseen").await;
        let made = [TestCall::at("2026-11-10T10:00:00Z")];
        let seen_call = world.calls(&admin.organization, &seen, &made).await[0];
        world.calls(&admin.organization, &unseen, &made).await;
        assert_eq!(walk(world, &developer, &CallQuery::default()).await, [seen_call]);
        assert_eq!(exported(world, &developer, &only(Outcome::Succeeded)).await, [seen_call]);
        let report = usage::report(&world.services, &developer, &UsageQuery::default()).await.unwrap();
        assert_eq!(report.total.calls, 1);
        let shown = overview::get(&world.services, &developer, String::new()).await.unwrap();
        assert_eq!((shown.month.calls, shown.latest_calls.len(), shown.ever_called), (1, 1, true));
        let keys = api_keys::list(&world.services, &developer, &domain::api_keys::KeyQuery::default()).await.unwrap();
        assert!(keys.keys.len() <= 1, "of others they see none: {:?}", keys.keys.len());
    }

    async fn a_model_that_is_seldom_called_is_found_however_long_ago(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        // Every other day for 200 days, which is more than is searched first.
        let newest = TestCall::at("2026-11-17T00:00:00Z").model("seldom");
        let made: Vec<TestCall> =
            (0..100).map(|number| TestCall { at: newest.at.plus_days(-2 * number), ..newest.clone() }).collect();
        let ids = world.calls(&admin.organization, &key, &made).await;
        let query = CallQuery { filter: Filter { models: vec!["seldom".to_owned()], ..Filter::default() }, ..CallQuery::default() };
        assert_eq!(walk(world, &admin, &query).await, ids);
        assert_eq!(exported(world, &admin, &query).await, ids);
        let earlier = CallQuery { to: Some(made[60].at), ..query.clone() };
        assert_eq!(walk(world, &admin, &earlier).await, ids[61..]);
        let between = CallQuery { from: Some(made[90].at), ..earlier };
        assert_eq!(walk(world, &admin, &between).await, ids[61..=90]);
    }

    async fn rare_calls_are_found_behind_many_others(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        // Two failed calls of each of 150 models, and many of one model.
        let start = TestCall::at("2026-11-01T00:00:00Z").outcome(Outcome::Failed);
        let rare = |number: usize| TestCall { at: start.at.plus_minutes(i64::try_from(number).unwrap()), ..start.clone() };
        let mut made: Vec<TestCall> = (0..300).map(|number| rare(number).model(&format!("m{}", number % 150))).collect();
        made.extend((0..200).map(|number| rare(number).model("often")));
        let expected: HashSet<CallId> = world.calls(&admin.organization, &key, &made).await.into_iter().collect();
        // Then more succeeded calls than a walk reads.
        let many: Vec<TestCall> = minutes(12_000);
        world.calls(&admin.organization, &key, &many).await;
        let failed = only(Outcome::Failed);
        let listed = walk(world, &admin, &failed).await;
        assert!(listed.is_sorted_by(|a, b| a > b));
        assert_eq!(listed.len(), 500);
        assert_eq!(listed.iter().copied().collect::<HashSet<_>>(), expected);
        assert_eq!(exported(world, &admin, &failed).await, listed);
        // A walk that ends among the failed calls misses none and repeats none.
        let few = minutes(12_000).into_iter().take(9_800).map(|call| TestCall { at: call.at.plus_minutes(60 * 24 * 8), ..call });
        world.calls(&admin.organization, &key, &few.collect::<Vec<_>>()).await;
        let mut more: Vec<TestCall> = minutes(400).into_iter().map(|call| call.outcome(Outcome::Failed)).collect();
        more.iter_mut().for_each(|call| call.at = call.at.plus_minutes(60 * 24 * 8 - 50));
        let expected = expected.len() + world.calls(&admin.organization, &key, &more).await.len();
        let listed = walk(world, &admin, &failed).await;
        assert!(listed.is_sorted_by(|a, b| a > b));
        assert_eq!((listed.len(), listed.len() > PAGE_SIZE as usize), (expected, true));
        assert_eq!(exported(world, &admin, &failed).await, listed);
    }
}
