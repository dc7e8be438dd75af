//! Tracks whether a stream has ended, in the form of each API.
//!
//! Sources: the streaming sections of OpenAI's and Anthropic's API references.

use crate::gateway::answers::{
    failure::Failure,
    signs::{EventSigns, StreamEventKind},
};

/// The state of a stream after the events so far.
#[derive(Debug, Default)]
pub(super) struct StreamProgress {
    /// Whether the form is known, so that the stream must end as its API defines. Any end completes a
    /// stream of unknown form.
    is_known: bool,
    /// Whether a readable event has arrived.
    has_events: bool,
    /// Whether content without counts has arrived.
    has_content: bool,
    /// Choices that have begun, one bit for each index.
    seen: u128,
    /// Choices that have finished.
    finished: u128,
    /// Whether an event has marked the end.
    has_end_event: bool,
    /// Whether usage was the latest to arrive, as at the end.
    reported_last: bool,
    /// Whether usage accompanies content repeatedly, so that it doesn't mark the end.
    has_running_usage: bool,
    /// The latest error.
    failure: Option<Failure>,
}

impl StreamProgress {
    /// Starts a stream; `is_known` if its form doesn't have to be learned from its events.
    pub(super) fn new(is_known: bool) -> Self {
        Self { is_known, ..Self::default() }
    }

    /// Adds an event with unreadable data; only its name counts.
    pub(super) fn add_unreadable(&mut self, signs: &EventSigns<'_>) {
        self.failure = signs.failure.clone().or(self.failure.take());
    }

    /// Adds an event; `has_usage` if it reports usage.
    pub(super) fn add(&mut self, signs: &EventSigns<'_>, has_usage: bool) {
        self.is_known |= signs.is_known;
        self.has_events = true;
        let has_more = signs.choices.seen != 0 || (signs.kind == StreamEventKind::Content && !has_usage);
        if has_usage {
            // Usage that accompanies the first content may accompany all of it.
            self.reported_last = !has_more || (self.has_content && !self.has_running_usage);
            self.has_running_usage |= has_more;
        } else if has_more {
            (self.reported_last, self.has_content) = (false, true);
        }
        self.seen |= signs.choices.seen;
        self.finished |= signs.choices.finished;
        match signs.kind {
            StreamEventKind::Stop | StreamEventKind::Picture | StreamEventKind::Last => self.has_end_event = true,
            StreamEventKind::Unfinished => self.has_end_event = false,
            StreamEventKind::Content | StreamEventKind::Other => {}
        }
        if let Some(failure) = &signs.failure {
            self.failure = Some(failure.clone());
        }
    }

    /// Records whether the rest of the stream marks its end without a readable event, as by `[DONE]`.
    pub(super) fn record_end(&mut self, is_end: bool) {
        self.has_end_event |= is_end;
    }

    /// Whether a stream that has ended is complete. An error completes it, too, since the client knows
    /// that no more follows.
    pub(super) fn is_complete(&self) -> bool {
        (!self.is_known && self.has_events) || self.has_ended() || self.failure.is_some()
    }

    /// Whether the end has been marked, so that the stream is complete however the connection ends.
    pub(super) fn has_ended(&self) -> bool {
        let all_finished = self.seen != 0 && self.seen & !self.finished == 0;
        self.has_end_event || self.reported_last || all_finished
    }

    /// Returns the latest error in the stream.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_complete(events: &[&str]) -> bool {
        let mut progress = StreamProgress::new(true);
        for event in events {
            let signs = EventSigns::of_event(event.as_bytes(), None).unwrap();
            progress.add(&signs, signs.has_usage);
        }
        progress.is_complete()
    }

    const CONTENT: &str = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}"#;
    const COUNTED: &str = r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"completion_tokens":1}}"#;
    const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    const OTHER: &str = r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"completion_tokens":1}}"#;

    #[test]
    fn chunks_end_with_a_reason_or_with_usage() {
        for (events, expected) in [
            (&[][..], false),
            (&[CONTENT], false),
            (&[CONTENT, STOP], true),
            (&[CONTENT, OTHER, STOP], false),
            (&[CONTENT, USAGE], true),
            (&[CONTENT, COUNTED], true),
            (&[COUNTED], false),
            (&[COUNTED, COUNTED], false),
            (&[COUNTED, CONTENT], false),
            (&[COUNTED, COUNTED, USAGE], true),
            (&[COUNTED, COUNTED, STOP], true),
            (&[CONTENT, r#"{"error":{"message":"x"}}"#], true),
            (&[r#"{"choices":[{"text":"a","finish_reason":""}]}"#], false),
        ] {
            assert_eq!(is_complete(events), expected, "{events:?}");
        }
    }

    #[test]
    fn events_end_with_the_last_of_their_kind() {
        for (events, expected) in [
            (&[r#"{"type":"response.created","response":{"usage":null}}"#][..], false),
            (&[r#"{"type":"response.output_text.done","text":"a"}"#], false),
            (&[r#"{"type":"response.completed","response":{}}"#], true),
            (&[r#"{"type":"error","message":"x"}"#], true),
            (&[r#"{"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}}"#], false),
            (&[r#"{"type":"content_block_stop"}"#], false),
            (&[r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#], true),
            (&[r#"{"type":"image_generation.partial_image"}"#], false),
            (&[r#"{"type":"image_generation.completed"}"#], true),
            (&[r#"{"type":"image_generation.completed"}"#, r#"{"type":"image_generation.partial_image"}"#], false),
            (&[r#"{"type":"transcript.text.delta","delta":"a"}"#], false),
            (&[r#"{"type":"transcript.text.done","text":"a"}"#], true),
        ] {
            assert_eq!(is_complete(events), expected, "{events:?}");
        }
    }

    #[test]
    fn what_isnt_known_ends_where_it_ends() {
        assert!(!StreamProgress::new(false).is_complete(), "nothing came");
        let mut progress = StreamProgress::new(false);
        progress.add(&EventSigns::of_event(br#"{"a":1}"#, None).unwrap(), false);
        assert!(progress.is_complete());
        progress.add(&EventSigns::of_event(CONTENT.as_bytes(), None).unwrap(), false);
        assert!(!progress.is_complete());
    }
}
