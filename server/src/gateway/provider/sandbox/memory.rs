//! What the sandbox remembers: the latest of a kind, until a restart.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::Value;

/// Largest question that is remembered, in bytes.
const LARGEST: usize = 64 * 1024;

/// The latest `MOST` of a kind, by their ids.
#[derive(Debug)]
pub(super) struct Memory<T, const MOST: usize>(Mutex<VecDeque<(String, T)>>);

impl<T, const MOST: usize> Default for Memory<T, MOST> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone, const MOST: usize> Memory<T, MOST> {
    /// Keeps it as the latest; what was there by its id makes room.
    pub(super) fn keep(&self, id: String, thing: T) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.retain(|(known, _)| *known != id);
        if latest.len() == MOST {
            latest.pop_front();
        }
        latest.push_back((id, thing));
    }

    pub(super) fn find(&self, id: &str) -> Option<T> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().find(|(known, _)| known == id).map(|(_, thing)| thing.clone())
    }

    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| known != id);
    }
}

/// Questions whose answers can be asked for again, by the answers' ids.
pub(super) type Questions = Memory<Remembered, 256>;

/// A question, from which its answer follows, and what was done to that answer since.
#[derive(Clone, Debug, Default)]
pub(super) struct Remembered {
    /// Its JSON, or nothing where that isn't known any more.
    pub(super) body: Bytes,
    /// What took the place of the metadata that it was asked with.
    pub(super) metadata: Option<Value>,
    /// How the job was stopped: the status that it has since.
    pub(super) stopped: Option<&'static str>,
}

impl Questions {
    /// Remembers a question, unless it is a large one.
    pub(super) fn note(&self, id: String, body: &Bytes) {
        if body.len() <= LARGEST {
            // A copy: the body may be a part of something larger.
            self.keep(id, Remembered { body: Bytes::copy_from_slice(body), ..Remembered::default() });
        }
    }

    /// Remembers what was done to an answer.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Remembered)) -> Remembered {
        let mut remembered = self.find(id).unwrap_or_default();
        change(&mut remembered);
        self.keep(id.to_owned(), remembered.clone());
        remembered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered() {
        let memory: Memory<u8, 2> = Memory::default();
        let found = || ["a", "b", "c"].map(|id| memory.find(id));
        for (id, thing) in [("a", 1), ("b", 2), ("b", 3)] {
            memory.keep(id.to_owned(), thing);
        }
        assert_eq!(found(), [Some(1), Some(3), None], "the same again pushes nothing else out");
        memory.keep("c".to_owned(), 4);
        assert_eq!(found(), [None, Some(3), Some(4)]);
        memory.forget("b");
        assert_eq!(memory.find("b"), None);
    }

    #[test]
    fn what_was_done_is_remembered_also_where_the_question_isnt() {
        let questions = Questions::default();
        questions.note("a".to_owned(), &Bytes::from_static(b"{}"));
        questions.note("large".to_owned(), &Bytes::from(vec![b' '; LARGEST + 1]));
        for id in ["a", "large"] {
            questions.change(id, |remembered| remembered.stopped = Some("cancelled"));
        }
        let found = |id: &str| questions.find(id).map(|found| (found.body.len(), found.stopped));
        assert_eq!((found("a"), found("large")), (Some((2, Some("cancelled"))), Some((0, Some("cancelled")))));
    }
}
