//! What somebody has, by the names that requests have for it.

use std::{collections::BTreeMap, ops::Index};

use domain::api_keys::{Level, Secret};

/// What sample ids end with; they are exchanged for names in braces.
const SAMPLE: &str = "01h2xcejqtf2nbrexx3vqjhp41";
/// What a sample id begins with, and the name of the thing that it stands for.
const SAMPLES: [(&str, &str); 6] = [
    ("proj_", "project"),
    ("key_", "key"),
    ("req_", "call"),
    ("note_", "note"),
    ("sess_", "session"),
    ("user_", "user"),
];

/// An id to be exchanged for that of a thing.
pub(super) fn sample<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{SAMPLE}").parse().unwrap()
}

/// `text` with names in braces where it has sample ids.
pub(super) fn named(text: &str) -> String {
    SAMPLES.iter().fold(text.to_owned(), |text, (prefix, name)| {
        text.replace(&format!("{prefix}{SAMPLE}"), &format!("{{{name}}}"))
    })
}

/// What somebody has.
#[derive(Clone, Debug, Default)]
pub(super) struct Things(BTreeMap<&'static str, String>);

impl Things {
    pub(super) fn with(mut self, name: &'static str, thing: impl ToString) -> Self {
        self.0.insert(name, thing.to_string());
        self
    }

    /// Those that `text` names.
    pub(super) fn named_in(&self, text: &str) -> Vec<&'static str> {
        self.0.keys().copied().filter(|name| text.contains(&braces(name))).collect()
    }

    /// `text` with things for their names.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, thing)| text.replace(&braces(name), thing))
    }

    /// The same with some of another's.
    pub(super) fn exchanged(&self, names: &[&'static str], others: &Self) -> Self {
        let taken = names.iter().map(|name| (*name, others[name].to_owned()));
        Self(self.0.clone().into_iter().chain(taken).collect())
    }

    /// What is nobody's, and looks the same to the last letter: times in ids are the same too, so that they stand at the
    /// same places of lists.
    pub(super) fn nobodys(&self) -> Self {
        let nobodys = |(name, thing): (&&'static str, &String)| {
            let nobodys = match *name {
                "slug" => "nobody".to_owned(),
                // Its checksum has to be right.
                "secret" => Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned(),
                _ => {
                    let last = if thing.ends_with('8') { '9' } else { '8' };
                    format!("{}{last}", &thing[..thing.len() - 1])
                }
            };
            (*name, nobodys)
        };
        Self(self.0.iter().map(nobodys).collect())
    }
}

impl Index<&str> for Things {
    type Output = str;

    fn index(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("there is no {name}"))
    }
}

fn braces(name: &str) -> String {
    format!("{{{name}}}")
}
