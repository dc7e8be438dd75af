//! How far a stream has come: whether what was told is the end of it, in the form of each API.
//!
//! Sources: the streaming sections of OpenAI's and Anthropic's API references.

use crate::gateway::answers::{
    failure::Failure,
    signs::{EventKind, Signs},
};

/// What was told until now.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Whether the stream must end as its API says; one of a form that isn't known ends where it ends.
    is_known: bool,
    /// Whether anything came that could be read.
    has_begun: bool,
    /// Whether content came without counts.
    has_said: bool,
    /// The choices, by a bit for each index.
    seen: u128,
    finished: u128,
    /// Whether the end was told by an event of its own.
    ended: bool,
    /// Whether usage came last, as it does at the end.
    reported_last: bool,
    /// Whether usage comes with content again and again, so that it says nothing of the end.
    counts_up: bool,
    failure: Option<Failure>,
}

impl Course {
    /// Of a stream whose form is known beforehand, or is told by its events.
    pub(super) fn new(is_known: bool) -> Self {
        Self { is_known, ..Self::default() }
    }

    /// Takes in an event whose data can't be read, but for what its name says.
    pub(super) fn take_unread(&mut self, signs: &Signs<'_>) {
        self.failure = signs.failure.clone().or(self.failure.take());
    }

    /// Takes in an event that reports usage or doesn't.
    pub(super) fn take(&mut self, signs: &Signs<'_>, has_usage: bool) {
        self.is_known |= signs.is_known;
        self.has_begun = true;
        let goes_on = signs.choices.seen != 0 || (signs.kind == EventKind::Content && !has_usage);
        if has_usage {
            // What counts from the first content on may go on to.
            self.reported_last = !goes_on || (self.has_said && !self.counts_up);
            self.counts_up |= goes_on;
        } else if goes_on {
            (self.reported_last, self.has_said) = (false, true);
        }
        self.seen |= signs.choices.seen;
        self.finished |= signs.choices.finished;
        match signs.kind {
            EventKind::Stop | EventKind::Picture | EventKind::Last => self.ended = true,
            EventKind::Unfinished => self.ended = false,
            EventKind::Content | EventKind::Other => {}
        }
        if let Some(failure) = &signs.failure {
            self.failure = Some(failure.clone());
        }
    }

    /// The end was told without an event that can be read, as by `[DONE]`, or it wasn't.
    pub(super) fn ends(&mut self, is_end: bool) {
        self.ended |= is_end;
    }

    /// Whether nothing is missing of a stream that ended. An error is an end, too: its client knows that there is no more.
    pub(super) fn is_over(&self) -> bool {
        (!self.is_known && self.has_begun) || self.is_told() || self.failure.is_some()
    }

    /// Whether the end was told, so that nothing is missing however the connection ends.
    pub(super) fn is_told(&self) -> bool {
        let all_finished = self.seen != 0 && self.seen & !self.finished == 0;
        self.ended || self.reported_last || all_finished
    }

    /// The error that was told last.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_over(events: &[&str]) -> bool {
        let mut course = Course::new(true);
        for event in events {
            let signs = Signs::of_event(event.as_bytes(), None).unwrap();
            course.take(&signs, signs.has_usage);
        }
        course.is_over()
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
            assert_eq!(is_over(events), expected, "{events:?}");
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
            assert_eq!(is_over(events), expected, "{events:?}");
        }
    }

    #[test]
    fn what_isnt_known_ends_where_it_ends() {
        assert!(!Course::new(false).is_over(), "nothing came");
        let mut course = Course::new(false);
        course.take(&Signs::of_event(br#"{"a":1}"#, None).unwrap(), false);
        assert!(course.is_over());
        course.take(&Signs::of_event(CONTENT.as_bytes(), None).unwrap(), false);
        assert!(!course.is_over());
    }
}
