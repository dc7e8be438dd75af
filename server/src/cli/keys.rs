//! `tollhouse key`.

use domain::api_keys::NewApiKey;
use serde_json::json;
use services::{Services, api_keys};

use super::{CliError, args::KeyCommand, output, start};

pub(super) async fn run(services: &Services, command: KeyCommand, json: bool) -> Result<(), CliError> {
    match command {
        KeyCommand::Create { org, project, name, level, models, expires_in_days } => {
            let actor = start::actor(services, &org).await?;
            let project_id = match project {
                Some(project) => Some(services::projects::find(services, &actor, &project).await?.id),
                None => None,
            };
            let asked = NewApiKey { name, description: String::new(), project_id, level, models, expires_in_days };
            let created = api_keys::create(services, &actor, asked).await?;
            let key = &created.api_key;
            let shown = json!({
                "id": key.id,
                "secret": created.secret,
                "prefix": key.masked,
                "name": key.name,
                "level": key.level,
                "project_id": key.project.as_ref().map(|project| project.id),
                "expires_at": key.expires_at.map(|at| at.to_string()),
            });
            output::data(json, &shown, |_| {
                format!("{}  {}\n{}\nThis is the only time the secret is shown.", key.id, key.name, created.secret)
            })
        }
        KeyCommand::Revoke { id } => {
            let organization = api_keys::find_organization_of(services, id).await?;
            api_keys::revoke(services, &start::command_line(organization), id).await?;
            output::done(json, &format!("{id} is revoked."))
        }
    }
}
