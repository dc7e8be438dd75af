//! The columns of files. Programs read them by name: names stay, and new columns come last.

use crate::usage::{Comparison, Group, Metric, View};

/// Columns of calls as CSV.
pub const CALL_COLUMNS: [&str; 35] = [
    "started_at",
    "request_id",
    "project",
    "key",
    "key_id",
    "service",
    "endpoint",
    "model",
    "provider",
    "status",
    "outcome",
    "error_code",
    "times",
    "measured",
    "tokens_in",
    "cached_tokens_in",
    "cache_write_tokens_in",
    "tokens_out",
    "images",
    "media_ms",
    "byte_hours",
    "cost_usd",
    "duration_ms",
    "cost_unknown_in",
    "cache_write_1h_tokens_in",
    "audio_tokens_in",
    "audio_tokens_out",
    "reasoning_tokens_out",
    "searches",
    "tool_calls",
    "characters",
    "service_tier",
    "started_at_local",
    "time_zone",
    "tags",
];

/// Columns of usage as CSV that hold sums.
pub const MEASURE_COLUMNS: [&str; 12] = [
    "calls",
    "errors",
    "refused",
    "tokens_in",
    "cached_tokens_in",
    "tokens_out",
    "spend_usd",
    "unpriced_calls",
    "images",
    "video_ms",
    "audio_ms",
    "byte_hours",
];

/// Columns of percentiles, in milliseconds, where the metric is a duration.
pub const PERCENTILE_COLUMNS: [&str; 3] = ["p50_ms", "p95_ms", "p99_ms"];

/// Columns of cost by FOCUS 1.2: all that it requires, those others that Tollhouse knows, and own ones, whose names begin with `x_`
/// (docs/exports.md has the mapping).
pub const FOCUS_COLUMNS: [&str; 39] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "x_Calls",
    "x_TokensIn",
    "x_CachedTokensIn",
    "x_TokensOut",
    "x_UnpricedCalls",
];

/// Columns of usage as CSV, as the page that is exported shows it.
pub fn usage_columns(view: View, group: &Group, metric: Metric, comparison: Option<Comparison>) -> Vec<String> {
    let mut columns = vec![view.name().to_owned(), "time_zone".to_owned()];
    if has_offset(view) {
        columns.push("utc_offset".to_owned());
    }
    columns.extend(group_columns(group));
    columns.extend(MEASURE_COLUMNS.map(str::to_owned));
    if has_percentiles(metric) {
        columns.extend(PERCENTILE_COLUMNS.map(str::to_owned));
    }
    if comparison.is_some() {
        columns.push(format!("compared_{}", view.name()));
        columns.extend(MEASURE_COLUMNS.map(|column| format!("compared_{column}")));
        columns.extend(["change", "change_percent"].map(str::to_owned));
    }
    columns
}

/// Whether buckets need an offset from UTC: hours and minutes can come twice, where clocks go back.
pub const fn has_offset(view: View) -> bool {
    matches!(view, View::Minute | View::Hour)
}

/// The columns that name a group: where things have IDs, name and ID.
fn group_columns(group: &Group) -> Vec<String> {
    match group {
        Group::ApiKey | Group::Project | Group::Member => vec![format!("{group}_name"), format!("{group}_id")],
        Group::Model | Group::Service | Group::Endpoint | Group::Provider | Group::Status | Group::Tag(_) => {
            vec![group.to_string()]
        }
    }
}

/// Whether a metric is a percentile of durations instead of a sum.
pub const fn has_percentiles(metric: Metric) -> bool {
    matches!(metric, Metric::Latency | Metric::FirstToken)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_file_has_a_column_twice() {
        let mut files = vec![CALL_COLUMNS.map(str::to_owned).to_vec(), FOCUS_COLUMNS.map(str::to_owned).to_vec()];
        let tag = Group::Tag("customer".parse().unwrap());
        for group in Group::FIXED.into_iter().chain([tag]) {
            for view in View::ALL {
                for comparison in [None, Some(Comparison::Previous)] {
                    files.push(usage_columns(view, &group, Metric::Latency, comparison));
                }
            }
        }
        for file in files {
            assert_eq!(file.iter().collect::<BTreeSet<_>>().len(), file.len(), "{file:?}");
        }
    }

    #[test]
    fn usage_has_the_columns_of_its_page() {
        let columns = |view, group, metric, comparison| usage_columns(view, &group, metric, comparison);
        let plain = columns(View::Day, Group::Model, Metric::Spend, None);
        assert_eq!(plain[..4], ["day", "time_zone", "model", "calls"]);
        assert_eq!(plain.len(), 3 + MEASURE_COLUMNS.len());
        let hours = columns(View::Hour, Group::ApiKey, Metric::Spend, None);
        assert_eq!(hours[..6], ["hour", "time_zone", "utc_offset", "key_name", "key_id", "calls"]);
        let tagged = columns(View::Day, Group::Tag("customer".parse().unwrap()), Metric::FirstToken, None);
        assert_eq!(
            (tagged[2].as_str(), &tagged[tagged.len() - 3..]),
            ("tag.customer", &PERCENTILE_COLUMNS.map(str::to_owned)[..])
        );
        let compared = columns(View::Month, Group::Model, Metric::Spend, Some(Comparison::LastYear));
        assert!(compared.contains(&"compared_month".to_owned()) && compared.contains(&"compared_spend_usd".to_owned()));
        assert_eq!(compared.last().map(String::as_str), Some("change_percent"));
    }

    #[test]
    fn the_columns_that_focus_requires_are_there() {
        // FOCUS 1.2, all columns of the feature level "Mandatory".
        for column in [
            "BilledCost",
            "BillingAccountId",
            "BillingAccountName",
            "BillingCurrency",
            "BillingPeriodEnd",
            "BillingPeriodStart",
            "ChargeCategory",
            "ChargeClass",
            "ChargeDescription",
            "ChargePeriodEnd",
            "ChargePeriodStart",
            "ContractedCost",
            "EffectiveCost",
            "InvoiceIssuerName",
            "ListCost",
            "PricingQuantity",
            "PricingUnit",
            "ProviderName",
            "PublisherName",
            "ServiceCategory",
            "ServiceName",
        ] {
            assert!(FOCUS_COLUMNS.contains(&column), "{column}");
        }
    }
}
