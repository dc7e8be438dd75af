//! The searchable list of values by which usage can be filtered.

use leptos::{html, prelude::*};

use super::{
    filter_menu::FilterPanel,
    filter_options::{FilterOption, filter_options},
};
use crate::{
    components::{Icon, ListedOption, OptionField, OptionList, OptionListView},
    lean::watch,
    state::{use_go, use_organization},
};

/// The content of the [`FilterPanel`] in the context: a search field, and the values that match.
#[component]
pub fn UsageFilters() -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let panel = expect_context::<FilterPanel>();
    let FilterPanel { address, open, .. } = panel;
    let input = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let (options, is_searching) = filter_options(open, typed, address);
    let choose = move |index: usize| {
        let Some(option) = options.with_untracked(|options| options.get(index).cloned()) else { return };
        if let Some(panel) = panel.element.get_untracked() {
            let _ = panel.hide_popover();
        }
        let mut address = address.get_untracked();
        address.query.filter = option.filter;
        address.query.all_groups = false;
        go.to(address.href(&organization.slug()));
    };
    let listed = move || {
        let option = |option: FilterOption| ListedOption {
            group: option.kind,
            icon: option.chosen.then_some(Icon::Check),
            label: option.name,
            detail: option.detail,
            ..ListedOption::default()
        };
        options.get().into_iter().map(option).collect()
    };
    let list = OptionList::new(Signal::derive(listed), choose);
    watch(move || {
        let is_open = open.get();
        typed.set(String::new());
        list.reset();
        if let Some(input) = input.get().filter(|_| is_open) {
            let _ = input.focus();
        }
    });
    let nothing_found = move || {
        let is_searched = open.get() && !is_searching.get() && options.with(Vec::is_empty);
        is_searched.then(|| format!("No results for “{}”", typed.get()))
    };
    view! {
        <OptionField
            list
            typed
            input
            class="input"
            label="Search models, keys, projects, members and more"
            placeholder="Model, key, status, customer:acme…"
        />
        <OptionListView list label="Filters"/>
        <p role="status">{nothing_found}</p>
    }
}
