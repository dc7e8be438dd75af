use domain::api_keys::CreatedApiKey;
use leptos::{ev, prelude::*};

use super::FirstKey;
use crate::{
    components::{Button, ButtonStyle, Confirm, CopyButton, Icon, Name, Notice, Tone, focus_soon},
    lean::When,
    state::use_location,
};

/// The new key's secret, until the user has saved it.
#[component]
pub(super) fn CreatedKey(created: CreatedApiKey, saved: RwSignal<bool>) -> impl IntoView {
    let CreatedApiKey { api_key, secret } = created;
    let saved_text = move || {
        view! {
            <p>
                <Name name=api_key.name.clone()/> " " <span class="mono dim">{api_key.masked.clone()}</span>
                <span class="dim">". The examples below contain it until you leave this page."</span>
            </p>
        }
    };
    let save = move || {
        saved.set(true);
        focus_soon(".first-steps .tab-list [aria-selected=true]");
    };
    view! {
        <When when=move || !saved.get() fallback=saved_text>
            <Notice tone=Tone::Warning>"Copy this key now. You won't be able to see it again."</Notice>
            <div class="secret">
                <code data-testid="secret">{secret.clone()}</code>
                <CopyButton text=secret.clone() name="secret"/>
            </div>
            <p><Button style=ButtonStyle::Primary icon=Icon::Check on_press=save>"Done, I've saved it"</Button></p>
        </When>
    }
}

/// Asks before the page is left while the secret isn't saved. `leaving` is what leaves it.
#[component]
pub(super) fn SecretGuard(key: FirstKey, leaving: RwSignal<Option<Callback<()>>>) -> impl IntoView {
    let location = use_location();
    let unsaved = Signal::derive(move || key.is_unsaved());
    // Closing the tab or reloading: the browser asks in its own words.
    let listener = window_event_listener(ev::beforeunload, move |event| {
        if unsaved.try_get_untracked() == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
    location.guard(unsaved, move |step| {
        leaving.set(Some(Callback::new(move |()| location.take_step(&step))));
    });
    let leave = move || {
        let leave = leaving.get_untracked();
        leaving.set(None);
        if let Some(leave) = leave {
            leave.run(());
        }
    };
    view! {
        <Confirm
            open=Signal::derive(move || leaving.with(Option::is_some))
            title="Leave without saving the key?"
            action="Leave"
            on_confirm=leave
            on_close=move || leaving.set(None)
        >
            <p>"You won't be able to see it again. You can create another key at any time."</p>
        </Confirm>
    }
}
