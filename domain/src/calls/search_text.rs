//! The text of a search for calls: `status:4xx model:gpt-x cost:>0.01 text:"no such file"`.
//!
//! A call matches if it matches the terms of each qualifier; of those that name values, one of the values. The text, the
//! facets and the page's address say the same.

mod bounds;
mod completion;
mod terms;

use std::{fmt, str::FromStr};

use self::{
    bounds::Quantity,
    terms::{Term, quoted, terms},
};
pub use self::{
    bounds::{format_millis, parse_millis},
    completion::{CompletionOption, SearchCompletion},
};
use super::{
    ApiKeyRef, Bounds, CallBounds, CallQuery,
    activity::{CallMember, CallSuggestions},
};
use crate::{
    choices,
    ids::{ApiKeyId, CallId, ProjectId, UserId},
    money::Money,
    projects::ProjectRef,
    usage::{Filter, TagFilter, TagName},
};

/// Maximum length of a value, in bytes, and of a tag's value, in characters; no name is longer.
const MAX_VALUE_LENGTH: usize = 200;

choices! {
    /// What a term of a search text is about, tags aside.
    SearchQualifier, "filter" {
        Status = "status", "How a call ended";
        Model = "model", "Model";
        Key = "key", "API key";
        Project = "project", "Project";
        /// The member who created the call's key.
        Member = "member", "Creator of the key";
        Service = "service", "Kind of work";
        Endpoint = "endpoint", "Path of the request";
        Provider = "provider", "Provider that answered";
        Cost = "cost", "Cost in US dollars";
        Latency = "latency", "Time to the last byte";
        /// Input and output tokens together.
        Tokens = "tokens", "Input and output tokens";
        Id = "id", "ID of one call";
        Text = "text", "Text in stored bodies";
    }
}

/// A search for calls, as its text says it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SearchText {
    pub filter: Filter,
    pub bounds: CallBounds,
    /// Text in stored bodies.
    pub text: Option<String>,
    /// The only call to find.
    pub call: Option<CallId>,
}

/// The reason why a text can't be searched for, and the wrong part of it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SearchTextError {
    /// Beginning of the wrong part, in bytes.
    pub start: usize,
    /// End of the wrong part, in bytes.
    pub end: usize,
    /// The message for people.
    pub message: String,
}

/// Names that a search text may use instead of IDs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SearchNames {
    pub projects: Vec<ProjectRef>,
    pub api_keys: Vec<ApiKeyRef>,
    pub members: Vec<CallMember>,
}

impl SearchNames {
    /// Adds the names of suggestions.
    pub fn add(&mut self, suggestions: &CallSuggestions) {
        add_new(&mut self.projects, &suggestions.projects);
        add_new(&mut self.api_keys, &suggestions.api_keys);
        add_new(&mut self.members, &suggestions.members);
    }

    fn projects(&self) -> Vec<(ProjectId, &str)> {
        self.projects.iter().map(|project| (project.id, project.name.as_str())).collect()
    }

    fn api_keys(&self) -> Vec<(ApiKeyId, &str)> {
        self.api_keys.iter().map(|key| (key.id, key.name.as_str())).collect()
    }

    fn members(&self) -> Vec<(UserId, &str)> {
        self.members.iter().map(|member| (member.id, member.name.as_str())).collect()
    }
}

fn add_new<T: Clone + PartialEq>(known: &mut Vec<T>, new: &[T]) {
    for new in new {
        if !known.contains(new) {
            known.push(new.clone());
        }
    }
}

/// A term's qualifier.
enum TermQualifier {
    Fixed(SearchQualifier),
    Tag(TagName),
}

impl FromStr for TermQualifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(SearchText::TAG_PREFIX) {
            return name.parse().map(Self::Tag);
        }
        text.parse().map(Self::Fixed).map_err(|_| {
            let names = SearchQualifier::ALL.map(SearchQualifier::name).join(", ");
            format!("{text:?} isn't a filter. Use {names}, or a tag such as tag.customer.")
        })
    }
}

impl SearchText {
    /// Maximum length of the text that is searched for in bodies, in bytes.
    pub const MAX_TEXT_LENGTH: usize = MAX_VALUE_LENGTH;
    /// The beginning of a tag's qualifier, before the tag's name.
    pub const TAG_PREFIX: &str = "tag.";

    /// The search of a query.
    pub fn of(query: &CallQuery) -> Self {
        Self { filter: query.filter.clone(), bounds: query.bounds.clone(), text: query.text.clone(), call: None }
    }

    /// Returns `query` with this search instead of its own.
    pub fn narrow(self, query: CallQuery) -> CallQuery {
        CallQuery { filter: self.filter, bounds: self.bounds, text: self.text, ..query }
    }

    /// Parses a text in which things may be called by these names.
    ///
    /// # Errors
    /// The first part of the text that is wrong.
    pub fn parse(text: &str, names: &SearchNames) -> Result<Self, SearchTextError> {
        let mut search = Self::default();
        for term in terms(text) {
            let error = |start, end| move |message| SearchTextError { start, end, message };
            let Some(qualifier) = &term.qualifier else {
                search.add_word(&term).map_err(error(term.start, term.end))?;
                continue;
            };
            let qualifier: TermQualifier =
                qualifier.parse().map_err(error(term.start, term.start + qualifier.len()))?;
            search.add(&qualifier, &term, names).map_err(error(term.value_start.min(term.end), term.end))?;
        }
        Ok(search)
    }

    /// Adds a word without a qualifier, which can only be a call's ID.
    fn add_word(&mut self, term: &Term) -> Result<(), String> {
        if let Ok(call) = term.value.parse() {
            return set(&mut self.call, call, SearchQualifier::Id);
        }
        let word = quoted(&term.value);
        Err(format!("Say what {word} is: model:{word}, key:{word}, or text:{word} to search in bodies."))
    }

    fn add(&mut self, qualifier: &TermQualifier, term: &Term, names: &SearchNames) -> Result<(), String> {
        if term.is_open {
            return Err("The closing quotation mark is missing.".to_owned());
        }
        let value = term.value.as_str();
        let length = match qualifier {
            // Limited in characters, of which each may have several bytes.
            TermQualifier::Tag(_) => value.chars().count(),
            TermQualifier::Fixed(_) => value.len(),
        };
        if length == 0 || length > MAX_VALUE_LENGTH || value.contains(char::is_control) {
            return Err(format!("Write a value after the colon, in one line and at most {MAX_VALUE_LENGTH} letters."));
        }
        let qualifier = match qualifier {
            TermQualifier::Tag(name) => {
                return push(&mut self.filter.tags, TagFilter { name: name.clone(), value: value.to_owned() });
            }
            TermQualifier::Fixed(qualifier) => *qualifier,
        };
        let (filter, bounds) = (&mut self.filter, &mut self.bounds);
        match qualifier {
            SearchQualifier::Status => push(&mut filter.statuses, value.parse()?),
            SearchQualifier::Model => push(&mut filter.models, value.to_owned()),
            SearchQualifier::Key => push(&mut filter.api_keys, find(value, &names.api_keys(), "key")?),
            SearchQualifier::Project => push(&mut filter.projects, find(value, &names.projects(), "project")?),
            SearchQualifier::Member => push(&mut filter.members, find(value, &names.members(), "member")?),
            SearchQualifier::Service => push(&mut filter.services, value.parse()?),
            SearchQualifier::Endpoint => push(&mut filter.endpoints, value.to_owned()),
            SearchQualifier::Provider => push(&mut filter.providers, value.to_owned()),
            SearchQualifier::Cost => {
                let Bounds { min, max } = bounds.cost;
                let mut nanos = Bounds { min: min.map(Money::nanos), max: max.map(Money::nanos) };
                Quantity::Cost.add(&mut nanos, value)?;
                let Bounds { min, max } = nanos;
                bounds.cost = Bounds { min: min.map(Money::from_nanos), max: max.map(Money::from_nanos) };
                Ok(())
            }
            SearchQualifier::Latency => Quantity::Latency.add(&mut bounds.duration_us, value),
            SearchQualifier::Tokens => Quantity::Tokens.add(&mut bounds.tokens, value),
            SearchQualifier::Id => {
                let call: CallId =
                    value.parse().map_err(|_| format!("{value:?} isn't the ID of a call, such as req_01jd8k…"))?;
                set(&mut self.call, call, qualifier)
            }
            SearchQualifier::Text => set(&mut self.text, value.to_owned(), qualifier),
        }
    }

    /// Writes the search as [`parse`](Self::parse) reads it, with names where they are known and no two are the same.
    pub fn print(&self, names: &SearchNames) -> String {
        let Filter { projects, api_keys, members, models, services, endpoints, providers, statuses, tags } =
            &self.filter;
        let mut printed = PrintedTerms::default();
        printed.add(SearchQualifier::Status, statuses);
        printed.add(SearchQualifier::Model, models);
        printed.add(SearchQualifier::Key, api_keys.iter().map(|id| name_of(*id, &names.api_keys())));
        printed.add(SearchQualifier::Project, projects.iter().map(|id| name_of(*id, &names.projects())));
        printed.add(SearchQualifier::Member, members.iter().map(|id| name_of(*id, &names.members())));
        printed.add(SearchQualifier::Service, services);
        printed.add(SearchQualifier::Endpoint, endpoints);
        printed.add(SearchQualifier::Provider, providers);
        for tag in tags {
            printed.add(format_args!("{}{}", Self::TAG_PREFIX, tag.name), [&tag.value]);
        }
        let Bounds { min, max } = self.bounds.cost;
        let nanos = Bounds { min: min.map(Money::nanos), max: max.map(Money::nanos) };
        printed.add(SearchQualifier::Cost, Quantity::Cost.print(nanos));
        printed.add(SearchQualifier::Latency, Quantity::Latency.print(self.bounds.duration_us));
        printed.add(SearchQualifier::Tokens, Quantity::Tokens.print(self.bounds.tokens));
        printed.add(SearchQualifier::Id, self.call);
        printed.add(SearchQualifier::Text, &self.text);
        printed.0
    }
}

/// Terms, with spaces between them.
#[derive(Default)]
struct PrintedTerms(String);

impl PrintedTerms {
    fn add<V: ToString>(&mut self, qualifier: impl fmt::Display, values: impl IntoIterator<Item = V>) {
        for value in values {
            let space = if self.0.is_empty() { "" } else { " " };
            self.0.push_str(&format!("{space}{qualifier}:{}", quoted(&value.to_string())));
        }
    }
}

/// Adds a value to those of a dimension, unless it is there.
fn push<T: PartialEq>(values: &mut Vec<T>, value: T) -> Result<(), String> {
    if values.contains(&value) {
        return Ok(());
    }
    if values.len() >= Filter::MAX_VALUES {
        return Err(format!("A filter has at most {} values.", Filter::MAX_VALUES));
    }
    values.push(value);
    Ok(())
}

/// Sets a value that a search can have once.
fn set<T: PartialEq>(place: &mut Option<T>, value: T, qualifier: SearchQualifier) -> Result<(), String> {
    if place.as_ref().is_some_and(|other| *other != value) {
        return Err(format!("A search has one {qualifier} only."));
    }
    *place = Some(value);
    Ok(())
}

/// Finds the ID that `value` is, or whose name it is.
fn find<I: Copy + FromStr + PartialEq>(value: &str, known: &[(I, &str)], noun: &str) -> Result<I, String> {
    if let Ok(id) = value.parse() {
        return Ok(id);
    }
    let mut found = known.iter().filter(|(_, name)| *name == value).map(|(id, _)| *id);
    let first = found.next().ok_or_else(|| format!("There is no {noun} named {value:?} that you may see."))?;
    if found.any(|other| other != first) {
        return Err(format!("There are several {noun}s named {value:?}. Choose one from the list."));
    }
    Ok(first)
}

/// The name of `id` if it is known and only that of this one, or else the ID.
fn name_of<I: Copy + fmt::Display + FromStr + PartialEq>(id: I, known: &[(I, &str)]) -> String {
    let is_fit = |name: &str| {
        find(name, known, "").is_ok_and(|found| found == id)
            && (1..=MAX_VALUE_LENGTH).contains(&name.len())
            && !name.contains(char::is_control)
    };
    let name = known.iter().find(|(other, name)| *other == id && is_fit(name)).map(|(_, name)| *name);
    name.map_or_else(|| id.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
