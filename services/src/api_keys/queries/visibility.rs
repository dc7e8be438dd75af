//! Which keys somebody's permission reaches.

use domain::{
    api_keys::Level,
    ids::ProjectId,
    permissions::{Permission, Reach},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::{Actor, ServiceResult, entities::api_keys, projects};

/// Which keys somebody's permission reaches.
pub(in crate::api_keys) struct Visible {
    /// Of the keys that belong to projects.
    pub(in crate::api_keys) usual: Usual,
    /// Whether admin keys are among them.
    pub(in crate::api_keys) admin: bool,
}

/// Which of the keys that belong to projects.
pub(in crate::api_keys) enum Usual {
    None,
    All,
    Some {
        /// `None` for whoever made them.
        maker: Option<Uuid>,
        projects: projects::Scope,
    },
}

impl Visible {
    pub(in crate::api_keys) const ALL: Self = Self { usual: Usual::All, admin: true };

    pub(in crate::api_keys) fn holds(&self, key: &api_keys::Model) -> bool {
        if key.level == Level::Admin.name() {
            return self.admin;
        }
        match &self.usual {
            Usual::None => false,
            Usual::All => true,
            Usual::Some { maker, projects } => {
                maker.is_none_or(|maker| key.created_by == Some(maker))
                    && key.project_id.is_some_and(|id| projects.holds(ProjectId::new(id)))
            }
        }
    }
}

/// The keys that `actor` may see or manage, as `permission` (`ViewApiKeys` or `ManageApiKeys`) says; it brings its like
/// for admin keys along. Refused where that is none at all.
pub(in crate::api_keys) async fn visible(
    database: &impl ConnectionTrait,
    actor: &Actor,
    permission: Permission,
) -> ServiceResult<Visible> {
    let of_admin_keys = match permission {
        Permission::ManageApiKeys => Permission::ManageAdminKeys,
        _ => Permission::ViewAdminKeys,
    };
    let admin = actor.reach(of_admin_keys).is_ok();
    let usual = match actor.reach(permission) {
        Ok(Reach::Organization) => Usual::All,
        Ok(Reach::Assigned | Reach::Own) => Usual::Some {
            maker: actor.user_id().map(|id| id.uuid()),
            projects: projects::scope(database, actor, permission).await?,
        },
        Err(_) if admin => Usual::None,
        Err(refusal) => return Err(refusal),
    };
    Ok(Visible { usual, admin })
}
