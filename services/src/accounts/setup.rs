//! The setup code for the first account of an installation where sign-up is closed.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use subtle::ConstantTimeEq;

use crate::{ServiceResult, Services, entities::users, random};

/// A code shown to the operator at start-up while there are no accounts. It admits the first one.
#[derive(Clone, Debug)]
pub struct SetupCode(Option<Arc<str>>);

impl SetupCode {
    /// Generates a code for this process.
    pub fn new() -> Self {
        // Without randomness there is no code, and the operator uses commands instead.
        Self(random::bytes::<16>().ok().map(|bytes| random::hex(&bytes).into()))
    }

    /// The code, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether `presented` is the code and there are no accounts yet: the first user can let in others.
    pub async fn admits(&self, services: &Services, presented: Option<&str>) -> ServiceResult<bool> {
        let is_right = |(code, presented): (&str, &str)| code.as_bytes().ct_eq(presented.as_bytes()).into();
        Ok(self.text().zip(presented).is_some_and(is_right) && is_unclaimed(services).await?)
    }
}

impl Default for SetupCode {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether there are no accounts.
pub async fn is_unclaimed(services: &Services) -> ServiceResult<bool> {
    has_no_accounts(services.database.read()).await
}

pub(super) async fn has_no_accounts(database: &impl ConnectionTrait) -> ServiceResult<bool> {
    let first_user = users::Entity::find().select_only().column(users::Column::Id).limit(1);
    Ok(first_user.into_tuple::<uuid::Uuid>().one(database).await?.is_none())
}
