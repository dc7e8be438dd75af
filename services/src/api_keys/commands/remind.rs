//! Reminds owners of coming changes to their keys: a job that any number of servers run.

mod due;

use std::collections::{BTreeMap, HashSet};

use domain::{ids::OrganizationId, notifications::Notice};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::recipients::Recipients;
use crate::{
    ServiceResult, Services,
    entities::notifications as inboxes,
    notifications::{self, Delivery},
};

/// Occasions queried by one statement.
const BATCH_SIZE: usize = 500;

/// A reminder for the owners of a key.
struct Reminder {
    organization: OrganizationId,
    /// The user who made the key.
    maker: Option<Uuid>,
    /// Identifies the reminder, which a recipient gets only once.
    occasion: String,
    notice: Notice,
}

/// Reminds owners of keys that expire, whose secret is due for rotation, or whose old secret ends though it
/// is still used. Each occasion is notified once, however often and on however many servers this runs.
///
/// # Errors
/// The database can't be queried, or an organization's owners couldn't be notified; those of the others were.
pub async fn remind(services: &Services) -> ServiceResult<()> {
    let mut reminders: BTreeMap<OrganizationId, Vec<Reminder>> = BTreeMap::new();
    for reminder in due::find_all(services).await? {
        reminders.entry(reminder.organization).or_default().push(reminder);
    }
    let mut outcome = Ok(());
    for (organization, reminders) in reminders {
        if let Err(error) = notify(services, organization, reminders).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn notify(services: &Services, organization: OrganizationId, mut reminders: Vec<Reminder>) -> ServiceResult<()> {
    // Nearly all were notified before: those cost no transaction. The index on occasions decides in the end.
    let notified = already_notified(services, organization, &reminders).await?;
    reminders.retain(|reminder| !notified.contains(&reminder.occasion));
    if reminders.is_empty() {
        return Ok(());
    }
    let now = services.now();
    let transaction = services.database.begin().await?;
    let recipients = Recipients::load(&transaction, organization).await?;
    let deliveries = reminders.into_iter().map(|Reminder { maker, occasion, notice, .. }| Delivery {
        users: recipients.owners(maker),
        occasion,
        notice,
    });
    notifications::deliver(&transaction, now, organization, deliveries.collect()).await?;
    Ok(transaction.commit().await?)
}

async fn already_notified(
    services: &Services,
    organization: OrganizationId,
    reminders: &[Reminder],
) -> ServiceResult<HashSet<String>> {
    let mut notified = HashSet::new();
    for chunk in reminders.chunks(BATCH_SIZE) {
        let found = inboxes::Entity::find()
            .select_only()
            .column(inboxes::Column::Occasion)
            .filter(inboxes::Column::OrganizationId.eq(organization.uuid()))
            .filter(inboxes::Column::Occasion.is_in(chunk.iter().map(|reminder| reminder.occasion.as_str())))
            .into_tuple::<String>()
            .all(services.database.read())
            .await?;
        notified.extend(found);
    }
    Ok(notified)
}
