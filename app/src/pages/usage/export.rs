//! The report as a file.

use domain::usage::UsageReport;

use super::{chart_data::plural, links::Links, names::format_days, spend::format_spend};
use crate::{
    addresses::Query,
    components::{format_count, zone_name},
};

/// The address of the report as CSV.
pub(super) fn href(links: &Links) -> String {
    with_organization(&links.organization, links.address.to_query()).append_to("/api/usage/export.csv")
}

/// What the file holds.
pub(super) fn facts(report: &UsageReport, links: &Links) -> Vec<(&'static str, String)> {
    let Some(first) = report.buckets.first() else { return Vec::new() };
    let zone = report.time_zone.as_str();
    let group = links.address.query.group.label().to_ascii_lowercase();
    let total = format!("{}, {}", format_spend(&report.total), plural(report.total.calls, "call"));
    vec![
        ("Range", format_days(*first, report.end, zone)),
        ("Time zone", zone_name(zone)),
        ("Total", total),
        ("Rows", format_count(i64::try_from(report.row_count).unwrap_or(i64::MAX))),
        ("One row for each", format!("{} and {group} with usage", report.view.name())),
    ]
}

/// Adds the organization to `query`, as the server's exports require.
pub(crate) fn with_organization(organization: &str, query: Query) -> Query {
    query.with("organization", Some(organization))
}
