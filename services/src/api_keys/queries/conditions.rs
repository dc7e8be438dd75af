//! SQL conditions that select keys.
//!
//! Statements over keys are written as text, since their conditions (a key's status, its hints) read well in
//! SQL and in nothing else. In all of them `k` is the key, `$1` the organization, and `$2` the moment. Each
//! subquery names the organization by `$1` again: a database that is distributed by organization then finds
//! that all of a statement's rows are in one place.

use std::fmt::Display;

use domain::{
    api_keys::{Level, UNUSED_DAYS},
    calls::Outcome,
    ids::{CallId, OrganizationId},
};
use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

use super::visibility::{KeyVisibility, VisibleProjectKeys};
use crate::{Services, database::Bound, entities::series::ANY_OUTCOME};

/// A key's [`domain::api_keys::Status::name`]. A key is rotating while a secret with an end works.
pub(in crate::api_keys) const STATUS: &str = "CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' \
     WHEN k.disabled_at IS NOT NULL THEN 'disabled' \
     WHEN k.expires_at <= $2 THEN 'expired' \
     WHEN k.id IN (SELECT s.api_key_id FROM key_secrets s WHERE s.organization_id = $1 AND s.expires_at > $2) \
     THEN 'rotating' ELSE 'active' END";

/// Whether a key can be used.
pub(in crate::api_keys) const USABLE: &str =
    "k.revoked_at IS NULL AND k.disabled_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)";

/// When a key was last used; NULL for never.
pub(in crate::api_keys) const LAST_USED: &str = "(SELECT max(u.last_used_at) FROM key_uses u \
     WHERE u.organization_id = $1 AND u.api_key_id = k.id)";

/// The newest secret `s` of a key: the one without an end.
pub(in crate::api_keys) const NEWEST_SECRET: &str = "FROM key_secrets s WHERE s.organization_id = $1 \
     AND s.api_key_id = k.id AND s.expires_at IS NULL ORDER BY s.created_at DESC, s.id DESC LIMIT 1";

/// Conditions on `k`, and the values that they name.
#[derive(Clone)]
pub(in crate::api_keys) struct KeyConditions {
    services: Services,
    conditions: String,
    bound: Bound,
}

impl KeyConditions {
    /// Selects all keys of an organization.
    pub(in crate::api_keys) fn all(services: &Services, organization: OrganizationId) -> Self {
        let mut bound = Bound::new(services.database.read().get_database_backend());
        let organization = bound.value(organization.uuid());
        bound.value(services.now().millis());
        Self { services: services.clone(), conditions: format!("k.organization_id = {organization}"), bound }
    }

    /// Selects the keys of an organization with these ids.
    pub(in crate::api_keys) fn with_ids(services: &Services, organization: OrganizationId, ids: &[Uuid]) -> Self {
        let mut keys = Self::all(services, organization);
        let ids = keys.among_ids(ids.iter().copied());
        keys.and(format!("k.id {ids}"));
        keys
    }

    /// Selects the visible keys of an organization.
    pub(in crate::api_keys) fn visible(
        services: &Services,
        organization: OrganizationId,
        visible: &KeyVisibility,
    ) -> Self {
        let mut all = Self::all(services, organization);
        let admin = Level::Admin;
        let project_keys = match &visible.project_keys {
            VisibleProjectKeys::All if visible.admin_keys => return all,
            VisibleProjectKeys::All => format!("k.level <> '{admin}'"),
            VisibleProjectKeys::None => "FALSE".to_owned(),
            VisibleProjectKeys::Some { maker, projects } => {
                let by_maker = maker.map(|maker| format!(" AND k.created_by = {}", all.value(maker)));
                let in_projects = match projects {
                    crate::projects::ProjectScope::All => String::new(),
                    crate::projects::ProjectScope::Only(ids) => {
                        format!(" AND k.project_id {}", all.among_ids(ids.iter().map(|id| id.uuid())))
                    }
                };
                format!("k.level <> '{admin}'{}{in_projects}", by_maker.unwrap_or_default())
            }
        };
        all.and(if visible.admin_keys { format!("({project_keys} OR k.level = '{admin}')") } else { project_keys });
        all
    }

    pub(in crate::api_keys) const fn backend(&self) -> DbBackend {
        self.bound.backend()
    }

    /// The condition that series `r` of the organization has calls of the last [`UNUSED_DAYS`]: one step down
    /// an index for each series.
    pub(in crate::api_keys) fn recently_called(&mut self) -> String {
        let first = CallId::lower_bound(self.services.now().plus_days(-UNUSED_DAYS));
        format!(
            "r.organization_id = $1 AND r.outcome NOT IN ('{ANY_OUTCOME}', '{}') \
             AND EXISTS (SELECT 1 FROM calls c WHERE c.organization_id = $1 AND c.series_id = r.id \
             AND c.id >= {})",
            Outcome::Refused,
            self.value(first.uuid())
        )
    }

    /// Binds the list of all offered models as JSON, and returns its placeholder.
    pub(in crate::api_keys) fn offered_models(&mut self) -> String {
        let names = self.services.catalog.names();
        self.value(serde_json::Value::from(names))
    }

    /// Adds a condition.
    pub(in crate::api_keys) fn and(&mut self, condition: impl Display) {
        self.conditions = format!("{} AND ({condition})", self.conditions);
    }

    /// Binds a value, and returns its placeholder, such as `$5`.
    pub(in crate::api_keys) fn value(&mut self, value: impl Into<Value>) -> String {
        self.bound.value(value)
    }

    /// Binds `ids`, and returns the condition that follows a column which is one of them.
    pub(in crate::api_keys) fn among_ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        self.bound.among_ids(ids)
    }

    /// Binds integers like [`among_ids`](Self::among_ids).
    pub(in crate::api_keys) fn among_numbers(&mut self, numbers: impl IntoIterator<Item = i64>) -> String {
        self.bound.among_numbers(numbers)
    }

    /// Builds a statement of `select` (up to its FROM), the conditions, and `rest`.
    pub(in crate::api_keys) fn statement(self, select: &str, rest: &str) -> Statement {
        self.bound.statement(format!("{select} WHERE {} {rest}", self.conditions))
    }
}
