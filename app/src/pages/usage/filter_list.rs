//! The searchable list of values by which usage can be filtered.

use leptos::{ev, html, prelude::*};

use super::{
    filter_menu::FilterPanel,
    filter_options::{FilterOption, filter_options},
};
use crate::{
    components::{Name, unique_id},
    lean::{CollectAny, watch},
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
    let marked = RwSignal::new(0_usize);
    let options = filter_options(open, typed, address);
    let list = unique_id("filter-list");
    watch(move || {
        let is_open = open.get();
        typed.set(String::new());
        marked.set(0);
        if let Some(input) = input.get().filter(|_| is_open) {
            let _ = input.focus();
        }
    });
    let choose = move |option: FilterOption| {
        if let Some(panel) = panel.element.get_untracked() {
            let _ = panel.hide_popover();
        }
        let mut address = address.get_untracked();
        address.query.filter = option.filter;
        go.to(address.href(&organization.slug()));
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let count = options.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => marked.update(|marked| *marked = (*marked + 1) % count),
            "ArrowUp" if count > 0 => marked.update(|marked| *marked = (*marked + count - 1) % count),
            "Enter" => {
                let option = options.with_untracked(|options| options.get(marked.get_untracked()).cloned());
                option.into_iter().for_each(choose);
            }
            _ => return,
        }
        event.prevent_default();
        request_animation_frame(move || scroll_to_marked(panel.element));
    };
    let items = {
        let list = list.clone();
        move || {
            let mut kind = "";
            let item = |(index, option): (usize, FilterOption)| {
                let heading =
                    (option.kind != kind).then(|| view! { <li role="presentation">{option.kind}</li> }.into_any());
                kind = option.kind;
                let (name, detail) = (option.name.clone(), option.detail.clone());
                view! {
                    {heading}
                    <li
                        role="option"
                        id=format!("{list}-{index}")
                        aria-selected=move || (marked.get() == index).to_string()
                        on:click=move |_| choose(option.clone())
                    >
                        <Name name/>
                        <small>{detail}</small>
                    </li>
                }
            };
            options.get().into_iter().enumerate().map(item).collect_any()
        }
    };
    let active = {
        let list = list.clone();
        move || options.with(|options| (!options.is_empty()).then(|| format!("{list}-{}", marked.get())))
    };
    let nothing_found = move || {
        let is_searched = open.get() && options.with(Vec::is_empty);
        is_searched.then(|| format!("No results for “{}”", typed.get()))
    };
    view! {
        <input
            node_ref=input
            class="input"
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls=list.clone()
            aria-activedescendant=active
            aria-label="Search models, keys and projects"
            aria-autocomplete="list"
            autocomplete="off"
            placeholder="Model, key or project"
            prop:value=move || typed.get()
            on:input=move |event| {
                typed.set(event_target_value(&event));
                marked.set(0);
            }
            on:keydown=on_keydown
        />
        <ul role="listbox" id=list aria-label="Filters">{items}</ul>
        <p role="status">{nothing_found}</p>
    }
}

fn scroll_to_marked(panel: NodeRef<html::Div>) {
    let marked = panel.get_untracked().and_then(|panel| panel.query_selector("[aria-selected=true]").ok().flatten());
    if let Some(marked) = marked {
        let nearest = web_sys::ScrollIntoViewOptions::new();
        nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
        marked.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}
