use leptos::prelude::*;

use super::Selection;
use crate::{
    components::{Button, HEADING, Icon, Look, When, keep_focus},
    pages::{
        api_keys::actions::{Deed, Deeds},
        usage::plural,
    },
};

/// What can be done to the chosen keys; there while any is.
#[component]
pub(super) fn BulkBar(selection: Selection, deeds: Deeds) -> impl IntoView {
    let count = Memo::new(move |_| selection.count());
    // Both buttons go when they are pressed.
    let choose_all = move || {
        selection.choose_all(true);
        keep_focus(".bulk-bar button");
    };
    let clear = move || {
        selection.clear();
        keep_focus(HEADING);
    };
    let text = move || format!("{} chosen", plural(i64::try_from(count.get()).unwrap_or(i64::MAX), "key"));
    view! {
        <div class="bulk-region" role="region" aria-label="Chosen keys" aria-live="polite">
            <When when=move || count.get() != 0>
                <div class="bulk-bar">
                    <span>{text}</span>
                    <When when=move || selection.all() != Some(true)>
                        <Button look=Look::Quiet on_press=choose_all>"All on this page"</Button>
                    </When>
                    <Button look=Look::Quiet on_press=clear>"None"</Button>
                    <Button
                        look=Look::Danger
                        icon=Icon::Revoke
                        on_press=move || deeds.ask(Deed::Revoke(untrack(|| selection.keys())))
                    >
                        "Revoke…"
                    </Button>
                </div>
            </When>
        </div>
    }
}
