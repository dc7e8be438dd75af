//! Stores the calls in lines of a journal, this process's or another's.

use std::sync::Arc;

use domain::ids::OrganizationId;
use tokio::sync::broadcast;

use super::{Groups, StorerStopped};
use crate::metering::{
    CallRecord,
    journal::{EntryKind, Journal, JournalLines, encode_line},
};

/// Stores the calls of journal lines and announces them.
pub(in crate::metering) struct LineStorer {
    pub(in crate::metering) journal: Arc<Journal>,
    pub(in crate::metering) groups: Groups,
    pub(in crate::metering) stored: broadcast::Sender<OrganizationId>,
}

impl LineStorer {
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
