//! Preparations for commands.

use std::sync::Arc;

use services::{Actor, ActorKind, OperatorSource, Organization, Services, SystemClock};

use super::{CliError, data_folder, server_secret};
use crate::{config::Config, reload::apply_prices};

/// Opens the database, migrated, with the configured models and prices applied.
pub(super) async fn services(config: &Config) -> Result<Services, CliError> {
    data_folder::create(&config.data)?;
    let services = Services::start(config.database(), Arc::new(SystemClock)).await?;
    server_secret::set(&services, config).await?;
    apply_prices(&services, config).await?;
    Ok(services)
}

/// The command line as an actor in the organization with this id or slug.
pub(super) async fn actor(services: &Services, id_or_slug: &str) -> Result<Actor, CliError> {
    Ok(command_line(services::organizations::find(services, id_or_slug).await?))
}

pub(super) fn command_line(organization: Organization) -> Actor {
    Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None }
}
