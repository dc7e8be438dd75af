//! The sandbox's memory: the latest values of a kind, until a restart.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::Value;

/// Largest request that is remembered, in bytes.
const MAX_QUESTION_BYTES: usize = 64 * 1024;

/// The latest `CAPACITY` values of a kind, by id.
#[derive(Debug)]
pub(super) struct Memory<T, const CAPACITY: usize>(Mutex<VecDeque<(String, T)>>);

impl<T, const CAPACITY: usize> Default for Memory<T, CAPACITY> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone, const CAPACITY: usize> Memory<T, CAPACITY> {
    /// Inserts the latest value, in place of an earlier one with this id.
    pub(super) fn insert(&self, id: String, value: T) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.retain(|(existing_id, _)| *existing_id != id);
        if latest.len() == CAPACITY {
            latest.pop_front();
        }
        latest.push_back((id, value));
    }

    pub(super) fn find(&self, id: &str) -> Option<T> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().find(|(existing_id, _)| existing_id == id).map(|(_, value)| value.clone())
    }

    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(existing_id, _)| existing_id != id);
    }
}

/// Requests whose answers can be fetched, by the answers' ids.
pub(super) type StoredQuestions = Memory<StoredQuestion, 256>;

/// A request, which determines its answer, with later changes to the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredQuestion {
    /// The request's JSON; empty if it isn't remembered.
    pub(super) body: Bytes,
    /// Metadata that replaced the request's.
    pub(super) metadata: Option<Value>,
    /// The status of a job that was stopped.
    pub(super) stopped_status: Option<&'static str>,
}

impl StoredQuestions {
    /// Remembers a request, unless it is large.
    pub(super) fn remember(&self, id: String, body: &Bytes) {
        if body.len() <= MAX_QUESTION_BYTES {
            // A copy: the body may be a part of something larger.
            self.insert(id, StoredQuestion { body: Bytes::copy_from_slice(body), ..StoredQuestion::default() });
        }
    }

    /// Remembers a change to an answer.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut StoredQuestion)) -> StoredQuestion {
        let mut question = self.find(id).unwrap_or_default();
        change(&mut question);
        self.insert(id.to_owned(), question.clone());
        question
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered() {
        let memory: Memory<u8, 2> = Memory::default();
        let found = || ["a", "b", "c"].map(|id| memory.find(id));
        for (id, value) in [("a", 1), ("b", 2), ("b", 3)] {
            memory.insert(id.to_owned(), value);
        }
        assert_eq!(found(), [Some(1), Some(3), None], "the same again pushes nothing else out");
        memory.insert("c".to_owned(), 4);
        assert_eq!(found(), [None, Some(3), Some(4)]);
        memory.forget("b");
        assert_eq!(memory.find("b"), None);
    }

    #[test]
    fn what_was_done_is_remembered_also_where_the_question_isnt() {
        let questions = StoredQuestions::default();
        questions.remember("a".to_owned(), &Bytes::from_static(b"{}"));
        questions.remember("large".to_owned(), &Bytes::from(vec![b' '; MAX_QUESTION_BYTES + 1]));
        for id in ["a", "large"] {
            questions.change(id, |question| question.stopped_status = Some("cancelled"));
        }
        let found = |id: &str| questions.find(id).map(|found| (found.body.len(), found.stopped_status));
        assert_eq!((found("a"), found("large")), (Some((2, Some("cancelled"))), Some((0, Some("cancelled")))));
    }
}
