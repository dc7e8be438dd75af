//! What processes left behind that ended without being asked to: those of before, and those that are killed while this one
//! runs, such as the one that it takes over from.

use std::{
    borrow::Cow, collections::HashMap, convert::Infallible, fs::File, future::pending, io, sync::Arc, time::Duration,
};

use domain::{
    calls::{Measured, Outcome},
    ids::CallId,
    money::{Parts, Quantities},
};
use tokio::time::sleep;

use super::{Carrier, GaveUp, PAUSE, in_background, told};
use crate::metering::{
    CallRecord,
    journal::{Folder, Lines, Part, Place, read},
};

/// What a call is told by that was under way when its server stopped.
const STOPPED: &str = "server_stopped";
/// How many of them are stored at once.
const GROUP: usize = 512;
/// How often it is looked for what nobody holds any more.
const ADOPTION: Duration = Duration::from_secs(2);

impl Carrier {
    /// Takes over, as long as it is worked on, what other processes leave behind.
    pub(super) async fn adopt(&self) -> Infallible {
        let mut failing = false;
        loop {
            sleep(ADOPTION).await;
            let root = self.journal.root().to_owned();
            let found = in_background(move || Folder::left_over(&root)).await;
            let (found, doubtful) = found.unwrap_or_else(|error| (Vec::new(), Some(error)));
            if let (Some(error), false) = (&doubtful, failing) {
                tracing::error!(%error, "it can't be seen whether other servers left a journal behind");
            }
            failing = doubtful.is_some();
            for folder in found {
                if self.recover(&Arc::new(folder)).await.is_err() {
                    // The rest is for the next start.
                    return pending().await;
                }
            }
        }
    }

    /// Stores what is in `folder` and not in the database, and deletes it.
    pub(super) async fn recover(&self, folder: &Arc<Folder>) -> Result<(), GaveUp> {
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
        let folder = Arc::clone(folder);
        let removed = in_background(move || folder.remove()).await;
        told(removed, "a journal that isn't needed any more can't be removed");
        Ok(())
    }

    /// Stores what is after the place up to which all is; tells whether something is damaged.
    async fn recover_segment(
        &self,
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
