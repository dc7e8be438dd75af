//! Walks all chains and finds the first broken link.

use domain::ids::OrganizationId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;

use super::{AuditChain, chain};
use crate::{
    ServiceResult, Services,
    entities::{audit_entries, audit_heads, organizations},
};

/// Entries read at a time.
const PAGE_SIZE: u64 = 1_000;

/// The result of walking all chains.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChainVerification {
    pub organizations: u64,
    /// Entries in the installation's chain.
    pub installation: u64,
    /// Entries in the chains of organizations.
    pub entries: u64,
    /// The break of the first broken chain; `None` if all chains hold.
    pub first_break: Option<ChainBreak>,
}

/// An entry at which a chain breaks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChainBreak {
    /// `None` for the installation's chain.
    pub organization: Option<OrganizationId>,
    pub sequence: i64,
    pub reason: String,
}

/// Walks the installation's chain and every organization's from its first entry to its head.
pub async fn verify(services: &Services) -> ServiceResult<ChainVerification> {
    let (installation, first_break) = walk(services, AuditChain::Installation).await?;
    let mut verification = ChainVerification { organizations: 0, installation, entries: 0, first_break };
    if verification.first_break.is_some() {
        return Ok(verification);
    }
    let found = organizations::Entity::find()
        .select_only()
        .column(organizations::Column::Id)
        .order_by_asc(organizations::Column::Id)
        .into_tuple::<uuid::Uuid>()
        .all(services.database.read())
        .await?;
    for organization in found {
        let chain = AuditChain::Organization(OrganizationId::new(organization));
        let (entries, broken) = walk(services, chain).await?;
        verification.organizations += 1;
        verification.entries += entries;
        if broken.is_some() {
            verification.first_break = broken;
            break;
        }
    }
    Ok(verification)
}

/// Walks one chain. Returns the number of entries that hold, and the break, if there is one.
async fn walk(services: &Services, chain: AuditChain) -> ServiceResult<(u64, Option<ChainBreak>)> {
    let organization = match chain {
        AuditChain::Installation => None,
        AuditChain::Organization(id) => Some(id),
    };
    let mut sequence = 0;
    let mut hash = chain::GENESIS.to_vec();
    let mut entries = 0;
    let broken = |sequence, reason: &str| Some(ChainBreak { organization, sequence, reason: reason.to_owned() });
    // The head first: entries added meanwhile lie beyond it and are walked too.
    let head = audit_heads::Entity::find_by_id(chain.uuid()).one(services.database.read()).await?;
    loop {
        let page = audit_entries::Entity::find()
            .filter(audit_entries::Column::OrganizationId.eq(chain.uuid()))
            .filter(audit_entries::Column::Sequence.gt(sequence))
            .order_by_asc(audit_entries::Column::Sequence)
            .limit(PAGE_SIZE)
            .all(services.database.read())
            .await?;
        if page.is_empty() {
            break;
        }
        for entry in page {
            let expected = sequence + 1;
            if entry.sequence != expected {
                return Ok((entries, broken(expected, "the entry is missing")));
            }
            if entry.previous_hash != hash {
                return Ok((entries, broken(expected, "the entry doesn't follow from the one before it")));
            }
            if chain::hash(&entry) != entry.hash {
                return Ok((entries, broken(expected, "the entry was changed")));
            }
            if head.as_ref().is_some_and(|head| head.sequence == expected && head.hash != entry.hash) {
                return Ok((entries, broken(expected, "the chain's head isn't this entry")));
            }
            sequence = expected;
            hash = entry.hash;
            entries += 1;
        }
    }
    let reason = match head {
        // The operator may not have done anything yet.
        None if chain == AuditChain::Installation && entries == 0 => None,
        // An organization's creation is an entry.
        None => broken(1, "the chain is missing"),
        Some(head) if head.sequence > sequence || head.sequence == 0 => {
            broken(sequence + 1, "entries at the end are missing")
        }
        Some(_) => None,
    };
    Ok((entries, reason))
}
