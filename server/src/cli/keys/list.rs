//! `tollhouse key list`.

use std::pin::pin;

use domain::api_keys::{ApiKey, KeyQuery};
use futures::TryStreamExt;
use services::{Services, api_keys};

use super::{
    super::{CliError, output, start},
    shown,
};

pub(super) async fn run(services: &Services, organization: &str, json: bool) -> Result<(), CliError> {
    let actor = start::actor(services, organization).await?;
    let mut pages = pin!(api_keys::export(services, &actor, &KeyQuery::default()).await?);
    let mut keys = Vec::new();
    while let Some(page) = pages.try_next().await? {
        keys.extend(page);
    }
    let data: Vec<_> = keys.iter().map(shown::key).collect();
    output::data(json, &data, |_| keys.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn line(key: &ApiKey) -> String {
    let project = key.project.as_ref().map_or("-", |project| project.name.as_str());
    format!("{}  {}  {}  {}  {project}  {}", key.id, key.masked, key.status.name(), key.level, key.name)
}
