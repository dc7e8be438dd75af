//! Seals all secrets anew with the current key.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;

use super::{SealBinding, open_row, sealing};
use crate::{
    OperatorSource, ServiceResult, Services,
    audit::{self, AuditAuthor, AuditEvent},
    entities::sealed_secrets::{ActiveModel, Column, Entity},
};

/// Secrets sealed anew in one transaction.
const BATCH_SIZE: u64 = 200;

/// The result of a rotation.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct SecretRotation {
    /// Number of secrets that were sealed anew.
    pub rotated: u64,
}

/// Seals all secrets anew that aren't sealed with the current key. Interrupted, it goes on the next time; servers that know
/// both keys open each secret before and after.
///
/// # Errors
/// A secret can't be opened with the previous key, and stays as it is, as do those after it.
pub async fn rotate(services: &Services) -> ServiceResult<SecretRotation> {
    // A command may have replaced it since this process has read it.
    let current = services.master_secret.read_again()?.current.id;
    let mut rotated = 0;
    loop {
        let transaction = services.database.begin().await?;
        let rows = Entity::find()
            .filter(Column::KeyId.ne(current))
            .order_by_asc(Column::OrganizationId)
            .order_by_asc(Column::Id)
            .limit(BATCH_SIZE)
            .lock_exclusive()
            .all(&transaction)
            .await?;
        let count = rows.len() as u64;
        for row in rows {
            let text = open_row(services, &row)?;
            let binding = SealBinding { organization: row.organization_id, id: row.id, purpose: &row.purpose };
            let (key_id, sealed) = sealing::seal(&services.master_secret.get()?, binding, &text)?;
            let changes = ActiveModel {
                key_id: Set(key_id),
                sealed: Set(sealed),
                sealed_at: Set(services.now().millis()),
                ..row.into()
            };
            changes.update(&transaction).await?;
        }
        rotated += count;
        if count < BATCH_SIZE {
            if rotated > 0 {
                let event = AuditEvent::new("server_secret.rotated", "server_secret", "server_secret");
                let event = event.after(SecretRotation { rotated })?;
                let author = AuditAuthor::operator(OperatorSource::CommandLine);
                audit::record_installation(&transaction, services.now(), &author, vec![event]).await?;
            }
            transaction.commit().await?;
            return Ok(SecretRotation { rotated });
        }
        transaction.commit().await?;
    }
}
