//! Actions on keys, each in a dialog of its own. One dialog is open at a time.

use domain::api_keys::ApiKey;
use leptos::prelude::*;

use super::{
    form::{CreateSheet, Draft, EditSheet},
    revoke::RevokeDialog,
    rotate::{EndOldSecretDialog, GraceDialog, RotateDialog},
    secret::{SecretDialog, ShownSecret},
};
use crate::{
    addresses::CodePart,
    components::{HEADING, focus_if_removed},
    layout::LazyPart,
    lean::watch,
    state::QueryState,
};

/// An action on keys whose dialog is open.
#[derive(Clone)]
pub(super) enum KeyAction {
    Create,
    /// Creates a key with the settings of this one.
    CreateSuccessor(ApiKey),
    Edit(ApiKey),
    /// Edits a key, with its scopes and models narrowed to those in use.
    Narrow(ApiKey),
    Rotate(ApiKey),
    /// Ends the old secret of a rotating key.
    EndOldSecret(ApiKey),
    /// Changes the grace period of a rotating key.
    ChangeGrace(ApiKey),
    Revoke(Vec<ApiKey>),
    /// Shows a new secret, only once.
    ShowSecret(ShownSecret),
}

/// The page's current action, requested by a button or else by the address, and a callback for changed keys.
#[derive(Clone, Copy)]
pub(super) struct KeyActions {
    requested: RwSignal<Option<KeyAction>>,
    form: Option<CreateFormAddress>,
    changed: Callback<()>,
}

/// An address that opens the form for a new key.
#[derive(Clone, Copy)]
pub(super) struct CreateFormAddress {
    pub(super) is_open: Memo<bool>,
    /// Leaves for the address without the form.
    pub(super) leave: Callback<()>,
}

impl KeyActions {
    /// Actions on the keys that `keys` has loaded. It is refreshed after each change; then `changed` runs.
    pub(super) fn new<T: Send + Sync>(
        keys: QueryState<T>,
        form: Option<CreateFormAddress>,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let has_changed = StoredValue::new(false);
        // A key may leave the page, and with it the button that had the focus.
        watch(move || {
            keys.with(|_| ());
            if has_changed.get_value() {
                has_changed.set_value(false);
                focus_if_removed(HEADING);
            }
        });
        let changed = move |()| {
            has_changed.set_value(true);
            keys.refresh();
            changed();
        };
        Self { requested: RwSignal::new(None), form, changed: Callback::new(changed) }
    }

    pub(super) fn open(&self, action: KeyAction) {
        self.requested.set(Some(action));
    }

    fn current(&self) -> Option<KeyAction> {
        self.requested.get().or_else(|| self.form?.is_open.get().then_some(KeyAction::Create))
    }

    /// Closes the current action's dialog and opens `next`, if any.
    fn replace(&self, next: Option<KeyAction>) {
        if self.requested.with_untracked(Option::is_none)
            && let Some(form) = self.form
        {
            form.leave.run(());
        }
        self.requested.set(next);
    }
}

/// The page's slot for a dialog, by which the open dialog closes itself or opens the next one.
#[derive(Clone, Copy)]
pub(super) struct DialogSlot(KeyActions);

impl DialogSlot {
    pub(super) fn close(&self) {
        self.0.replace(None);
    }

    /// Closes the dialog after its change was made.
    pub(super) fn finish(&self) {
        self.0.changed.run(());
        self.close();
    }

    /// Closes the dialog after its change was made, and opens another.
    pub(super) fn finish_with(&self, next: KeyAction) {
        self.0.changed.run(());
        self.0.replace(Some(next));
    }
}

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
    let dialog = DialogSlot(actions);
    // The draft of a new key survives closing the form, until the key is created.
    let draft = Draft::new();
    move || {
        actions.current().map(|action| match action {
            KeyAction::Create => view! { <CreateSheet draft dialog/> }.into_any(),
            KeyAction::CreateSuccessor(key) => {
                view! { <CreateSheet draft=Draft::of(&key) dialog predecessor=key/> }.into_any()
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
