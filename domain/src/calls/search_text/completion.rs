//! What can follow at the cursor of a search text: qualifiers, then their values.

use super::{
    SearchNames, SearchQualifier, SearchText, TAG_PREFIX, name_of,
    terms::{Term, quoted, terms},
};
use crate::{calls::activity::CallSuggestions, models::Service};

/// Statuses that are offered; others can be typed.
const STATUSES: [&str; 15] = [
    "errors",
    "succeeded",
    "failed",
    "interrupted",
    "refused",
    "2xx",
    "4xx",
    "5xx",
    "400",
    "401",
    "403",
    "404",
    "429",
    "500",
    "503",
];

/// The options at a place of a search text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SearchCompletion {
    /// Beginning of the part that an option replaces, in bytes.
    pub start: usize,
    /// End of that part.
    pub end: usize,
    pub options: Vec<CompletionOption>,
}

/// Text that can follow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CompletionOption {
    /// The text that takes the part's place. A complete term ends with a space.
    pub inserted: String,
    /// The text for people.
    pub label: String,
    /// What they may want to know before they choose it; empty without that.
    pub detail: String,
}

impl SearchText {
    /// The text before the cursor for which values are to be suggested by the server; empty for all.
    pub fn typed_value(text: &str, cursor: usize) -> String {
        term_at(text, cursor).map(|term| term.value).unwrap_or_default()
    }

    /// Completes the term at the cursor, a place in bytes. `suggestions` are the server's for
    /// [`typed_value`](Self::typed_value).
    pub fn complete(text: &str, cursor: usize, suggestions: &CallSuggestions) -> SearchCompletion {
        let cursor = floor(text, cursor);
        let mut options = Options { suggestions, names: SearchNames::default(), found: Vec::new() };
        options.names.add(suggestions);
        let Some(term) = term_at(text, cursor) else {
            options.add_qualifiers("");
            return SearchCompletion { start: cursor, end: cursor, options: options.found };
        };
        match &term.qualifier {
            None => {
                let word = term.value.to_lowercase();
                options.add_qualifiers(&word);
                SearchQualifier::ALL.into_iter().for_each(|qualifier| options.add_values(qualifier, &word));
            }
            Some(qualifier) => {
                if let Ok(qualifier) = qualifier.parse() {
                    options.add_values(qualifier, &term.value.to_lowercase());
                }
            }
        }
        // The term may go on after the cursor, unless its quotation mark would take in all that follows.
        let whole = terms(text).into_iter().find(|whole| whole.start == term.start && !whole.is_open);
        let end = whole.map_or(cursor, |whole| whole.end.max(cursor));
        SearchCompletion { start: term.start, end, options: options.found }
    }
}

/// The last place up to `cursor` at which the text can be cut.
fn floor(text: &str, cursor: usize) -> usize {
    (0..=cursor.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or_default()
}

/// The term that ends at the cursor.
fn term_at(text: &str, cursor: usize) -> Option<Term> {
    let cursor = floor(text, cursor);
    terms(&text[..cursor]).pop().filter(|term| term.end == cursor)
}

struct Options<'a> {
    suggestions: &'a CallSuggestions,
    names: SearchNames,
    found: Vec<CompletionOption>,
}

impl Options<'_> {
    /// Adds the qualifiers that begin with `word`.
    fn add_qualifiers(&mut self, word: &str) {
        let mut add = |name: &str, inserted: String, detail: &str| {
            if name.starts_with(word) {
                let (label, detail) = (inserted.clone(), detail.to_owned());
                self.found.push(CompletionOption { inserted, label, detail });
            }
        };
        for qualifier in SearchQualifier::ALL {
            add(qualifier.name(), format!("{qualifier}:"), qualifier.label());
        }
        add(TAG_PREFIX, TAG_PREFIX.to_owned(), "Tag of your own, such as tag.customer:acme");
    }

    /// Adds the values of a qualifier that fit `typed`, which is in lower case. The server's suggestions fit already.
    fn add_values(&mut self, qualifier: SearchQualifier, typed: &str) {
        let suggestions = self.suggestions;
        let begins = |value: &&str| value.starts_with(typed);
        match qualifier {
            SearchQualifier::Status => self.add_texts(qualifier, STATUSES.into_iter().filter(begins)),
            SearchQualifier::Service => {
                self.add_texts(qualifier, Service::ALL.into_iter().map(Service::name).filter(begins));
            }
            SearchQualifier::Cost => self.add_texts(qualifier, [">0.01", ">0.1", ">1"].into_iter().filter(begins)),
            SearchQualifier::Latency => self.add_texts(qualifier, [">1s", ">10s", ">60s"].into_iter().filter(begins)),
            SearchQualifier::Tokens => {
                self.add_texts(qualifier, [">1000", ">10000", ">100000"].into_iter().filter(begins));
            }
            SearchQualifier::Model => self.add_texts(qualifier, suggestions.models.iter().map(String::as_str)),
            SearchQualifier::Endpoint => self.add_texts(qualifier, suggestions.endpoints.iter().map(String::as_str)),
            SearchQualifier::Provider => self.add_texts(qualifier, suggestions.providers.iter().map(String::as_str)),
            SearchQualifier::Key => {
                for key in &suggestions.api_keys {
                    let value = name_of(key.id, &self.names.api_keys());
                    self.add_value(qualifier, &value, &key.name, &key.masked);
                }
            }
            SearchQualifier::Project => {
                for project in &suggestions.projects {
                    let value = name_of(project.id, &self.names.projects());
                    self.add_value(qualifier, &value, &project.name, "");
                }
            }
            SearchQualifier::Member => {
                for member in &suggestions.members {
                    let value = name_of(member.id, &self.names.members());
                    self.add_value(qualifier, &value, &member.name, "");
                }
            }
            SearchQualifier::Id => {
                for call in &suggestions.calls {
                    self.add_value(qualifier, &call.id.to_string(), &call.id.to_string(), &call.model);
                }
            }
            SearchQualifier::Text => {}
        }
    }

    fn add_texts<'t>(&mut self, qualifier: SearchQualifier, values: impl Iterator<Item = &'t str>) {
        values.for_each(|value| self.add_value(qualifier, value, value, ""));
    }

    fn add_value(&mut self, qualifier: SearchQualifier, value: &str, name: &str, detail: &str) {
        let (inserted, label) = (format!("{qualifier}:{} ", quoted(value)), format!("{qualifier}:{name}"));
        self.found.push(CompletionOption { inserted, label, detail: detail.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calls::ApiKeyRef;

    fn suggestions() -> CallSuggestions {
        let key =
            |id: &str| ApiKeyRef { id: id.parse().unwrap(), name: "web shop".to_owned(), masked: "…x".to_owned() };
        CallSuggestions {
            models: vec!["gpt-x".to_owned()],
            api_keys: vec![key("key_01h2xcejqtf2nbrexx3vqjhp41")],
            ..CallSuggestions::default()
        }
    }

    /// What the text with `|` as cursor becomes by each option.
    fn completed(text: &str) -> Vec<String> {
        let cursor = text.find('|').unwrap();
        let text = text.replace('|', "");
        let SearchCompletion { start, end, options } = SearchText::complete(&text, cursor, &suggestions());
        options.into_iter().map(|option| format!("{}{}{}", &text[..start], option.inserted, &text[end..])).collect()
    }

    #[test]
    fn qualifiers_come_first_and_then_their_values() {
        assert_eq!(completed("|").len(), SearchQualifier::ALL.len() + 1);
        assert_eq!(completed("cost:>1 ser|")[..2], ["cost:>1 service:", "cost:>1 model:gpt-x "]);
        assert_eq!(
            completed("status:4|"),
            ["status:4xx ", "status:400 ", "status:401 ", "status:403 ", "status:404 ", "status:429 "]
        );
        assert_eq!(completed("ta|")[0], "tag.");
        assert_eq!(completed("service:Em|"), ["service:embeddings "]);
        assert_eq!(completed("nothing:a|"), Vec::<String>::new());
    }

    #[test]
    fn a_value_is_quoted_where_it_needs_to_be_and_takes_the_place_of_the_term() {
        assert_eq!(completed("key:w|eb model:a"), ["key:\"web shop\"  model:a"]);
        assert_eq!(completed("key:\"web s| model:a"), ["key:\"web shop\"  model:a"]);
        assert_eq!(completed("a key:\"web s|hop\" b"), ["a key:\"web shop\"  b"]);
        let text = "key:\"web s";
        assert_eq!(SearchText::typed_value(text, text.len()), "web s");
        assert_eq!(SearchText::typed_value("model:gpt ", 10), "");
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_can_be_completed(text: String, cursor in 0usize..40) {
            let SearchCompletion { start, end, .. } = SearchText::complete(&text, cursor, &suggestions());
            prop_assert!(text.get(start..end).is_some());
        }
    }
}
