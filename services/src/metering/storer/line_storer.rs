//! Stores the calls in lines of a journal, this process's or another's.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use domain::ids::OrganizationId;
use tokio::sync::broadcast;

use super::{Groups, StorerStopped};
use crate::metering::{
    CallRecord,
    journal::{EntryKind, Journal, JournalLines, encode_line},
    registry::JournalRegistry,
};

/// Stores the calls of journal lines and announces them.
pub(in crate::metering) struct LineStorer {
    pub(super) journal: Arc<Journal>,
    pub(super) registry: JournalRegistry,
    groups: Groups,
    stored: broadcast::Sender<OrganizationId>,
    /// Names of the folders with other databases' journals, each of which is logged once.
    pub(super) foreign: Mutex<HashSet<String>>,
}

impl LineStorer {
    pub(in crate::metering) fn new(
        journal: Arc<Journal>,
        registry: JournalRegistry,
        groups: Groups,
        stored: broadcast::Sender<OrganizationId>,
    ) -> Self {
        Self { journal, registry, groups, stored, foreign: Mutex::default() }
    }

    /// Stores the calls of some lines, and announces their organizations to subscribers.
    pub(super) async fn store(&self, lines: JournalLines, uncertain: bool) -> Result<(), StorerStopped> {
        for place in &lines.damaged {
            tracing::error!(place, "a line of the journal is damaged; its file is set aside");
        }
        for line in &lines.unknown {
            self.set_aside(line, "a line of the journal isn't understood");
        }
        let refused = self.groups.store(&self.journal, lines.ended.as_slice(), uncertain).await?;
        for (call, error) in refused {
            tracing::error!(call = %call.id, %error, "the database refuses a call; it is set aside");
            if let Ok(line) = encode_line(EntryKind::Ended, call) {
                self.set_aside(&line, "the call");
            }
        }
        self.announce_stored(&lines.ended);
        Ok(())
    }

    fn announce_stored(&self, calls: &[CallRecord]) {
        let mut organizations: Vec<OrganizationId> = calls.iter().map(|call| call.organization_id).collect();
        organizations.sort_unstable();
        organizations.dedup();
        for organization in organizations {
            // There may be no subscriber.
            let _ = self.stored.send(organization);
        }
    }

    /// Sets a line aside for inspection; if that fails, logs it.
    fn set_aside(&self, line: &[u8], description: &str) {
        if let Err(error) = self.journal.set_aside.add_line(line) {
            let line = String::from_utf8_lossy(line);
            tracing::error!(%error, %line, "{description} can't be set aside");
        }
    }
}
