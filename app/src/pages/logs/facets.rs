//! Values by which the calls can be narrowed, with their counts: a column beside the list, or a part of the sheet of
//! filters.

use domain::{
    calls::{Facet, FacetValue, Facets},
    errors::ApiError,
    usage::Group,
};
use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry};

use super::narrowing::NarrowedPage;
use crate::{
    addresses::LogsAddress,
    api,
    components::{Icon, IconView, Name, bar_width, format_compact, format_count},
    lean::{CollectAny, watch},
    state::{QueryState, load_when, use_live, use_organization},
};

/// Number of values of a dimension that are shown before more are asked for.
const FEW_VALUES: usize = 6;

/// The facets of the listed calls.
#[derive(Clone, Copy)]
pub(super) struct CallFacets {
    answer: QueryState<Facets>,
    /// The element that shows them.
    element: NodeRef<html::Section>,
    /// Whether they were asked for where there is no room for them beside the list.
    shown: RwSignal<bool>,
}

impl CallFacets {
    /// Counts the calls of the address once the facets are seen, or if they know names that the page shows.
    pub(super) fn new(address: Memo<LogsAddress>) -> Self {
        let organization = use_organization();
        let element = NodeRef::new();
        let is_seen = observe_seen(element);
        let needs_names = Memo::new(move |_| {
            address.with(|address| !address.filter.api_keys.is_empty() || !address.filter.members.is_empty())
        });
        let query = Memo::new(move |_| address.with(|address| address.calls(None)));
        let answer = load_when(move || {
            let is_wanted = is_seen.get() || needs_names.get();
            is_wanted.then(|| api::calls::Facets { organization: organization.slug(), query: query.get() })
        });
        use_live().follow(move || {
            if is_seen.get_untracked() {
                answer.refresh();
            }
        });
        Self { answer, element, shown: RwSignal::new(false) }
    }

    pub(super) fn answer(&self) -> QueryState<Facets> {
        self.answer
    }
}

/// The facets, each a list of values that can be folded.
#[component]
pub(super) fn FacetColumn(facets: CallFacets, page: NarrowedPage) -> impl IntoView {
    let dimensions = Group::FIXED.into_iter().filter(|group| {
        // The calls of a key have one key, project and member.
        !page.of_key || !matches!(group, Group::ApiKey | Group::Project | Group::Member)
    });
    let tags = Memo::new(move |_| {
        facets.answer.with(|facets| {
            let dimensions = facets.into_iter().flat_map(|facets| &facets.facets).map(|facet| facet.dimension.clone());
            dimensions.filter(|dimension| matches!(dimension, Group::Tag(_))).collect::<Vec<_>>()
        })
    });
    let list = move |dimension: Group| view! { <FacetList facets=facets.answer dimension page/> };
    let note = move || {
        let note = facets.answer.with(|facets| {
            let facets = facets?;
            match (facets.ignores_bounds, facets.is_partial) {
                (true, _) => Some("Counts leave out bounds, tags and text."),
                (false, true) => Some("Counts may leave out rare values and older tags."),
                (false, false) => None,
            }
        });
        note.map(|note| view! { <p class="faint">{note}</p> }.into_any())
    };
    // The list itself says why the server rejects a filter.
    let has_failed = Memo::new(move |_| {
        facets.answer.progress().error().is_some_and(|error| !matches!(error, ApiError::Invalid(_)))
    });
    let failure = move || {
        has_failed.get().then(|| {
            view! {
                <p role="alert">
                    "The calls couldn't be counted. "
                    <button type="button" class="link" on:click=move |_| facets.answer.retry()>"Try again"</button>
                </p>
            }
            .into_any()
        })
    };
    view! {
        <button
            type="button"
            class="button quiet facets-button"
            aria-expanded=move || facets.shown.get().to_string()
            on:click=move |_| facets.shown.update(|shown| *shown = !*shown)
        >
            <IconView icon=Icon::Filter/>
            "Facets"
        </button>
        <section
            class="facets"
            class:shown=move || facets.shown.get()
            aria-label="Values to filter by"
            aria-busy=move || facets.answer.progress().is_waiting().then_some("true")
            node_ref=facets.element
        >
            {dimensions.map(list).collect_any()}
            {move || tags.get().into_iter().map(list).collect_any()}
            {note}
            {failure}
        </section>
    }
}

/// The values of one dimension, the chosen and the most frequent first.
#[component]
fn FacetList(facets: QueryState<Facets>, dimension: Group, page: NarrowedPage) -> impl IntoView {
    let label = match &dimension {
        Group::Tag(name) => format!("Tag {name}"),
        _ => dimension.label().to_owned(),
    };
    let facet = {
        let dimension = dimension.clone();
        Memo::new(move |_| facets.with(|facets| facets.and_then(|facets| facets.get(&dimension)).cloned()))
    };
    let is_long = RwSignal::new(false);
    let count = move || facet.with(|facet| facet.as_ref().map_or(0, |facet| facet.values.len()));
    let values = move || {
        let Some(Facet { values, .. }) = facet.get() else { return Vec::new() };
        let most = values.iter().map(|value| value.calls).max().unwrap_or_default();
        // Chosen values are among the first.
        let shown = if is_long.get() { values.len() } else { FEW_VALUES };
        values.into_iter().take(shown).map(|value| value_link(&value, most, &dimension, page)).collect_any()
    };
    let more = move || {
        let hidden = count().saturating_sub(FEW_VALUES);
        (hidden > 0).then(|| {
            view! {
                <button
                    type="button"
                    class="link"
                    aria-expanded=move || is_long.get().to_string()
                    on:click=move |_| is_long.update(|is_long| *is_long = !*is_long)
                >
                    {move || if is_long.get() { "Fewer".to_owned() } else { format!("{hidden} more") }}
                </button>
            }
            .into_any()
        })
    };
    let are_others = move || is_long.get() && facet.with(|facet| facet.as_ref().is_some_and(|facet| facet.more));
    view! {
        <details class="facet" open hidden=move || count() == 0>
            <summary>{label} <IconView icon=Icon::ChevronDown/></summary>
            <ul role="list">{values}</ul>
            {more}
            {move || are_others().then(|| view! { <p class="faint">"Search for others."</p> }.into_any())}
        </details>
    }
}

/// A value as a link that narrows the page to it, or widens it again.
fn value_link(value: &FacetValue, most: i64, dimension: &Group, page: NarrowedPage) -> AnyView {
    let FacetValue { value: text, label, calls, is_chosen } = value.clone();
    let href = page.toggled(dimension, &text);
    let name = if label.is_empty() { "None".to_owned() } else { label };
    let mark = is_chosen.then(|| view! { <IconView icon=Icon::Check/> });
    let noun = if calls == 1 { " call" } else { " calls" };
    view! {
        <li>
            <a class="facet-value" href=href aria-current=is_chosen.then_some("true")>
                <span class="facet-mark" aria-hidden="true">{mark}</span>
                <Name name/>
                <span class="facet-count" title=format_count(calls)>
                    {format_compact(calls)} <span class="visually-hidden">{noun}{is_chosen.then_some(", chosen")}</span>
                </span>
                <i aria-hidden="true" style:inline-size=bar_width(calls, most)></i>
            </a>
        </li>
    }
    .into_any()
}

/// Whether an element has been on the screen.
fn observe_seen(element: NodeRef<html::Section>) -> RwSignal<bool> {
    let is_seen = RwSignal::new(false);
    watch(move || {
        let Some(element) = element.get() else { return };
        let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last = entries.iter().last().and_then(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok());
            if last.is_some_and(|entry| entry.is_intersecting()) && !is_seen.get_untracked() {
                is_seen.set(true);
            }
        });
        let Ok(observer) = IntersectionObserver::new(callback.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        let observation = StoredValue::new_local((observer, callback));
        on_cleanup(move || observation.with_value(|(observer, _)| observer.disconnect()));
    });
    is_seen
}
