use leptos::prelude::*;

use super::selection::KeySelection;
use crate::{
    components::{Button, ButtonStyle, HEADING, Icon, focus_if_removed},
    lean::When,
    pages::api_keys::actions::{KeyAction, KeyActions},
};

/// The actions on the selected keys, shown while any is selected.
#[component]
pub(super) fn BulkBar(selection: KeySelection, actions: KeyActions) -> impl IntoView {
    let count = Memo::new(move |_| selection.count());
    // Both buttons disappear when pressed, so the focus is moved.
    let choose_all = move || {
        selection.choose_all(true);
        focus_if_removed(".bulk-bar button");
    };
    let clear = move || {
        selection.clear();
        focus_if_removed(HEADING);
    };
    let text = move || format!("{} selected", count.get());
    view! {
        <div class="bulk-region" role="region" aria-label="Selected keys" aria-live="polite">
            <When when=move || count.get() != 0>
                <div class="bulk-bar">
                    <span>{text}</span>
                    <When when=move || selection.all_chosen() != Some(true)>
                        <Button style=ButtonStyle::Quiet on_press=choose_all>"Select page"</Button>
                    </When>
                    <Button style=ButtonStyle::Quiet on_press=clear>"Clear"</Button>
                    <Button
                        style=ButtonStyle::Danger
                        icon=Icon::Revoke
                        on_press=move || actions.open(KeyAction::Revoke(untrack(|| selection.keys())))
                    >
                        "Revoke…"
                    </Button>
                </div>
            </When>
        </div>
    }
}
