//! The schema's history. Each migration is one change with a working `down`; `docs/architecture.md` draws the
//! resulting schema.

use sea_orm_migration::prelude::*;

mod m0001_organizations;
mod m0002_projects;
mod m0003_api_keys;
mod m0004_prices;
mod m0005_calls;
mod m0006_rollups;
mod m0007_audit;
mod m0008_changes;
mod m0009_key_settings;
mod m0010_key_uses;
mod m0011_notifications;
mod m0012_audit_targets;
mod m0013_key_lists;
mod m0014_quantities;
mod m0015_bodies;
mod m0016_rate_limits;
mod m0017_events;
mod m0018_provider_objects;
mod m0019_key_requests;
mod m0020_day_rollups;
mod m0021_inboxes;
mod m0022_quotas;
mod m0023_reference_index;
mod m0024_key_makers;
mod m0025_change_transactions;
mod m0026_canonical_addresses;
mod m0027_sign_in_failures;
mod m0030_price_sayings;
mod m0031_more_prices;
mod m0032_rare_quantities;
mod m0035_folded_names;
mod m0036_object_providers;
mod m0037_quarter_hour_rollups;
mod m0038_jobs;
mod m0039_sealed_secrets;
mod m0040_background_migrations;
mod m0041_key_organizations;
mod m0042_rollup_partitions;
mod m0043_half_hours;
mod m0044_call_retention;
mod m0049_key_search;
mod m0050_journals;
mod m0051_ended_sessions;
mod m0052_client_requests;
mod m0055_undecided_bodies;
mod m0056_first_byte_bins;
mod m0057_call_tags;
mod m0058_saved_views;
mod m0059_member_settings;
mod m0060_exports;
mod m0061_metadata_only_keys;
mod m0062_default_call_retention;

pub use sea_orm_migration::{MigratorTrait, SchemaManager};

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_organizations::Migration),
            Box::new(m0002_projects::Migration),
            Box::new(m0003_api_keys::Migration),
            Box::new(m0004_prices::Migration),
            Box::new(m0005_calls::Migration),
            Box::new(m0006_rollups::Migration),
            Box::new(m0007_audit::Migration),
            Box::new(m0008_changes::Migration),
            Box::new(m0009_key_settings::Migration),
            Box::new(m0010_key_uses::Migration),
            Box::new(m0011_notifications::Migration),
            Box::new(m0012_audit_targets::Migration),
            Box::new(m0013_key_lists::Migration),
            Box::new(m0014_quantities::Migration),
            Box::new(m0015_bodies::Migration),
            Box::new(m0016_rate_limits::Migration),
            Box::new(m0017_events::Migration),
            Box::new(m0018_provider_objects::Migration),
            Box::new(m0019_key_requests::Migration),
            Box::new(m0020_day_rollups::Migration),
            Box::new(m0021_inboxes::Migration),
            Box::new(m0022_quotas::Migration),
            Box::new(m0023_reference_index::Migration),
            Box::new(m0024_key_makers::Migration),
            Box::new(m0025_change_transactions::Migration),
            Box::new(m0026_canonical_addresses::Migration),
            Box::new(m0027_sign_in_failures::Migration),
            Box::new(m0030_price_sayings::Migration),
            Box::new(m0031_more_prices::Migration),
            Box::new(m0032_rare_quantities::Migration),
            Box::new(m0035_folded_names::Migration),
            Box::new(m0036_object_providers::Migration),
            Box::new(m0037_quarter_hour_rollups::Migration),
            Box::new(m0038_jobs::Migration),
            Box::new(m0039_sealed_secrets::Migration),
            Box::new(m0040_background_migrations::Migration),
            Box::new(m0041_key_organizations::Migration),
            Box::new(m0042_rollup_partitions::Migration),
            Box::new(m0043_half_hours::Migration),
            Box::new(m0044_call_retention::Migration),
            Box::new(m0049_key_search::Migration),
            Box::new(m0050_journals::Migration),
            Box::new(m0051_ended_sessions::Migration),
            Box::new(m0052_client_requests::Migration),
            Box::new(m0055_undecided_bodies::Migration),
            Box::new(m0056_first_byte_bins::Migration),
            Box::new(m0057_call_tags::Migration),
            Box::new(m0058_saved_views::Migration),
            Box::new(m0059_member_settings::Migration),
            Box::new(m0060_exports::Migration),
            Box::new(m0061_metadata_only_keys::Migration),
            Box::new(m0062_default_call_retention::Migration),
        ]
    }
}

/// Adds one column: SQLite allows no more in one statement.
async fn add_column(manager: &SchemaManager<'_>, table: &'static str, column: impl IntoColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

/// Drops one column, as [`add_column`] adds it.
async fn drop_column(manager: &SchemaManager<'_>, table: &'static str, column: &'static str) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await
}
