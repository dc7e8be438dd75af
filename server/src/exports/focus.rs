//! Cost in the columns of the FinOps Open Cost and Usage Specification, FOCUS 1.2 (<https://focus.finops.org>): a row for each day, provider,
//! model and project with usage. docs/exports.md has the mapping.

use app::addresses::{Query, UsageAddress};
use domain::{
    errors::ApiError,
    exports::{FileFormat, columns::FOCUS_COLUMNS},
    time::Timestamp,
    usage::{CustomRange, Group, Measures, Metric, Range, Series, UsageQuery, UsageReport, View, parse_day},
};
use futures::stream;
use services::{
    Actor, ServiceError, ServiceResult, Services,
    exports::billing_period,
    usage::{LocalFormat, complete_report},
};

use super::{
    csv::{self, CsvRows},
    file::{ExportFile, FilePart},
    public, require_valid,
};

/// The name of providers that aren't known: FOCUS wants names without exception.
const UNKNOWN: &str = "Unknown";

/// The file of the cost that the usage page at this query shows.
pub(super) async fn file(services: &Services, actor: &Actor, query: &str) -> Result<ExportFile, ApiError> {
    require_valid(&UsageAddress::invalid(query))?;
    let usage = UsageAddress::parse(query).query;
    let local = LocalFormat::new(&actor.organization, usage.time_zone.as_deref()).map_err(public)?;
    let name = format!("{}-focus-{}", actor.organization.slug, usage.range.to_string().replace(':', ""));
    let head = csv::head(&Query::parse(query), FOCUS_COLUMNS);
    let walk = FocusWalk {
        services: services.clone(),
        actor: actor.clone(),
        local,
        steps: vec![FocusStep {
            query: UsageQuery {
                view: Some(View::Day),
                group: Group::Provider,
                metric: Metric::Spend,
                compare: None,
                all_groups: false,
                ..usage
            },
            provider: String::new(),
            model: String::new(),
        }],
    };
    let parts = stream::try_unfold(walk, |mut walk| async move {
        Ok::<_, ServiceError>(walk.next_part().await?.map(|part| (part, walk)))
    });
    ExportFile::new(name, FileFormat::Csv, head, parts).await.map_err(public)
}

/// Walks from providers to their models to those models' projects: one report is in memory at a time, and each is exact.
struct FocusWalk {
    services: Services,
    actor: Actor,
    local: LocalFormat,
    /// Reports that are still to be read, the next one last.
    steps: Vec<FocusStep>,
}

/// A report of what one provider, and one model, was used for.
struct FocusStep {
    query: UsageQuery,
    provider: String,
    model: String,
}

impl FocusWalk {
    async fn next_part(&mut self) -> ServiceResult<Option<FilePart>> {
        while let Some(step) = self.steps.pop() {
            let report = complete_report(&self.services, &self.actor, &step.query).await?;
            if step.query.group == Group::Project {
                return self.write(&step, &report).map(Some);
            }
            let range = fixed_range(step.query.range, &report.buckets, self.local);
            // The largest is read first.
            self.steps.extend(report.series.iter().rev().map(|series| step.narrowed(series, range)));
        }
        Ok(None)
    }

    fn write(&self, step: &FocusStep, report: &UsageReport) -> ServiceResult<FilePart> {
        let mut rows = CsvRows::new();
        for series in &report.series {
            for point in series.points.iter().filter(|point| has_charge(&point.measures)) {
                let index = point.bucket as usize;
                let Some(start) = report.buckets.get(index).copied() else { continue };
                let charge = FocusCharge {
                    provider: if step.provider.is_empty() { UNKNOWN } else { step.provider.as_str() },
                    model: &step.model,
                    project: series,
                    period: (start, report.bucket_end(index)),
                    billing_period: billing_period(&self.actor.organization, step.query.time_zone.as_deref(), start)?,
                    measures: &point.measures,
                };
                charge.write(&mut rows, &self.actor);
            }
        }
        Ok(rows.finish())
    }
}

impl FocusStep {
    /// The step to the usage behind a series of this one.
    fn narrowed(&self, series: &Series, range: Range) -> Self {
        let (mut query, mut provider, mut model) = (self.query.clone(), self.provider.clone(), self.model.clone());
        if query.group == Group::Provider {
            query.filter.providers = vec![series.key.clone()];
            query.group = Group::Model;
            provider.clone_from(&series.key);
        } else {
            query.filter.models = vec![series.key.clone()];
            query.group = Group::Project;
            model.clone_from(&series.key);
        }
        query.range = range;
        Self { query, provider, model }
    }
}

/// The days of a range that depends on today, given its first report's: midnight may come while the others are read.
fn fixed_range(range: Range, days: &[Timestamp], local: LocalFormat) -> Range {
    if matches!(range, Range::Custom(_) | Range::Between(_)) {
        return range;
    }
    let date = |day: &Timestamp| parse_day(&local.format_bucket(View::Day, *day));
    let ends = days.first().and_then(date).zip(days.last().and_then(date));
    ends.and_then(|(first, last)| CustomRange::new(first, last)).map_or(range, Range::Custom)
}

/// Whether there was anything to charge: rejected calls never are.
fn has_charge(measures: &Measures) -> bool {
    measures.calls > 0 || !Measures { refused: 0, ..*measures }.is_zero()
}

/// One row.
struct FocusCharge<'a> {
    provider: &'a str,
    model: &'a str,
    project: &'a Series,
    period: (Timestamp, Timestamp),
    billing_period: (Timestamp, Timestamp),
    measures: &'a Measures,
}

impl FocusCharge<'_> {
    /// Writes the cells of [`FOCUS_COLUMNS`].
    fn write(&self, rows: &mut CsvRows, actor: &Actor) {
        let Self { provider, model, project, measures, .. } = self;
        let (quantity, unit) = quantity(measures);
        let description =
            if model.is_empty() { "Calls without a known model".to_owned() } else { format!("Calls of {model}") };
        // BilledCost, …
        rows.value(measures.spend);
        rows.value(actor.organization.id);
        rows.text(&actor.organization.name);
        rows.plain("Organization");
        rows.plain("USD");
        rows.value(self.billing_period.1);
        rows.value(self.billing_period.0);
        // ChargeCategory, …
        rows.plain("Usage");
        rows.plain("");
        rows.text(&description);
        rows.plain("Usage-Based");
        rows.value(self.period.1);
        rows.value(self.period.0);
        // ConsumedQuantity, …
        rows.plain(&quantity);
        rows.plain(unit);
        rows.value(measures.spend);
        rows.value(measures.spend);
        rows.text(provider);
        rows.value(measures.spend);
        // PricingCategory, …
        rows.plain("Standard");
        rows.plain(&quantity);
        rows.plain(unit);
        rows.text(provider);
        rows.text(provider);
        // ResourceId, …
        rows.text(model);
        rows.text(model);
        rows.plain(if model.is_empty() { "" } else { "Model" });
        // ServiceCategory, …
        rows.plain("AI and Machine Learning");
        rows.plain("Model API");
        rows.plain("Generative AI");
        rows.text(model);
        // SubAccountId, …
        rows.text(&project.key);
        rows.text(if project.key.is_empty() { "" } else { project.label.as_str() });
        rows.plain(if project.key.is_empty() { "" } else { "Project" });
        // Own columns.
        for count in
            [measures.calls, measures.tokens_in, measures.cached_tokens_in, measures.tokens_out, measures.unpriced]
        {
            rows.value(count);
        }
        rows.end_row();
    }
}

/// The quantity of a charge and its unit. A row sums what has several prices, so it is the quantity that says most, and there is no unit price.
fn quantity(measures: &Measures) -> (String, &'static str) {
    let media_ms = measures.video_ms.saturating_add(measures.audio_ms);
    if measures.tokens() > 0 {
        (measures.tokens().to_string(), "Tokens")
    } else if measures.images > 0 {
        (measures.images.to_string(), "Images")
    } else if media_ms > 0 {
        // Millionths of a minute: 60,000 milliseconds are a million of them.
        let millionths = media_ms.saturating_mul(100) / 6;
        (format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000), "Minutes")
    } else if measures.byte_hours > 0 {
        let bytes = measures.byte_hours;
        (format!("{}.{:09}", bytes / 1_000_000_000, bytes % 1_000_000_000), "GB-Hours")
    } else {
        (measures.calls.to_string(), "Requests")
    }
}

#[cfg(test)]
mod tests {
    use domain::{ids::OrganizationId, money::Money};
    use services::{ActorKind, OperatorSource, Organization};

    use super::*;

    fn actor() -> Actor {
        let organization = Organization {
            id: OrganizationId::new(uuid::Uuid::nil()),
            slug: "acme".to_owned(),
            name: "=Acme".to_owned(),
            time_zone: "UTC".parse().unwrap(),
        };
        Actor { organization, kind: ActorKind::Operator(OperatorSource::CommandLine), ip: None }
    }

    #[test]
    fn a_range_keeps_the_days_of_its_first_report() {
        let local = LocalFormat::new(&actor().organization, Some("Asia/Kathmandu")).unwrap();
        let days = ["2026-11-10T18:15:00Z", "2026-11-11T18:15:00Z", "2026-11-12T18:15:00Z"];
        let days: [Timestamp; 3] = days.map(|day| day.parse().unwrap());
        let fixed = |range: &str| fixed_range(range.parse().unwrap(), &days, local).to_string();
        assert_eq!(fixed("7d"), "2026-11-11..2026-11-13");
        assert_eq!(fixed("2026-01-01..2026-12-31"), "2026-01-01..2026-12-31");
        assert_eq!(fixed_range(Range::Today, &[], local), Range::Today);
    }

    #[test]
    fn each_column_has_its_cell() {
        let at = |text: &str| text.parse().unwrap();
        let measures = Measures {
            calls: 3,
            tokens_in: 20,
            cached_tokens_in: 5,
            tokens_out: 10,
            spend: Money::from_nanos(125),
            unpriced: 1,
            ..Measures::default()
        };
        let project = Series {
            key: "proj_1".to_owned(),
            label: "Web".to_owned(),
            total: measures,
            points: vec![],
            durations: vec![],
        };
        let charge = FocusCharge {
            provider: "openai",
            model: "gpt-5-mini",
            project: &project,
            period: (at("2026-11-17T00:00:00Z"), at("2026-11-18T00:00:00Z")),
            billing_period: (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")),
            measures: &measures,
        };
        let mut rows = CsvRows::new();
        charge.write(&mut rows, &actor());
        let bytes = rows.finish().bytes;
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(row.len(), FOCUS_COLUMNS.len());
        let cell = |column: &str| &row[FOCUS_COLUMNS.iter().position(|other| *other == column).unwrap()];
        for (column, expected) in [
            ("BilledCost", "0.000000125"),
            ("EffectiveCost", "0.000000125"),
            ("ListCost", "0.000000125"),
            ("ContractedCost", "0.000000125"),
            ("BillingAccountName", "'=Acme"),
            ("BillingCurrency", "USD"),
            ("BillingPeriodStart", "2026-11-01T00:00:00Z"),
            ("BillingPeriodEnd", "2026-12-01T00:00:00Z"),
            ("ChargePeriodStart", "2026-11-17T00:00:00Z"),
            ("ChargePeriodEnd", "2026-11-18T00:00:00Z"),
            ("ChargeCategory", "Usage"),
            ("ChargeClass", ""),
            ("ChargeDescription", "Calls of gpt-5-mini"),
            ("InvoiceIssuerName", "openai"),
            ("PricingQuantity", "30"),
            ("PricingUnit", "Tokens"),
            ("ProviderName", "openai"),
            ("PublisherName", "openai"),
            ("ServiceCategory", "AI and Machine Learning"),
            ("SkuId", "gpt-5-mini"),
            ("SubAccountId", "proj_1"),
            ("SubAccountName", "Web"),
            ("x_Calls", "3"),
            ("x_CachedTokensIn", "5"),
            ("x_UnpricedCalls", "1"),
        ] {
            assert_eq!(cell(column), expected, "{column}");
        }
    }

    #[test]
    fn a_quantity_has_the_unit_that_says_most() {
        let quantity = |measures: Measures| quantity(&measures);
        let none = Measures::default();
        assert_eq!(quantity(Measures { calls: 2, images: 3, ..none }), ("3".to_owned(), "Images"));
        assert_eq!(quantity(Measures { video_ms: 90_000, ..none }), ("1.500000".to_owned(), "Minutes"));
        assert_eq!(quantity(Measures { byte_hours: 1_500_000_000, ..none }), ("1.500000000".to_owned(), "GB-Hours"));
        assert_eq!(quantity(Measures { calls: 2, ..none }), ("2".to_owned(), "Requests"));
        assert!(!has_charge(&Measures { refused: 7, ..none }) && has_charge(&Measures { byte_hours: 1, ..none }));
    }
}
