//! Stores what lines of a journal say, whoever wrote them.

use std::sync::Arc;

use domain::ids::OrganizationId;
use tokio::sync::broadcast;

use super::{GaveUp, Groups};
use crate::metering::{
    CallRecord,
    journal::{Journal, Kind, Lines, line},
};

pub(in crate::metering) struct Carrier {
    pub(in crate::metering) journal: Arc<Journal>,
    pub(in crate::metering) groups: Groups,
    pub(in crate::metering) stored: broadcast::Sender<OrganizationId>,
}

impl Carrier {
    /// Stores what some lines say, and tells whoever listens.
    pub(super) async fn store(&self, lines: Lines, uncertain: bool) -> Result<(), GaveUp> {
        for place in &lines.damaged {
            tracing::error!(place, "a line of the journal is damaged; its file is set aside");
        }
        for line in &lines.unknown {
            self.set_aside(line, "a line of the journal isn't understood");
        }
        let refused = self.groups.store(&self.journal, lines.ended.as_slice(), uncertain).await?;
        for (call, error) in refused {
            tracing::error!(call = %call.id, %error, "the database refuses a call; it is set aside");
            if let Ok(line) = line(Kind::Ended, call) {
                self.set_aside(&line, "the call");
            }
        }
        self.tell(&lines.ended);
        Ok(())
    }

    fn tell(&self, calls: &[CallRecord]) {
        let mut organizations: Vec<OrganizationId> = calls.iter().map(|call| call.organization_id).collect();
        organizations.sort_unstable();
        organizations.dedup();
        for organization in organizations {
            // Nobody may be listening.
            let _ = self.stored.send(organization);
        }
    }

    /// Keeps a line for people to look at; where even that can't be done, the log keeps it.
    fn set_aside(&self, line: &[u8], what: &str) {
        if let Err(error) = self.journal.set_aside.keep_line(line) {
            let line = String::from_utf8_lossy(line);
            tracing::error!(%error, %line, "{what} can't be set aside");
        }
    }
}
