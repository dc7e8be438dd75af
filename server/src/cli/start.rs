//! Preparations for commands.

use std::sync::Arc;

use services::{Actor, ActorKind, Organization, ServiceResult, Services, SystemClock};

use super::{CliError, data_folder};
use crate::config::Config;

/// Opens the database, migrated, with the configured models and prices applied.
pub(super) async fn services(config: &Config) -> Result<Services, CliError> {
    data_folder::create(&config.data)?;
    let services = Services::start(config.database_url.reveal(), Arc::new(SystemClock)).await?;
    apply_prices(&services, config).await?;
    Ok(services)
}

/// Offers the configured models at the file's prices, unless a newer file set other prices.
pub(crate) async fn apply_prices(services: &Services, config: &Config) -> ServiceResult<()> {
    let changed_at = config.file_changed_at.unwrap_or_else(|| services.now());
    services::models::apply_file(services, config.offered_models(), changed_at).await
}

/// The command line as an actor in the organization with this id or slug.
pub(super) async fn actor(services: &Services, id_or_slug: &str) -> Result<Actor, CliError> {
    Ok(command_line(services::organizations::find(services, id_or_slug).await?))
}

pub(super) fn command_line(organization: Organization) -> Actor {
    Actor { organization, kind: ActorKind::CommandLine, ip: None }
}
