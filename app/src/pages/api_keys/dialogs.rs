//! The dialogs of the actions on keys, whose code is a part of its own.

use leptos::prelude::*;

use super::{
    actions::{KeyAction, KeyActions},
    dialog_slot::DialogSlot,
    form::{CreateSheet, Draft, EditSheet},
    revoke::RevokeDialog,
    rotate::{EndOldSecretDialog, GraceDialog, RotateDialog},
    secret::SecretDialog,
};
use crate::{addresses::CodePart, layout::LazyPart};

/// The dialog of the current action. The code of the dialogs is loaded with the first.
#[component]
pub(super) fn Dialogs(actions: KeyActions) -> impl IntoView {
    provide_context(actions);
    view! {
        <LazyPart
            part=CodePart::KeyDialogs
            wanted=Signal::derive(move || actions.current().is_some())
            on_failed=move || actions.replace(None)
        />
    }
}

/// The dialogs, for the [`KeyActions`] in the context.
#[component]
pub fn KeyDialogs() -> impl IntoView {
    let actions = expect_context::<KeyActions>();
    let dialog = DialogSlot::new(actions);
    // The draft of a new key survives closing the form, until the key is created.
    let draft = Draft::new();
    move || {
        actions.current().map(|action| match action {
            KeyAction::Create => view! { <CreateSheet draft dialog/> }.into_any(),
            KeyAction::CreateReplacement(key) => {
                view! { <CreateSheet draft=Draft::of(&key) dialog replaced=key/> }.into_any()
            }
            KeyAction::Edit(key) => view! { <EditSheet draft=Draft::of(&key) key dialog/> }.into_any(),
            KeyAction::Narrow(key) => {
                let draft = Draft::of(&key);
                key.hints.iter().for_each(|hint| draft.narrow(hint));
                view! { <EditSheet draft key dialog narrowed=true/> }.into_any()
            }
            KeyAction::Rotate(key) => view! { <RotateDialog key dialog/> }.into_any(),
            KeyAction::EndOldSecret(key) => view! { <EndOldSecretDialog key dialog/> }.into_any(),
            KeyAction::ChangeGrace(key) => view! { <GraceDialog key dialog/> }.into_any(),
            KeyAction::Revoke(keys) => view! { <RevokeDialog keys dialog/> }.into_any(),
            KeyAction::ShowSecret(secret) => view! { <SecretDialog secret dialog/> }.into_any(),
        })
    }
}
