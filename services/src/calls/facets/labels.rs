//! Names of the projects, keys, members and statuses among the values of facets.

use std::{collections::HashMap, str::FromStr};

use domain::{
    calls::{Facet, FacetValue},
    ids::{ApiKeyId, OrganizationId, ProjectId, UserId},
    usage::{Group, StatusFilter},
};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::{ServiceResult, names};

/// FacetLabels by value, of each dimension whose values are ids.
pub(super) struct FacetLabels {
    labels: HashMap<String, String>,
}

impl FacetLabels {
    /// Finds the labels of facets' values.
    pub(super) async fn find(
        database: &DatabaseConnection,
        organization: OrganizationId,
        facets: &[Facet],
    ) -> ServiceResult<Self> {
        let mut labels = HashMap::new();
        let projects = ids(facets, &Group::Project, ProjectId::uuid);
        for (id, name) in names::find_projects(database, organization, projects).await? {
            labels.insert(ProjectId::new(id).to_string(), name);
        }
        let keys = ids(facets, &Group::ApiKey, ApiKeyId::uuid);
        for (id, key) in names::find_keys(database, organization, keys).await? {
            labels.insert(ApiKeyId::new(id).to_string(), key.name);
        }
        let members = ids(facets, &Group::Member, UserId::uuid);
        for (id, name) in names::find_members(database, members).await? {
            labels.insert(UserId::new(id).to_string(), name);
        }
        Ok(Self { labels })
    }

    /// Replaces ids by names, and statuses by what people read.
    pub(super) fn apply_to(&self, facets: &mut [Facet]) {
        for facet in facets {
            let missing = match facet.dimension {
                Group::Project => "Deleted project",
                Group::ApiKey => "Deleted key",
                Group::Member => "Former member",
                Group::Status => {
                    facet.values.iter_mut().for_each(label_status);
                    continue;
                }
                _ => continue,
            };
            for value in &mut facet.values {
                value.label = self.labels.get(&value.value).cloned().unwrap_or_else(|| missing.to_owned());
            }
        }
    }
}

fn label_status(value: &mut FacetValue) {
    if let Ok(status) = value.value.parse::<StatusFilter>() {
        value.label = status.label();
    }
}

/// The ids among the values of a dimension.
fn ids<I: FromStr>(facets: &[Facet], dimension: &Group, uuid: fn(I) -> Uuid) -> Vec<Uuid> {
    let values = facets.iter().filter(|facet| facet.dimension == *dimension).flat_map(|facet| &facet.values);
    values.filter_map(|value| value.value.parse().ok().map(uuid)).collect()
}
