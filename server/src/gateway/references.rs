//! Checks that provider objects named in a request belong to its key. All organizations share the operator's
//! account, so the provider can't.
//!
//! Every text of a body, form or query that could be an id ([`shape`]) is looked up, wherever it stands.
//! Another owner's object is answered like one that doesn't exist. References to objects that aren't tracked
//! ([`UntrackedKind`]) are rejected.

mod check;
pub(super) mod query;
pub(super) mod shape;
mod vocabulary;

use std::collections::HashSet;

use services::{ServiceError, provider_objects::ObjectKind};

use crate::{config::UntrackedKind, v1::error::V1Error};

/// Maximum of different texts in a request that could be ids.
const MAX_CANDIDATES: usize = 10_000;

/// A provider object, named by a parameter that can name nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    pub(super) kind: ObjectKind,
    /// The name of the parameter.
    pub(super) param: &'static str,
    pub(super) id: String,
}

/// The possible ids in a request.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Texts that could be ids.
    texts: HashSet<String>,
    /// References that must be to the caller's objects.
    references: Vec<Reference>,
    /// Kinds of untracked objects, with the names of their parameters.
    untracked: Vec<(UntrackedKind, &'static str)>,
    /// Whether there were more than [`MAX_CANDIDATES`].
    overflowed: bool,
}

impl Mentions {
    /// Adds a text, if it could be an id, and the parts of it that could.
    pub(super) fn add_text(&mut self, text: &str) {
        shape::for_each_id(text, &mut |id| {
            if self.texts.len() >= MAX_CANDIDATES {
                self.overflowed = true;
            } else if !self.texts.contains(id) {
                self.texts.insert(id.to_owned());
            }
        });
    }

    pub(super) fn add_reference(&mut self, kind: ObjectKind, param: &'static str, id: &str) {
        if self.references.len() < MAX_CANDIDATES {
            self.references.push(Reference { kind, param, id: id.to_owned() });
        } else {
            self.overflowed = true;
        }
    }

    pub(super) fn add_untracked(&mut self, kind: UntrackedKind, param: &'static str) {
        if !self.untracked.contains(&(kind, param)) {
            self.untracked.push((kind, param));
        }
    }

    /// Adds the mentions of another part of the request.
    pub(super) fn extend(&mut self, other: Self) {
        self.overflowed |= other.overflowed;
        for text in other.texts {
            self.add_text(&text);
        }
        self.references.extend(other.references);
        other.untracked.into_iter().for_each(|(kind, param)| self.add_untracked(kind, param));
    }

    #[cfg(test)]
    pub(super) fn texts(&self) -> &HashSet<String> {
        &self.texts
    }

    #[cfg(test)]
    pub(super) fn into_texts(self) -> HashSet<String> {
        self.texts
    }

    /// Whether there is nothing to look up or reject.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.references.is_empty() && self.untracked.is_empty() && !self.overflowed
    }

    fn too_many() -> V1Error {
        V1Error::malformed(format!("The request names more than {MAX_CANDIDATES} things that a provider might keep."))
    }
}

/// Logs that provider objects couldn't be looked up, and returns the error for the client.
pub(super) fn unavailable(error: &ServiceError) -> V1Error {
    tracing::error!(%error, "what a provider keeps can't be looked up");
    V1Error::unavailable()
}
