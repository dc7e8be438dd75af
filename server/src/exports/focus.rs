//! Cost in the columns of the FinOps Open Cost and Usage Specification, FOCUS 1.2 (<https://focus.finops.org>): a row for each day, provider,
//! model and project with usage. docs/exports.md has the mapping.

use app::addresses::{Query, UsageAddress};
use domain::{
    errors::ApiError,
    exports::{FileFormat, columns::FOCUS_COLUMNS},
    time::Timestamp,
    usage::{Measures, UsageQuery, View},
};
use futures::stream;
use services::{
    Actor, ServiceError, ServiceResult, Services,
    exports::billing_period,
    usage::{CostRow, CostTable},
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
    let usage = UsageQuery { view: Some(View::Day), ..UsageAddress::parse(query).query };
    let name = format!("{}-focus-{}", actor.organization.slug, usage.range.to_string().replace(':', ""));
    let head = csv::head(&Query::parse(query), FOCUS_COLUMNS);
    let zone = usage.time_zone.clone();
    let table = CostTable::open(services, actor, usage).await.map_err(public)?;
    let format = ChargeFormat { actor: actor.clone(), zone };
    let parts = stream::try_unfold((table, format), |(mut table, format)| async move {
        let part = table.read().await?.map(|rows| format.write(&rows)).transpose()?;
        Ok::<_, ServiceError>(part.map(|part| (part, (table, format))))
    });
    ExportFile::new(name, FileFormat::Csv, head, parts).await.map_err(public)
}

/// The form of a file's rows.
struct ChargeFormat {
    actor: Actor,
    /// The page's time zone, if it isn't the organization's.
    zone: Option<String>,
}

impl ChargeFormat {
    fn write(&self, rows: &[CostRow]) -> ServiceResult<FilePart> {
        let mut csv = CsvRows::new();
        for row in rows.iter().filter(|row| has_charge(&row.measures)) {
            let billing_period = billing_period(&self.actor.organization, self.zone.as_deref(), row.start)?;
            FocusCharge { row, billing_period }.write(&mut csv, &self.actor);
        }
        Ok(csv.finish())
    }
}

/// Whether there was anything to charge: rejected calls never are.
fn has_charge(measures: &Measures) -> bool {
    measures.calls > 0 || !Measures { refused: 0, ..*measures }.is_zero()
}

/// One row.
struct FocusCharge<'a> {
    row: &'a CostRow,
    billing_period: (Timestamp, Timestamp),
}

impl FocusCharge<'_> {
    /// Writes the cells of [`FOCUS_COLUMNS`].
    fn write(&self, rows: &mut CsvRows, actor: &Actor) {
        let CostRow { model, measures, .. } = self.row;
        let provider = if self.row.provider.is_empty() { UNKNOWN } else { self.row.provider.as_str() };
        let project = self.row.project.map(|project| project.to_string()).unwrap_or_default();
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
        rows.value(self.row.end);
        rows.value(self.row.start);
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
        rows.text(&project);
        rows.text(if project.is_empty() { "" } else { self.row.project_name.as_str() });
        rows.plain(if project.is_empty() { "" } else { "Project" });
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
    use domain::{
        ids::{OrganizationId, ProjectId},
        money::Money,
    };
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
        let project = ProjectId::new(uuid::Uuid::from_u128(1));
        let row = CostRow {
            start: at("2026-11-17T00:00:00Z"),
            end: at("2026-11-18T00:00:00Z"),
            provider: "openai".to_owned(),
            model: "gpt-5-mini".to_owned(),
            project: Some(project),
            project_name: "Web".to_owned(),
            measures,
        };
        let billing_period = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let charge = FocusCharge { row: &row, billing_period };
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
            ("SubAccountId", project.to_string().as_str()),
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
