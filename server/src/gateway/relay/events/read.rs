//! Reads events, and decides whether they are sent.

use bytes::Bytes;

use super::EventRelay;
use crate::{
    gateway::answers::{
        failure::FailureForm,
        signs::{EventSigns, StreamEventKind},
    },
    gateway::{
        endpoint::Verb,
        sse::{EventFields, EventSlice, LargeEventFields, fields},
        usage::ReportedUsage,
    },
};

/// The decision about an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EventDisposition {
    Pass,
    /// An event that only the gateway requested.
    Withhold,
    /// Perhaps the last event: sent with the next, or at the end.
    Hold,
    /// The last event: sent when the call is recorded.
    Last,
}

impl EventRelay<'_> {
    /// Reads an event, or a part of one that is too large to hold, which is decided at its end.
    pub(super) async fn read(&mut self, bytes: &Bytes, part: &EventSlice) -> EventDisposition {
        let event = &bytes[part.range.clone()];
        if !part.is_whole() {
            self.large_event.push(event);
            if !part.is_end {
                return EventDisposition::Pass;
            }
            let Some(LargeEventFields { name, data }) = std::mem::take(&mut self.large_event).finish() else {
                return EventDisposition::Pass;
            };
            let Some(signs) = EventSigns::of_event(&data.json, name.as_deref()) else { return EventDisposition::Pass };
            return match self.process(signs, name.as_deref(), &data.json, data.omitted_text_bytes).await {
                // Its first part has been sent.
                EventDisposition::Withhold => EventDisposition::Pass,
                disposition => disposition,
            };
        }
        let EventFields { name, data: Some(data) } = fields(event) else {
            // An error in place of the stream, after its head.
            return match EventSigns::of_event(event, None) {
                Some(signs) => self.process(signs, None, event, 0).await,
                None => EventDisposition::Pass,
            };
        };
        if data.trim_ascii() == b"[DONE]" {
            return EventDisposition::Last;
        }
        match EventSigns::of_event(&data, name) {
            Some(signs) => self.process(signs, name, &data, 0).await,
            None => self.process_unreadable(name),
        }
    }

    fn process_unreadable(&mut self, name: Option<&str>) -> EventDisposition {
        let signs = EventSigns::of_unreadable(name);
        self.progress.add_unreadable(&signs);
        if signs.failure.is_some() { EventDisposition::Hold } else { EventDisposition::Pass }
    }

    /// Processes a readable event; `omitted_text_bytes` are those left out of its `data`.
    async fn process(
        &mut self,
        mut signs: EventSigns<'_>,
        name: Option<&str>,
        data: &[u8],
        omitted_text_bytes: usize,
    ) -> EventDisposition {
        // A response that failed earlier is no failure of fetching it.
        let is_fetch = self.call.arrival.endpoint.verb == Verb::Get;
        signs.failure = signs.failure.filter(|failure| !(is_fetch && failure.form == FailureForm::Within));
        if self.id.is_none() && self.call.context.stores {
            self.id = signs.id();
        }
        let reports = ReportedUsage::read_named(data, name).reports;
        let has_usage = signs.has_usage || reports.is_final();
        self.reports.merge(reports);
        self.progress.add(&signs, has_usage);
        match signs.kind {
            _ if signs.is_bare && has_usage && self.call.context.withholds_usage_chunk => EventDisposition::Withhold,
            StreamEventKind::Last => EventDisposition::Last,
            StreamEventKind::Picture => EventDisposition::Hold,
            _ if signs.failure.is_some() => EventDisposition::Hold,
            StreamEventKind::Content => {
                self.output.take(data).await;
                self.output.bytes(omitted_text_bytes);
                EventDisposition::Pass
            }
            StreamEventKind::Other | StreamEventKind::Stop | StreamEventKind::Unfinished => EventDisposition::Pass,
        }
    }
}
