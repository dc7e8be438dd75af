//! The values by which usage can be filtered.

use domain::{
    api_keys::KeyQuery,
    calls::{CallQuery, SearchText},
    models::Service,
    permissions::Permission,
    usage::{Filter, Group, TagCount, TagFilter, TagName, UsageQuery},
};
use leptos::prelude::*;

use super::{chips::value_name, filter_names::named_groups};
use crate::{
    addresses::UsageAddress,
    api,
    lean::lower_case,
    state::{debounced, load_into, load_when, use_organization},
};

/// Number of options of one kind that are listed before anything is typed, and afterwards.
const MAX_UNTYPED: usize = 5;
const MAX_TYPED: usize = 25;
/// Statuses that are offered; others are found by typing them.
const STATUSES: [&str; 8] = ["errors", "succeeded", "failed", "interrupted", "refused", "2xx", "4xx", "5xx"];
/// Dimensions whose values come from the usage of the range.
const USED: [(Group, &str); 4] = [
    (Group::Model, "Models"),
    (Group::Endpoint, "Endpoints"),
    (Group::Provider, "Providers"),
    (Group::Member, "Members"),
];

/// A value of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilterOption {
    /// Heading of the options of its kind: `Models`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Distinguishes the option from others of equal name.
    pub(super) detail: String,
    /// Whether the page is filtered by it.
    pub(super) chosen: bool,
    /// The page's filter with this value, or without it if it is chosen.
    pub(super) filter: Filter,
}

/// The options found so far, of the words that were typed.
struct Found<'a> {
    filter: &'a Filter,
    words: Vec<String>,
    options: Vec<FilterOption>,
}

impl Found<'_> {
    fn matches(&self, text: &str) -> bool {
        let text = lower_case(text);
        self.words.iter().all(|word| text.contains(word.as_str()))
    }

    /// Adds the values whose name or detail match: each is a value, its name and a detail.
    fn add(&mut self, kind: &'static str, group: &Group, values: impl Iterator<Item = (String, String, String)>) {
        let most = if self.words.is_empty() { MAX_UNTYPED } else { MAX_TYPED };
        let mut count = 0;
        for (value, name, detail) in values {
            if count == most {
                break;
            }
            if !self.matches(&format!("{name} {detail}")) {
                continue;
            }
            let added = self.filter.with_value(group, &value);
            let chosen = added.is_none();
            let filter = added.unwrap_or_else(|| self.filter.without_value(group, &value));
            self.options.push(FilterOption { kind, name, detail, chosen, filter });
            count += 1;
        }
    }
}

/// The options that contain the typed text: what was used in the range, keys, projects, services and statuses; and any status
/// or tag that is typed in full. The server searches the keys, and the values of a tag, since there may be thousands; whether
/// it still does, comes second.
pub(super) fn filter_options(
    open: RwSignal<bool>,
    typed: RwSignal<String>,
    address: Memo<UsageAddress>,
) -> (Memo<Vec<FilterOption>>, Signal<bool>) {
    let organization = use_organization();
    let searched = debounced(typed);
    let query = Memo::new(move |_| address.with(|address| address.query.clone()));
    let used = USED.map(|(group, kind)| {
        let dimension = group.clone();
        let report = load_when(move || {
            let query = query.get();
            // Other values of a dimension are found without the ones that are chosen.
            let filter = query.filter.with_values(&dimension, &[]).unwrap_or_default();
            let query = UsageQuery { group: dimension.clone(), all_groups: true, filter, compare: None, ..query };
            open.get().then(|| api::usage::Report { organization: organization.slug(), query })
        });
        (group, kind, report)
    });
    let keys = load_when(move || {
        let searches_keys = open.get() && organization.may(Permission::ViewApiKeys);
        let query = KeyQuery { search: searched.get(), ..KeyQuery::default() };
        searches_keys.then(|| api::api_keys::List { organization: organization.slug(), query })
    });
    let requested = StoredValue::new(None::<TagName>);
    let listed_tags = RwSignal::new(Vec::<TagFilter>::new());
    load_into(
        move || {
            let may_list = open.get() && organization.may(Permission::ViewLogs);
            let tag = tag_text(&searched.get()).parse::<TagFilter>().ok().filter(|_| may_list)?;
            requested.set_value(Some(tag.name.clone()));
            let UsageQuery { range, time_zone, filter, .. } = query.get();
            let query = CallQuery { range: Some(range), time_zone, filter, ..CallQuery::default() };
            let text = format!("{}{tag}", SearchText::TAG_PREFIX);
            Some(api::calls::Suggest { organization: organization.slug(), query, text })
        },
        move |suggestions| {
            let Some(name) = requested.get_value() else { return };
            let tag = |tag: TagCount| TagFilter { name: name.clone(), value: tag.text };
            listed_tags.set(suggestions.tags.tags.into_iter().map(tag).collect());
        },
    );
    let is_searching = Signal::derive(move || {
        keys.progress().is_waiting() || typed.with(|typed| searched.with(|searched| typed != searched))
    });
    let options = Memo::new(move |_| {
        let filter = query.with(|query| query.filter.clone());
        let typed = typed.get();
        let words = lower_case(&typed).split_whitespace().map(str::to_owned).collect();
        let mut found = Found { filter: &filter, words, options: Vec::new() };
        let plain = |(value, name): (String, String)| (value, name, String::new());
        let add_used = |found: &mut Found<'_>, index: usize| {
            let (group, kind, report) = &used[index];
            let values = report.with(|report| report.map(named_groups).unwrap_or_default());
            found.add(kind, group, values.into_iter().map(plain));
        };
        add_used(&mut found, 0);
        keys.with(|keys| {
            // The answer may be to what was typed before; a description is searched too.
            let keys = keys.into_iter().flat_map(|page| &page.keys);
            let keys = keys.filter(|key| found.matches(&format!("{} {} {}", key.name, key.masked, key.description)));
            let values: Vec<_> = keys
                .map(|key| (key.id.to_string(), key.name.clone(), format!("{} {}", key.masked, key.description)))
                .collect();
            add_keys(&mut found, values);
        });
        organization.projects.with(|projects| {
            let projects = projects.into_iter().flatten();
            let values = projects.map(|project| (project.id.to_string(), project.name.clone(), String::new()));
            found.add("Projects", &Group::Project, values);
        });
        (1..USED.len()).for_each(|index| add_used(&mut found, index));
        let services = Service::ALL.iter().map(|service| service.name().to_owned());
        found.add("Services", &Group::Service, services.map(|name| fixed(&Group::Service, name)));
        let is_code = typed.trim().len() == 3 && !STATUSES.contains(&typed.trim());
        let code =
            is_code.then(|| typed.trim().to_owned()).filter(|code| filter.with_value(&Group::Status, code).is_some());
        let statuses = STATUSES.iter().map(|status| (*status).to_owned()).chain(code);
        found.add("Statuses", &Group::Status, statuses.map(|name| fixed(&Group::Status, name)));
        add_tags(&mut found, &typed, listed_tags.get());
        found.options
    });
    (options, is_searching)
}

/// Adds keys that match already, without what their descriptions say.
fn add_keys(found: &mut Found<'_>, values: Vec<(String, String, String)>) {
    let before = found.options.len();
    found.add("Keys", &Group::ApiKey, values.into_iter());
    for option in &mut found.options[before..] {
        option.detail = option.detail.split(' ').next().unwrap_or_default().to_owned();
    }
}

/// Adds the tags that are chosen, the one that is typed, such as `customer:acme` or `tag.customer:acme`, and those of the server's
/// that fit what is typed.
fn add_tags(found: &mut Found<'_>, typed: &str, listed: Vec<TagFilter>) {
    let typed = tag_text(typed);
    let mut tags = found.filter.tags.clone();
    tags.retain(|tag| tag.to_string().contains(typed));
    if let Ok(typed) = typed.parse::<TagFilter>() {
        let part = lower_case(&typed.value);
        // The answer may be to what was typed before.
        let fits = |tag: &TagFilter| tag.name == typed.name && lower_case(&tag.value).contains(&part);
        let listed = listed.into_iter().filter(fits);
        for tag in std::iter::once(typed.clone()).chain(listed) {
            if !found.filter.tags.contains(&tag) && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    let words = std::mem::take(&mut found.words);
    for tag in tags.into_iter().filter(|tag| !tag.value.is_empty()).take(MAX_TYPED) {
        let group = Group::Tag(tag.name);
        let name = value_name(&group, &tag.value);
        found.add("Tags", &group, std::iter::once((tag.value, name, String::new())));
    }
    found.words = words;
}

/// What is typed as the text of a tag, such as `customer:acme`, without its qualifier in the log.
fn tag_text(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_prefix(SearchText::TAG_PREFIX).unwrap_or(typed)
}

/// A value that has no name but its own.
fn fixed(group: &Group, value: String) -> (String, String, String) {
    let name = value_name(group, &value);
    let detail = if lower_case(&name) == value { String::new() } else { value.clone() };
    (value, name, detail)
}
