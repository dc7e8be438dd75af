use leptos::prelude::*;

use super::{deletion::Deletion, form::SettingsForm};
use crate::{components::Confirm, lean::CollectAny};

/// Asks before settings are saved that delete data.
#[component]
pub(super) fn ConfirmDeletion(form: SettingsForm) -> impl IntoView {
    let deletion = form.deletion();
    let sentences = move || {
        let sentences = deletion.with(|deletion| deletion.as_ref().map(|deletion| deletion.sentences.clone()));
        sentences.unwrap_or_default().into_iter().map(|sentence| view! { <p>{sentence}</p> }).collect_any()
    };
    view! {
        <Confirm
            open=Signal::derive(move || deletion.with(Option::is_some))
            title="Delete stored data?"
            action="Save and delete"
            on_confirm=move || {
                if let Some(Deletion { changes, .. }) = deletion.get_untracked() {
                    form.save_confirmed(changes);
                }
            }
            on_close=move || deletion.set(None)
        >
            {sentences}
            <p>"This can't be undone."</p>
        </Confirm>
    }
}
