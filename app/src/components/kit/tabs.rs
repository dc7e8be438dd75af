use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::unique_id;
use crate::lean::CollectAny;

/// One of several views.
#[derive(Clone)]
pub struct Tab {
    pub label: &'static str,
    pub content: ViewFn,
}

impl Tab {
    pub fn new(label: &'static str, content: impl Into<ViewFn>) -> Self {
        Self { label, content: content.into() }
    }
}

/// Several views of one thing, one at a time. Arrow keys go from one to the next.
#[component]
pub fn Tabs(#[prop(into)] label: String, tabs: Vec<Tab>) -> impl IntoView {
    let id = unique_id("tabs");
    let chosen = RwSignal::new(0_usize);
    let count = tabs.len();
    let on_keydown = move |event: ev::KeyboardEvent| {
        let next = match event.key().as_str() {
            "ArrowRight" => (chosen.get_untracked() + 1) % count,
            "ArrowLeft" => (chosen.get_untracked() + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        event.prevent_default();
        chosen.set(next);
        let tab = event
            .current_target()
            .and_then(|list| list.dyn_into::<web_sys::Element>().ok())
            .and_then(|list| list.query_selector(&format!("[role=tab]:nth-child({})", next + 1)).ok().flatten())
            .and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(tab) = tab {
            let _ = tab.focus();
        }
    };
    let buttons = tabs
        .iter()
        .enumerate()
        .map(|(index, tab)| {
            view! {
                <button
                    type="button"
                    role="tab"
                    id=format!("{id}-{index}")
                    aria-controls=format!("{id}-panel")
                    aria-selected=move || (chosen.get() == index).to_string()
                    tabindex=move || if chosen.get() == index { "0" } else { "-1" }
                    on:click=move |_| chosen.set(index)
                >
                    {tab.label}
                </button>
            }
        })
        .collect_any();
    let panel_label = id.clone();
    view! {
        <div class="tabs">
            <div class="tab-list" role="tablist" aria-label=label on:keydown=on_keydown>
                {buttons}
            </div>
            <div
                role="tabpanel"
                id=format!("{id}-panel")
                aria-labelledby=move || format!("{panel_label}-{}", chosen.get())
            >
                {move || tabs.get(chosen.get()).map(|tab| tab.content.run())}
            </div>
        </div>
    }
}
