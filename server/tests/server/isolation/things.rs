//! The things of a caller, by their names in requests.

use std::{collections::BTreeMap, ops::Index};

use domain::api_keys::{Level, Secret};

/// The end of sample ids, which are replaced by names in braces.
const SAMPLE: &str = "01h2xcejqtf2nbrexx3vqjhp41";
/// The prefixes of sample ids, with the name of the thing that each stands for.
const SAMPLES: [(&str, &str); 8] = [
    ("proj_", "project"),
    ("key_", "key"),
    ("req_", "call"),
    ("note_", "note"),
    ("exp_", "export"),
    ("sess_", "session"),
    ("user_", "user"),
    ("view_", "view"),
];

/// A sample id, to be replaced by a thing's id.
pub(super) fn sample<T: std::str::FromStr<Err: std::fmt::Debug>>(prefix: &str) -> T {
    format!("{prefix}_{SAMPLE}").parse().unwrap()
}

/// Replaces sample ids by names in braces.
pub(super) fn with_names(text: &str) -> String {
    SAMPLES.iter().fold(text.to_owned(), |text, (prefix, name)| {
        text.replace(&format!("{prefix}{SAMPLE}"), &format!("{{{name}}}"))
    })
}

/// A caller's things.
#[derive(Clone, Debug, Default)]
pub(super) struct Things(BTreeMap<&'static str, String>);

impl Things {
    pub(super) fn with(mut self, name: &'static str, thing: impl ToString) -> Self {
        self.0.insert(name, thing.to_string());
        self
    }

    /// The names of things in `text`.
    pub(super) fn names_in(&self, text: &str) -> Vec<&'static str> {
        self.0.keys().copied().filter(|name| text.contains(&braces(name))).collect()
    }

    /// Replaces names in `text` by the things.
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, thing)| text.replace(&braces(name), thing))
    }

    /// The same things with some replaced by another caller's.
    pub(super) fn with_replaced(&self, names: &[&'static str], others: &Self) -> Self {
        let replaced = names.iter().map(|name| (*name, others[name].to_owned()));
        Self(self.0.clone().into_iter().chain(replaced).collect())
    }

    /// Nonexistent things that look the same up to the last letter: times in ids are equal too, so that they
    /// have the same positions in lists.
    pub(super) fn nonexistent(&self) -> Self {
        let changed = |(name, thing): (&&'static str, &String)| {
            let changed = match *name {
                "slug" => "nobody".to_owned(),
                // A secret needs a valid checksum.
                "secret" => Secret::from_digits(Level::Standard, [9; 32]).reveal().to_owned(),
                _ => {
                    let last = if thing.ends_with('8') { '9' } else { '8' };
                    format!("{}{last}", &thing[..thing.len() - 1])
                }
            };
            (*name, changed)
        };
        Self(self.0.iter().map(changed).collect())
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
