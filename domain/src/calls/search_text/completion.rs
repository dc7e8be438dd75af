//! What can follow at the cursor of a search text: qualifiers, then their values.

use std::fmt;

use super::{
    SearchNames, SearchQualifier, SearchText, TermQualifier, name_of,
    terms::{Term, quoted, terms},
};
use crate::{calls::activity::CallSuggestions, models::Service, usage::TagName};

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
    /// The text before the cursor for which values are to be suggested by the server; empty for all. The value of a tag
    /// has its qualifier before it, such as `tag.customer:ac`, since each tag has values of its own.
    pub fn typed_value(text: &str, cursor: usize) -> String {
        let Some(Term { qualifier, value, .. }) = term_at(text, cursor) else { return String::new() };
        match qualifier.filter(|qualifier| qualifier.starts_with(Self::TAG_PREFIX)) {
            Some(qualifier) => format!("{qualifier}:{value}"),
            None => value,
        }
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
                // All that is compared is ASCII.
                let word = term.value.to_ascii_lowercase();
                options.add_qualifiers(&word);
                options.add_tag_names(&word);
                SearchQualifier::ALL.into_iter().for_each(|qualifier| options.add_values(qualifier, &word));
            }
            Some(qualifier) => match qualifier.parse() {
                Ok(TermQualifier::Fixed(qualifier)) => options.add_values(qualifier, &term.value.to_ascii_lowercase()),
                Ok(TermQualifier::Tag(name)) => options.add_tag_values(&name),
                Err(_) => {}
            },
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
            // Nothing follows a tag's qualifier but its name.
            if name.starts_with(word) && word != SearchText::TAG_PREFIX {
                let (label, detail) = (inserted.clone(), detail.to_owned());
                self.found.push(CompletionOption { inserted, label, detail });
            }
        };
        for qualifier in SearchQualifier::ALL {
            add(qualifier.name(), format!("{qualifier}:"), qualifier.label());
        }
        let tag = SearchText::TAG_PREFIX;
        add(tag, tag.to_owned(), "Tag of your own, such as tag.customer:acme");
    }

    /// Adds the names of tags, if `word` begins like a tag's qualifier.
    fn add_tag_names(&mut self, word: &str) {
        if !word.starts_with(SearchText::TAG_PREFIX) {
            return;
        }
        let suggestions = self.suggestions;
        for tag in &suggestions.tags.tags {
            let inserted = format!("{}{}:", SearchText::TAG_PREFIX, tag.text);
            let (label, detail) = (inserted.clone(), self.calls_text(tag.calls));
            self.found.push(CompletionOption { inserted, label, detail });
        }
    }

    /// Adds the values of a tag.
    fn add_tag_values(&mut self, name: &TagName) {
        let suggestions = self.suggestions;
        for tag in &suggestions.tags.tags {
            let detail = self.calls_text(tag.calls);
            self.add_value(&format_args!("{}{name}", SearchText::TAG_PREFIX), &tag.text, &tag.text, &detail);
        }
    }

    /// A number of calls with a tag, which may be more if not all were counted: `12 calls`, `9000+ calls`.
    fn calls_text(&self, calls: i64) -> String {
        match (self.suggestions.tags.is_complete, calls) {
            (true, 1) => "1 call".to_owned(),
            (true, _) => format!("{calls} calls"),
            (false, _) => format!("{calls}+ calls"),
        }
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
                    self.add_value(&qualifier, &value, &key.name, &key.masked);
                }
            }
            SearchQualifier::Project => {
                for project in &suggestions.projects {
                    let value = name_of(project.id, &self.names.projects());
                    self.add_value(&qualifier, &value, &project.name, "");
                }
            }
            SearchQualifier::Member => {
                for member in &suggestions.members {
                    let value = name_of(member.id, &self.names.members());
                    self.add_value(&qualifier, &value, &member.name, "");
                }
            }
            SearchQualifier::Id => {
                for call in &suggestions.calls {
                    self.add_value(&qualifier, &call.id.to_string(), &call.id.to_string(), &call.model);
                }
            }
            SearchQualifier::Text => {}
        }
    }

    fn add_texts<'t>(&mut self, qualifier: SearchQualifier, values: impl Iterator<Item = &'t str>) {
        values.for_each(|value| self.add_value(&qualifier, value, value, ""));
    }

    fn add_value(&mut self, qualifier: &dyn fmt::Display, value: &str, name: &str, detail: &str) {
        let (inserted, label) = (format!("{qualifier}:{} ", quoted(value)), format!("{qualifier}:{name}"));
        self.found.push(CompletionOption { inserted, label, detail: detail.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        calls::ApiKeyRef,
        usage::{TagCount, TagCounts},
    };

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
        completed_by(text, &suggestions())
    }

    fn completed_by(text: &str, suggestions: &CallSuggestions) -> Vec<String> {
        let cursor = text.find('|').unwrap();
        let text = text.replace('|', "");
        let SearchCompletion { start, end, options } = SearchText::complete(&text, cursor, suggestions);
        options.into_iter().map(|option| format!("{}{}{}", &text[..start], option.inserted, &text[end..])).collect()
    }

    /// Suggestions of these tags.
    fn tags(tags: &[(&str, i64)], is_complete: bool) -> CallSuggestions {
        let tags = tags.iter().map(|(text, calls)| TagCount { text: (*text).to_owned(), calls: *calls }).collect();
        CallSuggestions { tags: TagCounts { tags, is_complete }, ..CallSuggestions::default() }
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

    #[test]
    fn names_of_tags_come_first_and_then_the_values_of_one_with_their_calls() {
        let names = tags(&[("customer", 12), ("plan", 1)], true);
        assert_eq!(
            completed_by("model:a tag.| key:b", &names),
            ["model:a tag.customer: key:b", "model:a tag.plan: key:b"]
        );
        assert_eq!(completed_by("tag.|", &CallSuggestions::default()), Vec::<String>::new());
        assert_eq!(SearchText::typed_value("tag.cu", 6), "tag.cu");
        // Names of tags are nothing for other terms.
        assert_eq!(completed_by("model:tag.|", &names), Vec::<String>::new());
        assert_eq!(completed_by("stat|", &names)[0], "status:");

        let values = tags(&[("acme", 1), ("big corp", 9_000)], false);
        let expected = ["tag.customer:acme ", "tag.customer:\"big corp\" "];
        assert_eq!(completed_by("tag.customer:|", &values), expected);
        assert_eq!(completed_by("tag.customer:\"big c|", &values), expected);
        assert_eq!(completed_by("tag.Customer:|", &values), Vec::<String>::new());
        let text = "tag.customer:\"big c";
        assert_eq!(SearchText::typed_value(text, text.len()), "tag.customer:big c");

        let details = |suggestions: &CallSuggestions| {
            let options = SearchText::complete("tag.customer:", 13, suggestions).options.into_iter();
            options.map(|option| option.detail).collect::<Vec<_>>()
        };
        assert_eq!(details(&names), ["12 calls", "1 call"]);
        assert_eq!(details(&values), ["1+ calls", "9000+ calls"]);
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_can_be_completed(text: String, cursor in 0usize..40) {
            let SearchCompletion { start, end, .. } = SearchText::complete(&text, cursor, &suggestions());
            prop_assert!(text.get(start..end).is_some());
        }
    }
}
