use domain::api_keys::{ApiKey, CreatedApiKey, NewApiKey};
use leptos::{ev, prelude::*};

use super::{
    draft::Draft,
    errors::{DraftErrors, show_first_error},
    expiration::{self, ExpirationField},
    fields::{FIELDS, LevelField, NameField, ProjectField},
    folds::{Details, Limits, Restrictions},
    summary::KeySentence,
};
use crate::{
    addresses::Query,
    api,
    components::{Button, ButtonStyle, Dialog, FormError, Name, Notice},
    pages::api_keys::{
        actions::{KeyAction, ShownSecret},
        dialog_slot::DialogSlot,
    },
    state::{PendingPress, load, submission, use_address, use_organization},
};

/// The form for a new key.
#[component]
pub(in crate::pages::api_keys) fn CreateSheet(
    draft: Draft,
    dialog: DialogSlot,
    /// The key to be replaced, if any.
    #[prop(optional)]
    replaced: Option<ApiKey>,
) -> impl IntoView {
    let title = replaced
        .as_ref()
        .map_or_else(|| "Create key".to_owned(), |key| format!("Create replacement for “{}”", key.name));
    view! {
        <Dialog title sheet=true on_close=move || dialog.close()>
            <Form draft dialog replaced=replaced.clone()/>
        </Dialog>
    }
}

#[component]
fn Form(draft: Draft, dialog: DialogSlot, replaced: Option<ApiKey>) -> impl IntoView {
    let organization = use_organization();
    let policy = load(move || api::api_keys::PolicyRequest { organization: organization.slug() });
    // After an error, the server validates alone.
    let policy_known = move || policy.progress().has_answer() || policy.progress().error().is_some();
    let policy = Memo::new(move |_| policy.with(|policy| policy.copied().unwrap_or_default()));
    let project = effective_project(draft);
    let life = expiration::effective_life(draft, policy);
    let expiration = expiration::chosen_expiration(draft, life);
    // The key to send isn't known before policy and projects are loaded.
    let is_loading =
        Signal::derive(move || !policy_known() || organization.projects.with(|projects| projects.is_none()));
    let has_no_project =
        Signal::derive(move || draft.level().needs_project() && !is_loading.get() && project.with(String::is_empty));
    let create = submission(
        move |input: &NewApiKey| api::api_keys::Create { organization: organization.slug(), input: input.clone() },
        move |_, CreatedApiKey { api_key, secret }| {
            draft.clear();
            dialog.finish_with(KeyAction::ShowSecret(ShownSecret { key: api_key, secret, rotated: false }));
        },
    );
    let pressed = PendingPress::new(is_loading, move || {
        create.send_validated(draft.new_key(&project.get(), expiration.get()));
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        pressed.press();
    };
    let pending = Signal::derive(move || pressed.is_waiting() || create.pending().get());
    let errors = DraftErrors(create.error());
    show_first_error(errors);
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError error=create.error() fields=FIELDS/>
                {replaced.map(|key| view! {
                    <Notice>
                        "Starts with the settings of " <Name name=key.name/> ". Switch your apps to the new key, then
                        revoke the old one."
                    </Notice>
                }.into_any())}
                <NameField draft errors/>
                <ProjectField draft value=project errors hint="Usage is billed to this project."/>
                <LevelField draft/>
                <ExpirationField draft life errors policy/>
                <Restrictions draft errors/>
                <Limits draft errors/>
                <Details draft errors/>
            </div>
            <KeySentence draft project expiration/>
            <footer>
                <Button on_press=move || dialog.close()>"Cancel"</Button>
                <Button style=ButtonStyle::Primary submit=true pending disabled=has_no_project>"Create key"</Button>
            </footer>
        </form>
    }
}

/// The chosen project if it is open, else the one that the page's filter names, else the first.
fn effective_project(draft: Draft) -> Memo<String> {
    let organization = use_organization();
    let query = use_address(Query::parse);
    Memo::new(move |_| {
        let chosen = draft.project.get();
        let filtered = query.with(|query| query.text("project").map(str::to_owned)).unwrap_or_default();
        organization.projects.with(|projects| {
            let open = || projects.into_iter().flatten().filter(|project| !project.archived);
            let find = |wanted: &str| open().map(|project| project.id.to_string()).find(|id| id == wanted);
            let first = || open().next().map(|project| project.id.to_string());
            find(&chosen).or_else(|| find(&filtered)).or_else(first).unwrap_or_default()
        })
    })
}
