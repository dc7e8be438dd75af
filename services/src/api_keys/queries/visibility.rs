//! The keys that an actor's permission reaches.

use domain::{
    api_keys::Level,
    ids::ProjectId,
    permissions::{Permission, Reach},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Actor, ServiceResult, entities::api_keys, projects};

/// The keys that an actor's permission reaches.
pub(in crate::api_keys) struct KeyVisibility {
    /// The visible keys of projects.
    pub(in crate::api_keys) project_keys: VisibleProjectKeys,
    /// Whether admin keys are visible.
    pub(in crate::api_keys) admin_keys: bool,
}

/// The visible keys among those of projects.
pub(in crate::api_keys) enum VisibleProjectKeys {
    None,
    All,
    Some {
        /// The user who must have made them; `None` for any.
        maker: Option<Uuid>,
        projects: projects::ProjectScope,
    },
}

impl KeyVisibility {
    pub(in crate::api_keys) const ALL: Self = Self { project_keys: VisibleProjectKeys::All, admin_keys: true };

    pub(in crate::api_keys) fn contains(&self, key: &api_keys::Model) -> bool {
        if key.level == Level::Admin.name() {
            return self.admin_keys;
        }
        match &self.project_keys {
            VisibleProjectKeys::None => false,
            VisibleProjectKeys::All => true,
            VisibleProjectKeys::Some { maker, projects } => {
                maker.is_none_or(|maker| key.created_by == Some(maker))
                    && key.project_id.is_some_and(|id| projects.contains(ProjectId::new(id)))
            }
        }
    }
}

/// Returns the keys that `actor` may view or manage, according to `permission` (`ViewApiKeys` or
/// `ManageApiKeys`) and the corresponding one for admin keys. Rejected if there can be none.
pub(in crate::api_keys) async fn visible_keys(
    database: &impl ConnectionTrait,
    actor: &Actor,
    permission: Permission,
) -> ServiceResult<KeyVisibility> {
    let admin_permission = match permission {
        Permission::ManageApiKeys => Permission::ManageAdminKeys,
        _ => Permission::ViewAdminKeys,
    };
    let admin_keys = actor.reach(admin_permission).is_ok();
    let project_keys = match actor.reach(permission) {
        Ok(reach) if reach.is_organization_wide() => VisibleProjectKeys::All,
        Ok(reach) => VisibleProjectKeys::Some {
            maker: actor.user_id().map(|id| id.uuid()).filter(|_| reach != Reach::Managed),
            projects: projects::scope(database, actor, permission).await?,
        },
        Err(_) if admin_keys => VisibleProjectKeys::None,
        Err(refusal) => return Err(refusal),
    };
    Ok(KeyVisibility { project_keys, admin_keys })
}
