//! The first account of an installation where sign-up is closed.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use subtle::ConstantTimeEq;

use crate::{ServiceResult, Services, entities::users, random};

/// What the operator is shown at the start while nobody has an account. Whoever shows it makes the first one.
#[derive(Clone, Debug)]
pub struct SetupCode(Option<Arc<str>>);

impl SetupCode {
    /// Another one for each process.
    pub fn new() -> Self {
        // Without randomness there is none, and the operator has commands for it.
        Self(random::bytes::<16>().ok().map(|bytes| random::hex(&bytes).into()))
    }

    /// What is shown; `None` where there is none.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether `shown` is the code, and nobody has an account yet: whoever made the first one can let in others.
    pub async fn admits(&self, services: &Services, shown: Option<&str>) -> ServiceResult<bool> {
        let is_right = |(code, shown): (&str, &str)| code.as_bytes().ct_eq(shown.as_bytes()).into();
        Ok(self.text().zip(shown).is_some_and(is_right) && is_unclaimed(services).await?)
    }
}

impl Default for SetupCode {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether nobody has an account.
pub async fn is_unclaimed(services: &Services) -> ServiceResult<bool> {
    nobody_in(services.database.read()).await
}

pub(super) async fn nobody_in(database: &impl ConnectionTrait) -> ServiceResult<bool> {
    let somebody = users::Entity::find().select_only().column(users::Column::Id).limit(1);
    Ok(somebody.into_tuple::<uuid::Uuid>().one(database).await?.is_none())
}
