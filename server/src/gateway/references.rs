//! What a request refers to that a provider keeps. All organizations share the operator's account there, so that providers
//! can't tell whose it is: it is decided here, by value and wherever it stands.
//!
//! Any text of a body, form or query that could be an id ([`shape`]) is looked up; what somebody else made is answered like
//! what doesn't exist. What can be referred to and isn't tracked here ([`Untracked`](crate::config::Untracked)) is refused.

mod check;
pub(super) mod query;
pub(super) mod shape;
mod vocabulary;

use std::collections::HashSet;

use services::provider_objects::Kind;

use crate::config::Untracked;
use crate::v1::error::Refusal;

/// How many different texts of a request may be such that they could be ids.
const MOST: usize = 10_000;

/// Something that a provider keeps, named where nothing else can be named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    pub(super) kind: Kind,
    /// Where it stands.
    pub(super) param: &'static str,
    pub(super) id: String,
}

/// What a request mentions.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Texts that could be ids.
    texts: HashSet<String>,
    /// What must be the asker's.
    named: Vec<Reference>,
    /// Something that isn't tracked, and where it stands.
    untracked: Vec<(Untracked, &'static str)>,
    /// Whether there were more texts than are taken.
    overflown: bool,
}

impl Mentions {
    /// Takes a text in, if it could be an id, and what in it could be one.
    pub(super) fn text(&mut self, text: &str) {
        shape::each_id(text, &mut |id| {
            if self.texts.len() >= MOST {
                self.overflown = true;
            } else if !self.texts.contains(id) {
                self.texts.insert(id.to_owned());
            }
        });
    }

    pub(super) fn named(&mut self, kind: Kind, param: &'static str, id: &str) {
        if self.named.len() < MOST {
            self.named.push(Reference { kind, param, id: id.to_owned() });
        } else {
            self.overflown = true;
        }
    }

    pub(super) fn untracked(&mut self, kind: Untracked, param: &'static str) {
        if !self.untracked.contains(&(kind, param)) {
            self.untracked.push((kind, param));
        }
    }

    /// Takes in what another part of the request mentions.
    pub(super) fn and(&mut self, other: Self) {
        self.overflown |= other.overflown;
        for text in other.texts {
            self.text(&text);
        }
        self.named.extend(other.named);
        other.untracked.into_iter().for_each(|(kind, param)| self.untracked(kind, param));
    }

    #[cfg(test)]
    pub(super) fn texts(&self) -> &HashSet<String> {
        &self.texts
    }

    #[cfg(test)]
    pub(super) fn into_texts(self) -> HashSet<String> {
        self.texts
    }

    /// Whether there is nothing to look up or to refuse.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.named.is_empty() && self.untracked.is_empty() && !self.overflown
    }

    fn too_many() -> Refusal {
        Refusal::malformed(format!("The request names more than {MOST} things that a provider might keep."))
    }
}
