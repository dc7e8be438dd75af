//! Actions on keys, each in its own dialog, and which dialog a page has open.

use domain::api_keys::ApiKey;
use leptos::prelude::*;

use crate::{
    components::{HEADING, focus_if_removed},
    lean::watch,
    state::QueryState,
};

/// An action on keys, whose dialog is open.
#[derive(Clone)]
pub(super) enum KeyAction {
    Create,
    /// Creates a key with the settings of this one.
    CreateReplacement(ApiKey),
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

/// A new secret and its key.
#[derive(Clone)]
pub(super) struct ShownSecret {
    pub(super) key: ApiKey,
    pub(super) secret: String,
    /// Whether it replaces an older secret.
    pub(super) rotated: bool,
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

    /// The action whose dialog is open.
    pub(super) fn current(&self) -> Option<KeyAction> {
        self.requested.get().or_else(|| self.form?.is_open.get().then_some(KeyAction::Create))
    }

    /// Closes the current action's dialog and opens `next`, if any.
    pub(super) fn replace(&self, next: Option<KeyAction>) {
        if self.requested.with_untracked(Option::is_none)
            && let Some(form) = self.form
        {
            form.leave.run(());
        }
        self.requested.set(next);
    }

    /// Refreshes the keys after a change.
    pub(super) fn notify_changed(&self) {
        self.changed.run(());
    }
}
