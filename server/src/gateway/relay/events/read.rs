//! What is read of an event, and what is done with it.

use bytes::Bytes;

use super::Relay;
use crate::gateway::answers::{
    failure::Way,
    signs::{EventKind, Signs},
};
use crate::gateway::{
    endpoint::Verb,
    sse::{Fields, Part, Read, fields},
    usage::Reported,
};

/// What to do with an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Pass,
    /// Nobody asked for it but us.
    Withhold,
    /// It may be the last one: it goes on with the next, or at the end.
    Hold,
    /// The last one: it goes on when the call is stored.
    Last,
}

impl Relay<'_> {
    /// Reads an event, or a part of one that is too large to be held; such an event is known when its end is there.
    pub(super) async fn read(&mut self, bytes: &Bytes, part: &Part) -> Fate {
        let place = &bytes[part.place.clone()];
        if !part.is_whole() {
            self.large.push(place);
            if !part.ends {
                return Fate::Pass;
            }
            let Some(Read { name, data }) = std::mem::take(&mut self.large).finish() else { return Fate::Pass };
            let Some(signs) = Signs::of_event(&data.json, name.as_deref()) else { return Fate::Pass };
            return match self.take(signs, name.as_deref(), &data.json, data.texts).await {
                // Its beginning has passed.
                Fate::Withhold => Fate::Pass,
                fate => fate,
            };
        }
        let Fields { name, data: Some(data) } = fields(place) else {
            // An error that came in place of the stream, and later than its head.
            return match Signs::of_event(place, None) {
                Some(signs) => self.take(signs, None, place, 0).await,
                None => Fate::Pass,
            };
        };
        if data.trim_ascii() == b"[DONE]" {
            return Fate::Last;
        }
        match Signs::of_event(&data, name) {
            Some(signs) => self.take(signs, name, &data, 0).await,
            None => self.take_unread(name),
        }
    }

    fn take_unread(&mut self, name: Option<&str>) -> Fate {
        let signs = Signs::of_unread(name);
        self.course.take_unread(&signs);
        if signs.failure.is_some() { Fate::Hold } else { Fate::Pass }
    }

    /// Takes in what an event says; so many bytes of texts were left out of its `data`.
    async fn take(&mut self, mut signs: Signs<'_>, name: Option<&str>, data: &[u8], texts: usize) -> Fate {
        // That a response failed is no failure of asking for it again.
        let asks_again = self.call.arrival.endpoint.verb == Verb::Get;
        signs.failure = signs.failure.filter(|failure| !(asks_again && failure.way == Way::Within));
        if self.id.is_none() && self.call.memo.stores {
            self.id = signs.id();
        }
        let reports = Reported::read_called(data, name).reports;
        let has_usage = signs.has_usage || reports.is_final();
        self.reports.then(reports);
        self.course.take(&signs, has_usage);
        match signs.kind {
            _ if signs.is_bare && has_usage && self.call.memo.withholds_usage_chunk => Fate::Withhold,
            EventKind::Last => Fate::Last,
            EventKind::Picture => Fate::Hold,
            _ if signs.failure.is_some() => Fate::Hold,
            EventKind::Content => {
                self.said.take(data).await;
                self.said.bytes(texts);
                Fate::Pass
            }
            EventKind::Other | EventKind::Stop | EventKind::Unfinished => Fate::Pass,
        }
    }
}
