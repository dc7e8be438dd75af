//! What processes left behind that ended without being asked to.

use std::{borrow::Cow, collections::HashMap, fs::File, io, sync::Arc};

use domain::{
    calls::{Measured, Outcome},
    ids::CallId,
    money::{Parts, Quantities},
};
use tokio::time::sleep;

use super::{GaveUp, PAUSE, Storer, in_background, told};
use crate::metering::{
    CallRecord,
    journal::{Folder, Lines, Part, Place, read},
};

/// What a call is told by that was under way when its server stopped.
const STOPPED: &str = "server_stopped";
/// How many of them are stored at once.
const GROUP: usize = 512;

impl Storer {
    /// Stores what is in `folder` and not in the database, and deletes it.
    pub(super) async fn recover(&mut self, folder: &Folder) -> Result<(), GaveUp> {
        let stored = folder.stored();
        let mut open = HashMap::new();
        let mut results = 0;
        for (number, length) in self.persevere(|| folder.segments()).await? {
            let damaged = self.recover_segment(folder, (number, length), stored, &mut open, &mut results).await?;
            if damaged {
                told(self.journal.set_aside.keep_segment(&folder.segment(number)), "a segment can't be set aside");
            }
        }
        let interrupted: Vec<CallRecord> = open.into_values().map(interrupted).collect();
        for calls in interrupted.chunks(GROUP) {
            self.store(Lines { ended: calls.to_vec(), ..Lines::default() }, true).await?;
        }
        if results > 0 || !interrupted.is_empty() {
            let interrupted = interrupted.len();
            tracing::info!(results, interrupted, "calls were found in the journal of a server that had stopped");
        }
        told(folder.remove(), "a journal that isn't needed any more can't be removed");
        Ok(())
    }

    /// Stores what is after the place up to which all is; tells whether something is damaged.
    async fn recover_segment(
        &mut self,
        folder: &Folder,
        (number, length): (u64, u64),
        stored: Place,
        open: &mut HashMap<CallId, CallRecord>,
        results: &mut usize,
    ) -> Result<bool, GaveUp> {
        let path = folder.segment(number);
        let file = Arc::new(self.persevere(|| File::open(&path)).await?);
        let mut damaged = false;
        let mut from = 0;
        while from < length {
            // Never across the place, so that what is read is before it or after it as a whole.
            let place = if number == stored.segment { stored.offset } else { 0 };
            let end = if (from + 1..length).contains(&place) { place } else { length };
            let (part, file) = (Part { from, end, begun: true }, Arc::clone(&file));
            let mut lines = match in_background(move || read(&file, part)).await {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::error!(%error, file = %path.display(), "a journal can't be read further; it is set aside");
                    return Ok(true);
                }
            };
            damaged |= !lines.damaged.is_empty();
            open.extend(std::mem::take(&mut lines.begun).into_iter().map(|call| (call.id, call)));
            for call in &lines.ended {
                open.remove(&call.id);
            }
            let known = Place { segment: number, offset: from } < stored;
            from = lines.next;
            if known {
                lines.ended.clear();
            }
            *results += lines.ended.len();
            self.store(lines, true).await?;
        }
        Ok(damaged)
    }

    /// Tries until it succeeds, or the meter is shut down.
    async fn persevere<T>(&self, work: impl Fn() -> io::Result<T>) -> Result<T, GaveUp> {
        loop {
            match work() {
                Ok(done) => return Ok(done),
                Err(_) if self.journal.closed_for().is_some() => return Err(GaveUp),
                Err(error) => tracing::error!(%error, "a journal that was left over can't be read; trying again"),
            }
            sleep(PAUSE).await;
        }
    }
}

/// What is kept of a call of which only the beginning is known. What it used isn't.
pub(in crate::metering) fn interrupted(call: CallRecord) -> CallRecord {
    CallRecord {
        outcome: Outcome::Interrupted,
        measured: Measured::Unknown,
        used: Quantities::default(),
        cost: None,
        unpriced: Parts::NONE,
        error_code: Cow::Borrowed(STOPPED),
        ..call
    }
}
