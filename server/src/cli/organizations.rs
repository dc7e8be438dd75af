//! `tollhouse org`.

use serde::Serialize;
use services::{Organization, Services};

use super::{CliError, args::OrgCommand, bodies, body_deletion, calls, limits, output, start};

#[derive(Serialize)]
struct OrganizationRow {
    id: String,
    slug: String,
    name: String,
    time_zone: String,
}

impl From<&Organization> for OrganizationRow {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            slug: organization.slug.clone(),
            name: organization.name.clone(),
            time_zone: organization.time_zone.name().to_owned(),
        }
    }
}

impl OrganizationRow {
    fn line(&self) -> String {
        format!("{}  {}  {}  {}", self.id, self.slug, self.name, self.time_zone)
    }
}

pub(super) async fn run(services: &Services, command: OrgCommand, json: bool) -> Result<(), CliError> {
    match command {
        OrgCommand::Create { name, time_zone } => {
            let organization = services::organizations::create(services, &name, &time_zone).await?;
            output::data(json, &OrganizationRow::from(&organization), OrganizationRow::line)
        }
        OrgCommand::Bodies { org, bodies: edits } => {
            bodies::run(services, &start::actor(services, &org).await?, edits, json).await
        }
        OrgCommand::DeleteBodies { org, wanted } => {
            body_deletion::run(services, &start::actor(services, &org).await?, wanted, json).await
        }
        OrgCommand::Calls { org, calls: edits } => {
            calls::run(services, &start::actor(services, &org).await?, edits, json).await
        }
        OrgCommand::Limits { org, limits: edits } => {
            let actor = start::actor(services, &org).await?;
            limits::run(services, &actor, None, edits, json).await
        }
        OrgCommand::List => {
            let organizations: Vec<_> =
                services::organizations::list(services).await?.iter().map(OrganizationRow::from).collect();
            output::data(json, &organizations, |all| {
                all.iter().map(OrganizationRow::line).collect::<Vec<_>>().join("\n")
            })
        }
    }
}
