use leptos::prelude::*;

use super::{
    overlays::Overlays,
    shortcuts::{key, reachable_pages},
};
use crate::{
    components::Dialog,
    lean::{CollectAny, When},
    state::{use_organization, use_single_keys},
};

/// The dialog with all keyboard shortcuts.
#[component]
pub(super) fn ShortcutList() -> impl IntoView {
    let organization = use_organization();
    let overlays = expect_context::<Overlays>();
    let single_keys = use_single_keys();
    let row = |keys: Vec<&'static str>, description: String| {
        let keys = keys.into_iter().map(|key| view! { <kbd>{key}</kbd> }).collect_any();
        view! {
            <dt>{description}</dt>
            <dd>{keys}</dd>
        }
    };
    let single = move || {
        let everywhere = [
            (vec!["/"], "Focus search"),
            (vec!["?"], "Show shortcuts"),
            (vec!["j"], "Next call in Logs"),
            (vec!["k"], "Previous call in Logs"),
        ];
        let everywhere =
            everywhere.into_iter().map(|(keys, description)| row(keys, description.to_owned())).collect_any();
        let pages = reachable_pages(organization)
            .into_iter()
            .map(|page| row(vec!["g", key(page)], format!("Go to {}", page.label())))
            .collect_any();
        view! { {everywhere} {pages} }.into_any()
    };
    view! {
        <Dialog open=overlays.shortcuts title="Keyboard shortcuts" on_close=move || overlays.shortcuts.set(false)>
            <div class="dialog-body">
                <dl class="shortcuts">
                    {row(vec!["Ctrl", "K"], "Search or run a command".to_owned())}
                    {row(vec!["Esc"], "Close".to_owned())}
                    <When when=move || single_keys.is_on()>{single()}</When>
                </dl>
                <p class="faint">
                    {move || {
                        if single_keys.is_on() { "You can turn off single-key shortcuts in " } else { "Single-key shortcuts are turned off in " }
                    }}
                    <a class="link" href="/account" on:click=move |_| overlays.shortcuts.set(false)>"account settings"</a>
                    "."
                </p>
            </div>
        </Dialog>
    }
}
