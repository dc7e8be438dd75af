use domain::api_keys::CreatedApiKey;
use leptos::prelude::*;

use crate::{
    api,
    components::{Button, CopyButton, Dialog, Look, Notice, SnippetKey, Snippets, Tone},
    state::{load_when, use_organization, watch},
};

/// Stands where no model is known yet.
const EXAMPLE_MODEL: &str = "sandbox";

/// A new key's secret, shown this once. It closes only by saying that it is stored.
#[component]
pub(super) fn CreatedDialog(created: RwSignal<Option<CreatedApiKey>>) -> impl IntoView {
    let open = RwSignal::new(false);
    watch(move || open.set(created.with(Option::is_some)));
    let name = move || created.with(|created| created.as_ref().map(|key| key.api_key.name.clone()).unwrap_or_default());
    let content = move || created.get().map(|created| view! { <Secret created/> });
    view! {
        <Dialog
            open
            title=Signal::derive(move || format!("Key “{}” is ready", name()))
            insistent=true
            on_close=move || created.set(None)
        >
            <div class="dialog-body">{content}</div>
            <footer>
                <Button look=Look::Primary on_press=move || open.set(false)>"I have stored it"</Button>
            </footer>
        </Dialog>
    }
}

#[component]
fn Secret(created: CreatedApiKey) -> impl IntoView {
    let organization = use_organization();
    let level = created.api_key.level;
    let slug = organization.slug();
    let models = load_when(move || level.may_call_models().then(|| api::models::List { organization: slug.clone() }));
    let allowed = created.api_key.models.first().cloned();
    let model = move || {
        allowed.clone().unwrap_or_else(|| {
            let first = models.with(|models| models.and_then(|models| models.first().map(|model| model.name.clone())));
            first.unwrap_or_else(|| EXAMPLE_MODEL.to_owned())
        })
    };
    let base_url = format!("{}/v1", window().location().origin().unwrap_or_default());
    let secret = created.secret.clone();
    view! {
        <Notice tone=Tone::Warning>"Copy the secret now. Nobody, you included, can see it again."</Notice>
        <div class="secret">
            <code data-testid="secret">{created.secret.clone()}</code>
            <CopyButton text=created.secret.clone() what="secret"/>
        </div>
        {move || {
            level
                .may_call_models()
                .then(|| view! { <Snippets base_url=base_url.clone() model=model() key=SnippetKey::Secret(secret.clone())/> })
        }}
    }
}
