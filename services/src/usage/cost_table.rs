//! Cost by bucket, provider, model and project, for files: read slice by slice, in one statement each.

use std::{collections::BTreeMap, ops::Range};

use domain::{
    ids::ProjectId,
    permissions::Permission,
    time::Timestamp,
    usage::{Group, Measures, Metric, UsageQuery},
};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::{
    buckets::{self, Buckets},
    by_tag,
    call_sums::call_value,
    labels::Labels,
    report::{ReportReader, zone},
    slices::{SliceRows, Slices},
    sums::{Columns, columns, sum_columns},
};
use crate::{
    Actor, ServiceResult, Services, filters,
    projects::{self, ProjectScope},
};

/// A table of cost. Its slices are read at different moments, so calls that are stored meanwhile count in the later ones.
pub struct CostTable {
    services: Services,
    actor: Actor,
    query: UsageQuery,
    scope: ProjectScope,
    buckets: Buckets,
    slices: Slices,
}

/// The usage of one provider, model and project in one bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CostRow {
    /// The bucket's beginning.
    pub start: Timestamp,
    /// The bucket's end, exclusive.
    pub end: Timestamp,
    /// Empty if it isn't known.
    pub provider: String,
    /// Empty if it isn't known.
    pub model: String,
    pub project: Option<ProjectId>,
    pub project_name: String,
    pub measures: Measures,
}

/// Provider, model and project of a row; the nil id stands for none.
type RowKey = (String, String, Uuid);

impl CostTable {
    /// Opens the table of the cost that [`report`](super::report()) shows for the range, view, time zone and filter of `query`, as far as
    /// the actor may see it.
    ///
    /// # Errors
    /// Those of the report.
    pub async fn open(services: &Services, actor: &Actor, query: UsageQuery) -> ServiceResult<Self> {
        services.wait_until_stored().await;
        let query = UsageQuery { group: Group::Project, metric: Metric::Spend, compare: None, ..query };
        let (database, organization) = (services.database.read(), &actor.organization);
        let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
        filters::check(database, organization.id, &scope, &query.filter).await?;
        let (zone, now) = (zone(organization, query.time_zone.as_deref())?, services.now());
        let buckets = buckets::of(query.range, query.view(), zone, now);
        by_tag::check(database, organization, &query, buckets.start(), now).await?;
        let slices = Slices::new(buckets.starts.len());
        Ok(Self { services: services.clone(), actor: actor.clone(), query, scope, buckets, slices })
    }

    /// Reads the next rows that there are, by bucket, provider and model; `None` after the last.
    pub async fn read(&mut self) -> ServiceResult<Option<Vec<CostRow>>> {
        while let Some(slice) = self.slices.current() {
            let sums = self.read_slice(&slice).await?.into_rows();
            self.slices.advance(sums.as_ref());
            let Some(mut sums) = sums else { continue };
            // Sums may cancel out, if the rollups belong to other buckets.
            sums.retain(|_, measures| !measures.is_zero());
            if !sums.is_empty() {
                return self.add_names(&slice, sums).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn read_slice(&self, slice: &Range<usize>) -> ServiceResult<SliceRows<RowKey, Measures>> {
        let database = self.services.database.read();
        let (organization, query) = (&self.actor.organization, &self.query);
        let reader = ReportReader { database, organization, scope: &self.scope, query };
        let sources = reader.sources(&self.buckets.slice(slice.clone()), reader.has_days());
        let mut rows = SliceRows::<RowKey, Measures>::new(slice);
        let grouping = [("s.provider", "provider"), ("s.model", "model"), ("s.project_id", "project")];
        let read = |bucket: usize, is_added: bool, row: &QueryResult| -> Result<(), DbErr> {
            let key = (row.try_get("", "provider")?, row.try_get("", "model")?, row.try_get("", "project")?);
            let measures: Measures = Columns::from_query_result(row, "")?.into();
            rows.change(bucket, key, |sum| *sum += if is_added { measures } else { -measures });
            Ok(())
        };
        let sums = [columns(), sum_columns(call_value)];
        reader.selection(&sources).for_each_row(database, &grouping, [&sums[0], &sums[1]], read).await?;
        Ok(rows)
    }

    /// Adds the names of projects, and the times of the slice's buckets.
    async fn add_names(
        &self,
        slice: &Range<usize>,
        sums: BTreeMap<(usize, RowKey), Measures>,
    ) -> ServiceResult<Vec<CostRow>> {
        let id_of = |id: Uuid| Some(id).filter(|id| !id.is_nil()).map(ProjectId::new);
        let text_of = |id: Uuid| id_of(id).map(|project| project.to_string()).unwrap_or_default();
        let mut projects: Vec<String> = sums.keys().map(|(_, (_, _, project))| text_of(*project)).collect();
        projects.sort_unstable();
        projects.dedup();
        let projects: Vec<&str> = projects.iter().map(String::as_str).collect();
        let (database, organization) = (self.services.database.read(), &self.actor.organization);
        let labels = Labels::find(database, organization, &Group::Project, &projects).await?;
        let spans = self.buckets.slice(slice.clone()).spans();
        let row = |((bucket, (provider, model, project)), measures): ((usize, RowKey), Measures)| {
            let (start, end) = spans.get(bucket).copied()?;
            let (project, project_name) = (id_of(project), labels.get(&text_of(project)));
            Some(CostRow { start, end, provider, model, project, project_name, measures })
        };
        Ok(sums.into_iter().filter_map(row).collect())
    }
}
