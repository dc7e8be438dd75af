//! Sections of a page of forms, with an index at the side.

use leptos::{leptos_dom::helpers::window_event_listener_untyped, prelude::*};

use crate::lean::{CollectAny, watch};

/// Distance from the top of the window at which a section counts as reached, in CSS pixels: below the header.
const TOP_EDGE: f64 = 120.0;

/// A section of a page of forms: title and description beside its fields.
#[component]
pub fn Section(
    /// Its id, by which the index and other pages link to it.
    id: &'static str,
    title: &'static str,
    description: &'static str,
    /// For a table: the title is above instead of beside.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-heading");
    let labelled_by = heading.clone();
    let content = if wide { children() } else { view! { <div class="section-body">{children()}</div> }.into_any() };
    view! {
        <section class="card section" class:wide=wide id=id aria-labelledby=labelled_by>
            <header>
                <h2 id=heading>{title}</h2>
                <p>{description}</p>
            </header>
            {content}
        </section>
    }
}

/// A page's [`Section`]s in a column, and on wide screens an index of them, which marks the one in view.
#[component]
pub fn Sections(
    /// Ids and titles of the sections, from the top.
    index: &'static [(&'static str, &'static str)],
    children: Children,
) -> impl IntoView {
    let current = RwSignal::new(section_in_view(index));
    for event in ["scroll", "hashchange"] {
        let listener = window_event_listener_untyped(event, move |_| {
            let now = section_in_view(index);
            if current.get_untracked() != now {
                current.set(now);
            }
        });
        on_cleanup(move || listener.remove());
    }
    // The browser looks for a link's section only in the page's own HTML.
    watch(|| {
        if let Some(target) = hash_target() {
            target.scroll_into_view();
        }
    });
    let link = |&(id, title): &(&'static str, &'static str)| {
        let mark = move || (current.get() == id).then_some("location");
        view! { <li><a href=format!("#{id}") aria-current=mark>{title}</a></li> }
    };
    view! {
        <div class="sections">
            <div class="sections-column">{children()}</div>
            <nav class="section-index" aria-label="On this page">
                <ul role="list">{index.iter().map(link).collect_any()}</ul>
            </nav>
        </div>
    }
}

/// The element that the address's fragment names.
fn hash_target() -> Option<web_sys::Element> {
    let hash = window().location().hash().ok()?;
    document().get_element_by_id(hash.strip_prefix('#')?)
}

/// Id of the last section that has reached the top of the window. At the page's end, where the last ones can't reach
/// it, it is the one that the address names, if its title is in the window, or else the last.
fn section_in_view(index: &[(&'static str, &'static str)]) -> &'static str {
    let top = |id: &str| document().get_element_by_id(id).map(|section| section.get_bounding_client_rect().top());
    let ids = || index.iter().map(|(id, _)| *id);
    if is_at_end() {
        let target = hash_target().map(|target| target.id());
        let is_target = |&id: &&'static str| target.as_deref() == Some(id) && top(id).is_some_and(|top| top >= 0.0);
        return ids().find(is_target).or_else(|| ids().next_back()).unwrap_or_default();
    }
    let is_reached = |&id: &&'static str| top(id).is_some_and(|top| top <= TOP_EDGE);
    ids().rev().find(is_reached).or_else(|| ids().next()).unwrap_or_default()
}

/// Whether the page is scrolled, and can't be scrolled further.
fn is_at_end() -> bool {
    let (Ok(scrolled), Some(page)) = (window().scroll_y(), document().document_element()) else { return false };
    scrolled > 0.0 && scrolled + f64::from(page.client_height()) >= f64::from(page.scroll_height()) - 2.0
}
