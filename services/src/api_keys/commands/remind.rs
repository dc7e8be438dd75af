//! Tells owners what is to happen to their keys: a job that any number of servers run.

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

/// How many occasions are asked for at once.
const OCCASIONS: usize = 500;

/// Something that the owners of a key are to be told.
struct Reminder {
    organization: OrganizationId,
    /// Who made the key.
    maker: Option<Uuid>,
    /// The same for the same reminder, which nobody gets twice.
    occasion: String,
    notice: Notice,
}

/// Tells of keys that expire, whose secret is due to be replaced, or whose old secret ends though it is still used. Each
/// occasion is told once, however often and on however many servers this runs.
///
/// # Errors
/// The database can't be asked, or an organization's owners couldn't be told: the others were.
pub async fn remind(services: &Services) -> ServiceResult<()> {
    let mut reminders: BTreeMap<OrganizationId, Vec<Reminder>> = BTreeMap::new();
    for reminder in due::all(services).await? {
        reminders.entry(reminder.organization).or_default().push(reminder);
    }
    let mut outcome = Ok(());
    for (organization, reminders) in reminders {
        if let Err(error) = tell(services, organization, reminders).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn tell(services: &Services, organization: OrganizationId, mut reminders: Vec<Reminder>) -> ServiceResult<()> {
    // Nearly all were told before: that costs no transaction. The index on occasions decides in the end.
    let told = told(services, organization, &reminders).await?;
    reminders.retain(|reminder| !told.contains(&reminder.occasion));
    if reminders.is_empty() {
        return Ok(());
    }
    let now = services.now();
    let transaction = services.database.begin().await?;
    let recipients = Recipients::of(&transaction, organization).await?;
    let deliveries = reminders.into_iter().map(|Reminder { maker, occasion, notice, .. }| Delivery {
        users: recipients.owners(maker),
        occasion,
        notice,
    });
    notifications::deliver(&transaction, now, organization, deliveries.collect()).await?;
    Ok(transaction.commit().await?)
}

async fn told(
    services: &Services,
    organization: OrganizationId,
    reminders: &[Reminder],
) -> ServiceResult<HashSet<String>> {
    let mut told = HashSet::new();
    for some in reminders.chunks(OCCASIONS) {
        let found = inboxes::Entity::find()
            .select_only()
            .column(inboxes::Column::Occasion)
            .filter(inboxes::Column::OrganizationId.eq(organization.uuid()))
            .filter(inboxes::Column::Occasion.is_in(some.iter().map(|reminder| reminder.occasion.as_str())))
            .into_tuple::<String>()
            .all(services.database.read())
            .await?;
        told.extend(found);
    }
    Ok(told)
}
