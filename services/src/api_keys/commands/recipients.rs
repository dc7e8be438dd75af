//! Members who are notified about a key.

use std::collections::HashMap;

use domain::{
    ids::{OrganizationId, UserId},
    permissions::{Permission, Role, may},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{ServiceResult, entities::memberships};

/// The members of an organization who have an inbox; not those who left or are suspended.
pub(in crate::api_keys) struct Recipients(HashMap<Uuid, Role>);

impl Recipients {
    pub(in crate::api_keys) async fn load(
        database: &impl ConnectionTrait,
        organization: OrganizationId,
    ) -> ServiceResult<Self> {
        let members = memberships::Entity::find()
            .filter(memberships::Column::OrganizationId.eq(organization.uuid()))
            .filter(memberships::Column::SuspendedAt.is_null())
            .all(database)
            .await?;
        let roles = members.iter().map(|member| Ok((member.user_id, memberships::role(member)?)));
        let mut roles: HashMap<Uuid, Role> = roles.collect::<ServiceResult<_>>()?;
        roles.retain(|_, role| may(*role, Permission::ViewNotifications));
        Ok(Self(roles))
    }

    /// The members responsible for a key: its maker, or if they are gone, those who may manage all keys.
    pub(in crate::api_keys) fn owners(&self, maker: Option<Uuid>) -> Vec<UserId> {
        self.present(maker).map_or_else(|| self.administrators().collect(), |maker| vec![maker])
    }

    /// The members concerned by a key's leak: its maker, and those who may manage all keys.
    pub(in crate::api_keys) fn of_leak(&self, maker: Option<Uuid>) -> Vec<UserId> {
        let mut users: Vec<UserId> = self.present(maker).into_iter().chain(self.administrators()).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    fn present(&self, maker: Option<Uuid>) -> Option<UserId> {
        maker.filter(|maker| self.0.contains_key(maker)).map(UserId::new)
    }

    fn administrators(&self) -> impl Iterator<Item = UserId> {
        let managing = self.0.iter().filter(|(_, role)| matches!(role, Role::Owner | Role::Admin));
        managing.map(|(user, _)| UserId::new(*user))
    }
}
