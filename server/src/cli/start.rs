//! What commands begin with.

use std::sync::Arc;

use services::{Actor, Organization, Services, SystemClock, Who};

use super::{CliError, data_folder};
use crate::config::Config;

/// Opens the database, migrated, with the configured models and prices applied.
pub(super) async fn services(config: &Config) -> Result<Services, CliError> {
    data_folder::make(&config.data)?;
    let services = Services::start(config.database_url.reveal(), Arc::new(SystemClock)).await?;
    services::models::apply(&services, config.offered_models()).await?;
    Ok(services)
}

/// Whoever runs commands, in the organization with this id or slug.
pub(super) async fn actor(services: &Services, id_or_slug: &str) -> Result<Actor, CliError> {
    Ok(command_line(services::organizations::find(services, id_or_slug).await?))
}

pub(super) fn command_line(organization: Organization) -> Actor {
    Actor { organization, who: Who::CommandLine, ip: None }
}
