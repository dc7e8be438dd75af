use domain::api_keys::{ApiKey, CreatedApiKey, NewApiKey};
use leptos::{ev, prelude::*};

use super::{
    Draft, Wrong,
    expiration::{self, LifeField},
    fields::{FIELDS, LevelField, LimitFields, NameFields, ProjectField, ReminderField},
    rates::KeyRateFields,
    show_first_error,
};
use crate::{
    addresses::Query,
    api,
    components::{Button, Dialog, FormError, Look, Notice},
    pages::api_keys::{
        actions::{Deed, Stage},
        secret::ShownSecret,
    },
    state::{act, load, use_address, use_organization, watch},
};

/// The form for a new key.
#[component]
pub(in crate::pages::api_keys) fn CreateSheet(
    draft: Draft,
    stage: Stage,
    /// The key whose successor it is.
    #[prop(optional)]
    like: Option<ApiKey>,
) -> impl IntoView {
    let title =
        like.as_ref().map_or_else(|| "Create key".to_owned(), |key| format!("Create a successor of “{}”", key.name));
    view! {
        <Dialog title sheet=true on_close=move || stage.close()>
            <Form draft stage like=like.clone()/>
        </Dialog>
    }
}

#[component]
fn Form(draft: Draft, stage: Stage, like: Option<ApiKey>) -> impl IntoView {
    let organization = use_organization();
    let policy = load(move || api::api_keys::PolicyQuestion { organization: organization.slug() });
    // Where it can't be had, the server says what it forbids.
    let policy_known = move || policy.progress().answered() || policy.progress().error().is_some();
    let policy = Memo::new(move |_| policy.with(|policy| policy.copied().unwrap_or_default()));
    let project = project_of(draft);
    let life = expiration::allowed(draft, policy);
    // What a press would send isn't known before.
    let early = Signal::derive(move || !policy_known() || organization.projects.with(|projects| projects.is_none()));
    let create = act(
        move |input: &NewApiKey| api::api_keys::Create { organization: organization.slug(), input: input.clone() },
        move |_, CreatedApiKey { api_key, secret }| {
            draft.clear();
            stage.finish_with(Deed::Show(ShownSecret { key: api_key, secret, rotated: false }));
        },
    );
    // A press before that is remembered.
    let pressed = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        pressed.set(true);
    };
    watch(move || {
        if pressed.get() && !early.get() {
            pressed.set(false);
            untrack(|| create.send_validated(draft.new_key(&project.get(), &life.get())));
        }
    });
    let pending = Signal::derive(move || pressed.get() || create.pending().get());
    let wrong = Wrong(create.error());
    show_first_error(wrong);
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError error=create.error() fields=FIELDS/>
                {like.map(|key| view! {
                    <Notice>
                        "Begins with the settings of “" {key.name} "”. Put the new key where the old one is used, then revoke
                        the old one."
                    </Notice>
                }.into_any())}
                <NameFields draft wrong/>
                <LevelField draft/>
                <ProjectField draft value=project wrong hint="Its calls are counted here."/>
                <LimitFields draft wrong/>
                <KeyRateFields draft wrong/>
                <LifeField draft life wrong policy/>
                <ReminderField draft wrong/>
            </div>
            <footer>
                <Button on_press=move || stage.close()>"Cancel"</Button>
                <Button look=Look::Primary submit=true pending>"Create key"</Button>
            </footer>
        </form>
    }
}

/// The project that is chosen; as long as none is that there is, the one that the page shows, or the first.
fn project_of(draft: Draft) -> Memo<String> {
    let organization = use_organization();
    let query = use_address(Query::parse);
    Memo::new(move |_| {
        let chosen = draft.project.get();
        let shown = query.with(|query| query.text("project").map(str::to_owned)).unwrap_or_default();
        organization.projects.with(|projects| {
            let open = || projects.into_iter().flatten().filter(|project| !project.archived);
            let id = |wanted: &str| open().map(|project| project.id.to_string()).find(|id| id == wanted);
            let first = || open().next().map(|project| project.id.to_string());
            id(&chosen).or_else(|| id(&shown)).or_else(first).unwrap_or_default()
        })
    })
}
