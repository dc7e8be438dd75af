//! Secrets that must be readable again, such as those of webhooks, encrypted with a key derived from the server's own
//! secret. All of them are rows of one table, so that they can be sealed anew together when that secret is replaced.

mod master_secret;
mod rotate;
mod sealing;

use std::sync::{Arc, PoisonError, RwLock};

use domain::ids::OrganizationId;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;
use zeroize::Zeroizing;

use self::sealing::SealBinding;
pub use self::{
    master_secret::{MasterSecret, MasterSecretError},
    rotate::{SecretRotation, rotate},
};
use crate::{
    ServiceError, ServiceResult, Services,
    database::DatabaseTransaction,
    entities::sealed_secrets::{ActiveModel, Column, Entity, Model},
};

/// Purpose of the row by which a server recognizes the secret that all others are sealed with. Its id is nil.
const PROBE: &str = "probe";
const PROBE_TEXT: &[u8] = b"tollhouse";
const OTHER_SECRET: &str = "TOLLHOUSE_SECRET, or the file \"secret\" in the data folder, isn't the secret of this database's \
     other servers. Give all of them the same one; while it is replaced, both, separated by a comma.";

/// Reads the server's secret, which a command may have replaced since it was read last.
pub type ReadMasterSecret = dyn Fn() -> Result<MasterSecret, String> + Send + Sync;

/// A secret, and the function that reads it again.
type ReadableSecret = (MasterSecret, Arc<ReadMasterSecret>);

/// The server's secret in memory. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CurrentMasterSecret(Arc<RwLock<Option<ReadableSecret>>>);

impl CurrentMasterSecret {
    fn set(&self, secret: MasterSecret, read: Arc<ReadMasterSecret>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((secret, read));
    }

    fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn get(&self) -> ServiceResult<MasterSecret> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let secret = current.as_ref().map(|(secret, _)| secret.clone());
        secret.ok_or_else(other_secret)
    }

    /// The secret, read again.
    fn read_again(&self) -> ServiceResult<MasterSecret> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some((secret, read)) = current.as_mut() else {
            return Err(other_secret());
        };
        *secret = read().map_err(ServiceError::Internal)?;
        Ok(secret.clone())
    }
}

/// The error where this process has none of the database's secrets.
fn other_secret() -> ServiceError {
    ServiceError::Conflict(OTHER_SECRET.to_owned())
}

/// Sets the server's secret as `read` gives it, and checks that it opens what is sealed. The first server seals a probe for
/// those after it. It is read again when a row has a key that isn't known.
///
/// Another secret than that of the probe isn't used, which is logged.
///
/// # Errors
/// It can't be read, or secrets are stored that were sealed with another one: [`ServiceError::Conflict`].
pub async fn set_master_secret(services: &Services, read: Arc<ReadMasterSecret>) -> ServiceResult<()> {
    let secret = read().map_err(ServiceError::Conflict)?;
    services.master_secret.set(secret, read);
    let installation = OrganizationId::new(Uuid::nil());
    let transaction = services.database.begin().await?;
    let stored = Entity::find_by_id((Uuid::nil(), Uuid::nil())).one(&transaction).await?;
    match stored {
        Some(probe) => {
            let is_needed = Entity::find().filter(Column::Id.ne(Uuid::nil())).one(&transaction).await?.is_some();
            transaction.rollback().await?;
            match open_row(services, &probe) {
                Ok(_) => Ok(()),
                Err(_) if is_needed => Err(other_secret()),
                // Servers that were configured before there were secrets go on.
                Err(_) => {
                    tracing::warn!("{OTHER_SECRET} This one can't seal secrets until then.");
                    services.master_secret.clear();
                    Ok(())
                }
            }
        }
        None => match insert(services, &transaction, installation, Uuid::nil(), PROBE, PROBE_TEXT).await {
            // Another server was first.
            Err(ServiceError::Conflict(_)) => Ok(transaction.rollback().await?),
            outcome => {
                outcome?;
                Ok(transaction.commit().await?)
            }
        },
    }
}

async fn insert(
    services: &Services,
    transaction: &DatabaseTransaction,
    organization: OrganizationId,
    id: Uuid,
    purpose: &str,
    text: &[u8],
) -> ServiceResult<()> {
    let binding = SealBinding { organization: organization.uuid(), id, purpose };
    let (key_id, sealed) = sealing::seal(&services.master_secret.get()?, binding, text)?;
    let row = ActiveModel {
        organization_id: Set(binding.organization),
        id: Set(id),
        purpose: Set(purpose.to_owned()),
        key_id: Set(key_id),
        sealed: Set(sealed),
        sealed_at: Set(services.now().millis()),
    };
    Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Opens a row with the key that sealed it.
fn open_row(services: &Services, row: &Model) -> ServiceResult<Zeroizing<Vec<u8>>> {
    let mut master = services.master_secret.get()?;
    if master.key(row.key_id).is_none() {
        master = services.master_secret.read_again()?;
    }
    let key = master
        .key(row.key_id)
        .ok_or_else(|| ServiceError::Internal(format!("the sealed secret {} has an unknown key", row.id)))?;
    let binding = SealBinding { organization: row.organization_id, id: row.id, purpose: &row.purpose };
    sealing::open(key, binding, &row.sealed)
}
