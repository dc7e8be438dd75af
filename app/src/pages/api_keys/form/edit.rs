use domain::api_keys::{ApiKey, ApiKeyChanges};
use leptos::{ev, prelude::*};

use super::{
    Draft, Wrong,
    fields::{FIELDS, LimitFields, NameFields, ProjectField, ReminderField},
    rates::KeyRateFields,
    show_first_error,
};
use crate::{
    api,
    components::{Button, Confirm, Dialog, FormError, Look, Notice, use_toasts},
    layout::UnsavedGuard,
    pages::api_keys::actions::Stage,
    state::{act, use_organization},
};

/// The form for a key's settings. What isn't saved is asked about before it is lost.
#[component]
pub(in crate::pages::api_keys) fn EditSheet(
    draft: Draft,
    key: ApiKey,
    stage: Stage,
    /// Whether it begins with what the key was used for.
    #[prop(optional)]
    narrowed: bool,
) -> impl IntoView {
    let title = format!("Edit “{}”", key.name);
    let key = StoredValue::new(key);
    let dirty = Memo::new(move |_| {
        key.with_value(|key| draft.changes(key).map_or(true, |changes| changes != ApiKeyChanges::default()))
    });
    let discarding = RwSignal::new(false);
    let close = move |()| if dirty.get_untracked() { discarding.set(true) } else { stage.close() };
    view! {
        <UnsavedGuard dirty=Signal::derive(move || dirty.get())/>
        <Dialog title sheet=true on_close=close>
            <Form draft key stage dirty narrowed on_cancel=close/>
        </Dialog>
        <Confirm
            open=discarding
            title="Discard your changes?"
            action="Discard"
            on_confirm=move || stage.close()
            on_close=move || discarding.set(false)
        >
            <p>"What you have changed here isn't saved yet."</p>
        </Confirm>
    }
}

#[component]
fn Form(
    draft: Draft,
    key: StoredValue<ApiKey>,
    stage: Stage,
    dirty: Memo<bool>,
    narrowed: bool,
    #[prop(into)] on_cancel: Callback<()>,
) -> impl IntoView {
    let organization = use_organization();
    let toasts = use_toasts();
    let edit = act(
        move |changes: &ApiKeyChanges| {
            let id = key.with_value(|key| key.id);
            api::api_keys::Edit { organization: organization.slug(), id, changes: changes.clone() }
        },
        move |_, edited: ApiKey| {
            toasts.done(format!("“{}” is saved; it holds from now on.", edited.name));
            stage.finish();
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if dirty.get_untracked() {
            edit.send_validated(key.with_value(|key| draft.changes(key)));
        } else {
            stage.close();
        }
    };
    let wrong = Wrong(edit.error());
    show_first_error(wrong);
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError error=edit.error() fields=FIELDS/>
                {narrowed.then(|| view! {
                    <Notice>"Scopes and models are set to what it was used for in the last 30 days. Look through them, then save."</Notice>
                }.into_any())}
                <NameFields draft wrong/>
                <ProjectField draft value=draft.project wrong hint="Moves the key. Calls made before stay where they were counted."/>
                <LimitFields draft wrong/>
                <KeyRateFields draft wrong/>
                <ReminderField draft wrong before=key.get_value()/>
                <p class="hint">"Level and expiry never change. A successor can have others."</p>
            </div>
            <footer>
                <Button on_press=on_cancel>"Cancel"</Button>
                <Button
                    look=Look::Primary
                    submit=true
                    pending=edit.pending()
                    disabled=Signal::derive(move || !dirty.get())
                >
                    "Save"
                </Button>
            </footer>
        </form>
    }
}
