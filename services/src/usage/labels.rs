//! Labels of groups.

use std::collections::HashMap;

use domain::{
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
    usage::{Group, OTHER_TAG_VALUES},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Organization, ServiceResult, names};

/// Maximum number of names that one query finds; databases limit the number of parameters.
const MAX_NAMES: usize = 10_000;

/// Labels by the keys of their groups.
pub(super) struct Labels {
    /// Names found by ids; `None` for groups that are named by their keys.
    names: Option<HashMap<String, String>>,
    /// The label of calls without a group.
    none: &'static str,
    /// The label of a group whose name is no longer known.
    deleted: &'static str,
    is_service: bool,
}

impl Labels {
    /// Finds the names of the groups with these keys.
    pub(super) async fn find(
        database: &impl ConnectionTrait,
        organization: &Organization,
        group: &Group,
        keys: &[&str],
    ) -> ServiceResult<Self> {
        let mut names = HashMap::new();
        match group {
            Group::ApiKey => {
                let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).map(ApiKeyId::uuid).collect();
                for ids in ids.chunks(MAX_NAMES) {
                    let found = names::find_keys(database, organization.id, ids.iter().copied()).await?;
                    names.extend(found.into_iter().map(|(id, key)| (ApiKeyId::new(id).to_string(), key.name)));
                }
            }
            Group::Project => {
                let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).map(ProjectId::uuid).collect();
                for ids in ids.chunks(MAX_NAMES) {
                    let found = names::find_projects(database, organization.id, ids.iter().copied()).await?;
                    names.extend(found.into_iter().map(|(id, name)| (ProjectId::new(id).to_string(), name)));
                }
            }
            Group::Member => {
                let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).map(UserId::uuid).collect();
                for ids in ids.chunks(MAX_NAMES) {
                    let found = names::find_members(database, ids.iter().copied()).await?;
                    names.extend(found.into_iter().map(|(id, name)| (UserId::new(id).to_string(), name)));
                }
            }
            Group::Model | Group::Service | Group::Endpoint | Group::Provider | Group::Status | Group::Tag(_) => {}
        }
        let (none, deleted) = match group {
            Group::Model => ("Unknown model", ""),
            Group::ApiKey => ("No key", "Deleted key"),
            Group::Project => ("No project", "Deleted project"),
            Group::Member => ("No member", "Former member"),
            Group::Tag(_) => ("Without this tag", ""),
            Group::Service | Group::Endpoint | Group::Provider | Group::Status => ("Unknown", ""),
        };
        let has_names = matches!(group, Group::ApiKey | Group::Project | Group::Member);
        Ok(Self { names: has_names.then_some(names), none, deleted, is_service: *group == Group::Service })
    }

    pub(super) fn get(&self, key: &str) -> String {
        if key.is_empty() {
            return self.none.to_owned();
        }
        if key == OTHER_TAG_VALUES {
            return "Other values".to_owned();
        }
        match &self.names {
            Some(names) => names.get(key).map_or(self.deleted, String::as_str).to_owned(),
            None if self.is_service => {
                key.parse().map_or_else(|_| key.to_owned(), |service| service_label(service).to_owned())
            }
            None => key.to_owned(),
        }
    }
}

const fn service_label(service: Service) -> &'static str {
    match service {
        Service::Chat => "Chat",
        Service::Embeddings => "Embeddings",
        Service::Image => "Images",
        Service::Audio => "Audio",
        Service::Video => "Video",
        Service::FineTuning => "Fine-tuning",
        Service::Storage => "Storage",
    }
}
