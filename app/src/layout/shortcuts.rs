use std::time::Duration;

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::overlays::Overlays;
use crate::{
    addresses::{CodePart, Page},
    components::focus,
    state::{CurrentOrganization, use_go, use_organization, use_project, use_single_keys},
};

/// Time within which the second key must follow `g`.
const SEQUENCE_TIMEOUT: Duration = Duration::from_millis(1500);

/// The key that leads to the page after `g`.
pub(super) const fn key(page: Page) -> &'static str {
    match page {
        Page::Overview => "o",
        Page::ApiKeys => "k",
        Page::Logs => "l",
        Page::Usage => "u",
        Page::Settings => "s",
        Page::Notifications => "n",
    }
}

/// The pages that the member may see.
pub(super) fn reachable_pages(organization: CurrentOrganization) -> Vec<Page> {
    Page::ALL.into_iter().filter(|page| organization.may(page.permission())).collect()
}

/// Handles keyboard shortcuts for as long as the current owner exists.
pub(super) fn handle_shortcuts() {
    let organization = use_organization();
    let project = use_project();
    let overlays = expect_context::<Overlays>();
    let go = use_go();
    let single_keys = use_single_keys();
    let sequence_begun = StoredValue::new(false);
    let reachable = StoredValue::new(reachable_pages(organization));
    let listener = window_event_listener(ev::keydown, move |event| {
        let name = event.key();
        if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && name.eq_ignore_ascii_case("k") {
            event.prevent_default();
            return if overlays.palette.get_untracked() {
                overlays.palette.set(false)
            } else {
                overlays.open_palette()
            };
        }
        if overlays.palette.get_untracked() && CodePart::Overlays.view().is_none() {
            return type_ahead(overlays, &event);
        }
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if modified || !untrack(|| single_keys.is_on()) || is_busy(&event) {
            return;
        }
        if sequence_begun.get_value() {
            sequence_begun.set_value(false);
            if let Some(page) = reachable.with_value(|pages| pages.iter().copied().find(|page| key(*page) == name)) {
                event.prevent_default();
                return go.to(page.href(&organization.slug(), project.get_untracked()));
            }
        }
        match name.as_str() {
            "g" => {
                sequence_begun.set_value(true);
                set_timeout(move || sequence_begun.set_value(false), SEQUENCE_TIMEOUT);
            }
            "?" => overlays.shortcuts.set(true),
            "/" => {
                event.prevent_default();
                if !focus_search() {
                    overlays.open_palette();
                }
            }
            _ => {}
        }
    });
    on_cleanup(move || listener.remove());
}

/// Collects the text typed while the palette's code is loading.
fn type_ahead(overlays: Overlays, event: &ev::KeyboardEvent) {
    let key = event.key();
    match key.as_str() {
        "Escape" => overlays.palette.set(false),
        "Backspace" => overlays.typed.update(|typed| {
            typed.pop();
        }),
        _ if key.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() => {
            overlays.typed.update(|typed| typed.push_str(&key));
        }
        _ => return,
    }
    event.prevent_default();
}

/// Whether the keys are meant for something else: a field, a menu, a dialog.
fn is_busy(event: &ev::KeyboardEvent) -> bool {
    let selector = "input, textarea, select, [contenteditable], [role=menu], dialog[open]";
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_typing = target.is_some_and(|target| target.closest(selector).ok().flatten().is_some());
    is_typing || document().query_selector("dialog[open]").ok().flatten().is_some()
}

fn focus_search() -> bool {
    focus("main [data-shortcut='/']")
}
