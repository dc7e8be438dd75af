//! The log's address with values added and taken away.

use domain::{
    calls::{Bounds, CallBounds, SearchNames, SearchText},
    usage::{Filter, Group, StatusFilter},
};
use leptos::prelude::*;

use super::{CallsHref, outcome::COST_DECIMALS};
use crate::{
    addresses::LogsAddress,
    components::{Chip, format_count, format_dollars, format_duration},
    pages::usage::dimension_name,
};

/// The page, to be narrowed or widened.
#[derive(Clone, Copy)]
pub(super) struct NarrowedPage {
    pub address: Memo<LogsAddress>,
    pub href: CallsHref,
    /// Whether the page is that of one key, which its filter always names.
    pub of_key: bool,
}

impl NarrowedPage {
    /// The search that the address says, without what the page itself is narrowed to.
    pub(super) fn search(&self) -> SearchText {
        let mut search = self.address.with(LogsAddress::search);
        if self.of_key {
            search.filter.api_keys.clear();
        }
        SearchText { call: None, ..search }
    }

    /// The page's address with another search.
    pub(super) fn href(&self, mut search: SearchText) -> String {
        let address = self.address.get();
        if self.of_key {
            search.filter.api_keys.clone_from(&address.filter.api_keys);
        }
        // Another filter changes the list, so the open call is closed.
        self.href.run((address.with_search(search),))
    }

    /// The page's address with a value of a dimension added, or taken away if it is there; `None` for what can't be a
    /// value.
    pub(super) fn toggled(&self, dimension: &Group, value: &str) -> Option<String> {
        let search = self.search();
        let filter = toggled(&search.filter, dimension, value)?;
        Some(self.href(SearchText { filter, ..search }))
    }

    /// A chip for each value that narrows the page.
    pub(super) fn chips(&self, names: &SearchNames) -> Vec<Chip> {
        let search = self.search();
        let mut chips = Vec::new();
        for (dimension, value, label) in values(&search.filter, names) {
            let filter = search.filter.without_value(&dimension, &value);
            let remove_href = self.href(SearchText { filter, ..search.clone() });
            chips.push(Chip { name: dimension_name(&dimension), value: label, remove_href });
        }
        for (name, value, bounds) in bound_texts(&search.bounds) {
            chips.push(Chip { name, value, remove_href: self.href(SearchText { bounds, ..search.clone() }) });
        }
        if let Some(text) = &search.text {
            let remove_href = self.href(SearchText { text: None, ..search.clone() });
            chips.push(Chip { name: "Text", value: text.clone(), remove_href });
        }
        chips
    }
}

/// What narrows a list of calls, as text: `Model: gpt-5, Cost: ≥ $0.01`; empty for all calls.
pub(super) fn describe(search: &SearchText, names: &SearchNames) -> String {
    let values = values(&search.filter, names).into_iter();
    let values = values.map(|(dimension, _, label)| (dimension_name(&dimension), label));
    let bounds = bound_texts(&search.bounds).into_iter().map(|(name, text, _)| (name, text));
    let text = search.text.iter().map(|text| ("Text", text.clone()));
    values.chain(bounds).chain(text).map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

/// All values of a filter: the dimension, the value as in addresses, and its label.
fn values(filter: &Filter, names: &SearchNames) -> Vec<(Group, String, String)> {
    let mut values = Vec::new();
    for dimension in filter.dimensions() {
        for value in filter.values(&dimension) {
            let label = label(&dimension, &value, names).unwrap_or_else(|| value.clone());
            values.push((dimension.clone(), value, label));
        }
    }
    values
}

/// What people read instead of a value, if that differs; the latest name of an ID is the one it has.
fn label(dimension: &Group, value: &str, names: &SearchNames) -> Option<String> {
    match dimension {
        Group::Project => {
            names.projects.iter().rfind(|project| project.id.to_string() == value).map(|project| project.name.clone())
        }
        Group::ApiKey => names.api_keys.iter().rfind(|key| key.id.to_string() == value).map(|key| key.name.clone()),
        Group::Member => {
            names.members.iter().rfind(|member| member.id.to_string() == value).map(|member| member.name.clone())
        }
        Group::Status => value.parse::<StatusFilter>().ok().map(StatusFilter::label),
        Group::Tag(name) => Some(format!("{name}:{value}")),
        Group::Model | Group::Service | Group::Endpoint | Group::Provider => None,
    }
}

/// The bounds that there are: the chip's name, their text, and all bounds without them.
fn bound_texts(bounds: &CallBounds) -> Vec<(&'static str, String, CallBounds)> {
    let CallBounds { cost, duration_us, tokens } = bounds;
    let mut texts = Vec::new();
    if let Some(text) = bound_text(*cost, |cost| format_dollars(cost, COST_DECIMALS)) {
        texts.push(("Cost", text, CallBounds { cost: Bounds::default(), ..bounds.clone() }));
    }
    if let Some(text) = bound_text(*duration_us, format_duration) {
        texts.push(("Latency", text, CallBounds { duration_us: Bounds::default(), ..bounds.clone() }));
    }
    if let Some(text) = bound_text(*tokens, format_count) {
        texts.push(("Tokens", text, CallBounds { tokens: Bounds::default(), ..bounds.clone() }));
    }
    texts
}

/// The text of bounds, such as `≥ 2.00 s`; `None` without any.
fn bound_text<T>(Bounds { min, max }: Bounds<T>, format: impl Fn(T) -> String) -> Option<String> {
    match (min.map(&format), max.map(&format)) {
        (None, None) => None,
        (Some(min), None) => Some(format!("≥ {min}")),
        (None, Some(max)) => Some(format!("≤ {max}")),
        (Some(min), Some(max)) => Some(format!("{min} – {max}")),
    }
}

/// The filter with a value of a dimension added, or taken away if it is there; `None` for what can't be a value.
fn toggled(filter: &Filter, dimension: &Group, value: &str) -> Option<Filter> {
    let is_chosen = filter.values(dimension).iter().any(|other| other == value);
    if is_chosen { Some(filter.without_value(dimension, value)) } else { filter.with_value(dimension, value) }
}
