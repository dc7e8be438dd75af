//! Tokens by model and key.

use domain::{
    permissions::Role,
    usage::{Filter, ModelKeyTokens, UsageQuery},
};
use services::{ServiceError, usage};

use crate::support::TestCall;

fn query() -> UsageQuery {
    UsageQuery { range: "2026-11-09..2026-11-11".parse().unwrap(), ..UsageQuery::default() }
}

on_both_databases! {
    async fn tokens_of_each_model_and_key_add_up_to_the_report(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let (web, batch) = (world.key(&admin, project, "web").await, world.key(&admin, project, "batch").await);
        let small = TestCall::at("2026-11-10T08:00:00Z").model("small");
        let large = TestCall { tokens_in: 5_000, ..TestCall::at("2026-11-10T09:00:00Z").model("large") };
        let outside = TestCall::at("2026-11-12T08:00:00Z").model("small");
        world.calls(&admin.organization, &web, &[small.clone(), small.clone(), large.clone(), outside]).await;
        world.calls(&admin.organization, &batch, &[small]).await;

        let rows = usage::model_keys(&world.services, &admin, &query()).await.unwrap();
        let row = |model: &str, key: &domain::api_keys::ApiKey, tokens_in, tokens_out| ModelKeyTokens {
            model: model.to_owned(),
            api_key: Some(key.id),
            key_name: key.name.clone(),
            tokens_in,
            tokens_out,
        };
        assert_eq!(rows, [row("large", &web, 5_000, 10), row("small", &web, 200, 20), row("small", &batch, 100, 10)]);
        let report = usage::report(&world.services, &admin, &query()).await.unwrap();
        assert_eq!(rows.iter().map(ModelKeyTokens::total).sum::<i64>(), report.total.tokens());

        let filter = Filter { models: vec!["small".to_owned()], api_keys: vec![batch.id], ..Filter::default() };
        let narrowed = UsageQuery { filter, ..query() };
        let rows = usage::model_keys(&world.services, &admin, &narrowed).await.unwrap();
        assert_eq!(rows, [row("small", &batch, 100, 10)]);
    }

    async fn many_models_and_keys_are_summed_without_loss(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let calls: Vec<_> =
            (0..510).map(|number| TestCall::at("2026-11-10T08:00:00Z").model(&format!("model-{number}"))).collect();
        world.calls(&admin.organization, &key, &calls).await;
        let rows = usage::model_keys(&world.services, &admin, &query()).await.unwrap();
        let last = rows.last().unwrap();
        assert_eq!((rows.len(), last.api_key, last.total()), (501, None, 10 * 110));
        assert_eq!(rows.iter().map(ModelKeyTokens::total).sum::<i64>(), 510 * 110);
        // Of a tag, and in minutes, they are those of calls.
        let filter = Filter { tags: vec!["customer:none".parse().unwrap()], ..Filter::default() };
        let tagged = UsageQuery { filter, ..query() };
        assert!(usage::model_keys(&world.services, &admin, &tagged).await.unwrap().is_empty());
        let day = UsageQuery {
            range: "2026-11-10..2026-11-10".parse().unwrap(),
            view: Some(domain::usage::View::Minute),
            ..query()
        };
        assert_eq!(usage::model_keys(&world.services, &admin, &day).await.unwrap(), rows);
    }

    async fn a_member_sees_the_tokens_of_their_projects(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let hidden = world.project(&admin, "Hidden").await.id;
        let key = world.key(&admin, hidden, "web").await;
        world.calls(&admin.organization, &key, &[TestCall::at("2026-11-10T08:00:00Z")]).await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let rows = usage::model_keys(&world.services, &developer, &query()).await.unwrap();
        assert!(rows.is_empty());
        let stranger = world.organization("Other", "UTC").await;
        let filter = Filter { api_keys: vec![key.id], ..Filter::default() };
        let result = usage::model_keys(&world.services, &stranger, &UsageQuery { filter, ..query() }).await;
        assert!(matches!(result, Err(ServiceError::Invalid(_) | ServiceError::NotFound)));
    }
}
