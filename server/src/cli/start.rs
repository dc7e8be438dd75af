//! What commands begin with.

use std::sync::Arc;

use services::{Actor, Organization, ServiceResult, Services, SystemClock, Who};

use super::{CliError, data_folder};
use crate::config::Config;

/// Opens the database, migrated, with the configured models and prices applied.
pub(super) async fn services(config: &Config) -> Result<Services, CliError> {
    data_folder::make(&config.data)?;
    let services = Services::start(config.database_url.reveal(), Arc::new(SystemClock)).await?;
    take_up_prices(&services, config).await?;
    Ok(services)
}

/// Offers the configured models, at the prices that the file says unless a newer one said others.
pub(crate) async fn take_up_prices(services: &Services, config: &Config) -> ServiceResult<()> {
    let changed_at = config.file_changed_at.unwrap_or_else(|| services.now());
    services::models::apply_file(services, config.offered_models(), changed_at).await
}

/// Whoever runs commands, in the organization with this id or slug.
pub(super) async fn actor(services: &Services, id_or_slug: &str) -> Result<Actor, CliError> {
    Ok(command_line(services::organizations::find(services, id_or_slug).await?))
}

pub(super) fn command_line(organization: Organization) -> Actor {
    Actor { organization, who: Who::CommandLine, ip: None }
}
