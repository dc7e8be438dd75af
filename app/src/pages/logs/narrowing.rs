//! The log's address with values added and taken away.

use std::str::FromStr;

use domain::{
    calls::{Bounds, CallBounds, SearchNames, SearchText},
    usage::{Filter, Group},
};
use leptos::prelude::*;

use super::{
    CallsHref, chosen_filter,
    outcome::{COST_DECIMALS, status_label},
};
use crate::{
    addresses::LogsAddress,
    components::{Chip, format_count, format_dollars, format_duration},
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
        self.address.with(|address| SearchText {
            filter: chosen_filter(&address.filter, self.of_key),
            bounds: address.bounds.clone(),
            text: address.text.clone(),
            call: None,
        })
    }

    /// The page's address with another search.
    pub(super) fn href(&self, search: SearchText) -> String {
        let address = self.address.get();
        let SearchText { mut filter, bounds, text, call } = search;
        if self.of_key {
            filter.api_keys.clone_from(&address.filter.api_keys);
        }
        // Another filter changes the list, so the open call is closed.
        self.href.run((LogsAddress { filter, bounds, text, call, ..address },))
    }

    /// The page's address with a value of a dimension added, or taken away if it is there; `None` for what can't be a
    /// value.
    pub(super) fn toggled(&self, dimension: &Group, value: &str) -> Option<String> {
        let search = self.search();
        let filter = toggled(search.filter.clone(), dimension, value)?;
        Some(self.href(SearchText { filter, ..search }))
    }

    /// A chip for each value that narrows the page.
    pub(super) fn chips(&self, names: &SearchNames) -> Vec<Chip> {
        let search = self.search();
        let mut chips = Vec::new();
        for (name, dimension, value, label) in values(&search.filter, names) {
            let Some(filter) = toggled(search.filter.clone(), &dimension, &value) else { continue };
            let remove_href = self.href(SearchText { filter, ..search.clone() });
            chips.push(Chip { name, value: label, remove_href });
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

/// All values of a filter: the chip's name, the dimension, the value as in addresses, and its label.
fn values(filter: &Filter, names: &SearchNames) -> Vec<(&'static str, Group, String, String)> {
    let Filter { projects, api_keys, members, models, services, endpoints, providers, statuses, tags } = filter;
    let mut values = Vec::new();
    let mut add = |name, dimension: Group, value: String, label: String| values.push((name, dimension, value, label));
    for id in projects {
        let label = names.projects.iter().rfind(|project| project.id == *id).map(|project| project.name.clone());
        add("Project", Group::Project, id.to_string(), label.unwrap_or_else(|| id.to_string()));
    }
    for id in api_keys {
        let label = names.api_keys.iter().rfind(|key| key.id == *id).map(|key| key.name.clone());
        add("Key", Group::ApiKey, id.to_string(), label.unwrap_or_else(|| id.to_string()));
    }
    for id in members {
        let label = names.members.iter().rfind(|member| member.id == *id).map(|member| member.name.clone());
        add("Member", Group::Member, id.to_string(), label.unwrap_or_else(|| id.to_string()));
    }
    for model in models {
        add("Model", Group::Model, model.clone(), model.clone());
    }
    for service in services {
        add("Service", Group::Service, service.name().to_owned(), service.name().to_owned());
    }
    for endpoint in endpoints {
        add("Endpoint", Group::Endpoint, endpoint.clone(), endpoint.clone());
    }
    for provider in providers {
        add("Provider", Group::Provider, provider.clone(), provider.clone());
    }
    for status in statuses {
        add("Status", Group::Status, status.to_string(), status_label(*status));
    }
    for tag in tags {
        add("Tag", Group::Tag(tag.name.clone()), tag.value.clone(), tag.to_string());
    }
    values
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
fn toggled(mut filter: Filter, dimension: &Group, value: &str) -> Option<Filter> {
    if value.is_empty() {
        return None;
    }
    match dimension {
        Group::Model => toggle(&mut filter.models, value)?,
        Group::ApiKey => toggle(&mut filter.api_keys, value)?,
        Group::Project => toggle(&mut filter.projects, value)?,
        Group::Member => toggle(&mut filter.members, value)?,
        Group::Service => toggle(&mut filter.services, value)?,
        Group::Endpoint => toggle(&mut filter.endpoints, value)?,
        Group::Provider => toggle(&mut filter.providers, value)?,
        Group::Status => toggle(&mut filter.statuses, value)?,
        Group::Tag(name) => toggle(&mut filter.tags, &format!("{name}:{value}"))?,
    }
    Some(filter)
}

fn toggle<T: FromStr + PartialEq>(values: &mut Vec<T>, value: &str) -> Option<()> {
    let value: T = value.parse().ok()?;
    match values.iter().position(|other| *other == value) {
        Some(index) => drop(values.remove(index)),
        None => values.push(value),
    }
    Some(())
}
