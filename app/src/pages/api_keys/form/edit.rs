use domain::api_keys::{ApiKey, ApiKeyChanges, Expiration};
use leptos::{ev, prelude::*};

use super::{
    draft::Draft,
    errors::{DraftErrors, show_first_error},
    fields::{FIELDS, NameField, ProjectField},
    folds::{Details, Limits, Restrictions},
    summary::KeySentence,
};
use crate::{
    api,
    components::{Button, ButtonStyle, Confirm, Dialog, FormError, Notice, use_toasts},
    layout::UnsavedGuard,
    pages::api_keys::dialog_slot::DialogSlot,
    state::{submission, use_organization},
};

/// The form for a key's settings. Asks before unsaved changes are discarded.
#[component]
pub(in crate::pages::api_keys) fn EditSheet(
    draft: Draft,
    key: ApiKey,
    dialog: DialogSlot,
    /// Whether the draft was narrowed to the key's recent use.
    #[prop(optional)]
    narrowed: bool,
) -> impl IntoView {
    let title = format!("Edit “{}”", key.name);
    let key = StoredValue::new(key);
    let dirty = Memo::new(move |_| {
        key.with_value(|key| draft.changes(key).map_or(true, |changes| changes != ApiKeyChanges::default()))
    });
    let discarding = RwSignal::new(false);
    let close = move |()| if dirty.get_untracked() { discarding.set(true) } else { dialog.close() };
    view! {
        <UnsavedGuard dirty=Signal::derive(move || dirty.get())/>
        <Dialog title sheet=true on_close=close>
            <Form draft key dialog dirty narrowed on_cancel=close/>
        </Dialog>
        <Confirm
            open=discarding
            title="Discard your changes?"
            action="Discard"
            on_confirm=move || dialog.close()
            on_close=move || discarding.set(false)
        >
            <p>"Your changes aren't saved yet."</p>
        </Confirm>
    }
}

#[component]
fn Form(
    draft: Draft,
    key: StoredValue<ApiKey>,
    dialog: DialogSlot,
    dirty: Memo<bool>,
    narrowed: bool,
    #[prop(into)] on_cancel: Callback<()>,
) -> impl IntoView {
    let organization = use_organization();
    let toasts = use_toasts();
    let edit = submission(
        move |changes: &ApiKeyChanges| {
            let id = key.with_value(|key| key.id);
            api::api_keys::Edit { organization: organization.slug(), id, changes: changes.clone() }
        },
        move |_, _: ApiKey| {
            toasts.show_success("Changes saved.");
            dialog.finish();
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if dirty.get_untracked() {
            edit.send_validated(key.with_value(|key| draft.changes(key)));
        } else {
            dialog.close();
        }
    };
    let expiration = key.with_value(|key| key.expires_at.map_or(Expiration::Never, Expiration::At));
    let expiration = Signal::stored(Ok(expiration));
    let errors = DraftErrors(edit.error());
    show_first_error(errors);
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError error=edit.error() fields=FIELDS/>
                {narrowed.then(|| view! {
                    <Notice>"Permissions and models are set to what was used in the last 30 days. Review them, then save."</Notice>
                }.into_any())}
                <NameField draft errors/>
                <ProjectField draft value=draft.project errors hint="Moves the key. Earlier calls stay in their project."/>
                <Restrictions draft errors open=narrowed/>
                <Limits draft errors/>
                <Details draft errors before=key.get_value()/>
                <p class="hint">"Type and expiration can't be changed. Create a replacement to change them."</p>
            </div>
            <KeySentence draft project=draft.project expiration/>
            <footer>
                <Button on_press=on_cancel>"Cancel"</Button>
                <Button
                    style=ButtonStyle::Primary
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
