//! The dialog that shows a new secret, only once.

use domain::{api_keys::Status, validation};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Blob, Url};

use super::{actions::ShownSecret, dialog_slot::DialogSlot};
use crate::{
    api,
    components::{
        Button, ButtonStyle, CopyButton, Dialog, Icon, Notice, SnippetKey, Snippets, TimeStyle, Tone, format_moment,
    },
    lean::When,
    state::{load, load_when, use_live, use_location, use_organization, use_zone},
};

/// Model name in the examples as long as no model is known.
const EXAMPLE_MODEL: &str = "sandbox";

/// Shows a secret. The dialog closes only by the button that confirms that it is stored.
#[component]
pub(super) fn SecretDialog(secret: ShownSecret, dialog: DialogSlot) -> impl IntoView {
    let title = if secret.rotated {
        format!("New secret for “{}”", secret.key.name)
    } else {
        format!("Key “{}” is ready", secret.key.name)
    };
    // Blocks Back and other pages; the browser asks before a reload.
    use_location().guard(Signal::stored(true), |_| {});
    let leaving = window_event_listener(ev::beforeunload, |event| event.prevent_default());
    on_cleanup(move || leaving.remove());
    let (secret, awaits_call) =
        (StoredValue::new(secret.clone()), !secret.rotated && secret.key.level.may_call_models());
    let id = secret.with_value(|secret| secret.key.id);
    view! {
        <Dialog title insistent=true>
            <div class="dialog-body"><Secret shown=secret.get_value()/></div>
            <footer>
                {awaits_call.then(|| view! { <FirstCall id/> }.into_any())}
                <Button style=ButtonStyle::Primary on_press=move || dialog.close()>"Done, I've saved it"</Button>
            </footer>
        </Dialog>
    }
}

#[component]
fn Secret(shown: ShownSecret) -> impl IntoView {
    let ShownSecret { key, secret, rotated } = shown;
    let base_url = format!("{}/v1", window().location().origin().unwrap_or_default());
    let env = format!("OPENAI_API_KEY={secret}\nOPENAI_BASE_URL={base_url}\n");
    let file = format!("{}.env", validation::slug(&key.name, "key"));
    let overlap = key.old_secret.filter(|_| rotated && key.status == Status::Rotating).map(|old| {
        let end = use_zone().with_untracked(|zone| format_moment(old.ends_at, zone, TimeStyle::DayMinuteZone));
        view! { <p>"The old secret " <span class="mono">{old.masked}</span> " works until " {end} "."</p> }
    });
    let calls = key.level.may_call_models();
    let (snippet_secret, model) = (secret.clone(), key.models.first().cloned());
    view! {
        <Notice tone=Tone::Warning>"Copy this key now. You won't be able to see it again."</Notice>
        <div class="secret">
            <code data-testid="secret">{secret.clone()}</code>
            <CopyButton text=secret name="secret"/>
        </div>
        <p>
            <Button icon=Icon::Download on_press=move || download(&file, &env)>"Download as .env"</Button>
        </p>
        {overlap}
        {calls.then(|| view! { <Examples base_url secret=snippet_secret model/> }.into_any())}
    }
}

/// Examples of a first call, with a model that the key may call.
#[component]
fn Examples(base_url: String, secret: String, model: Option<String>) -> impl IntoView {
    let organization = use_organization();
    let needs_model = model.is_none();
    let models = load_when(move || needs_model.then(|| api::models::List { organization: organization.slug() }));
    let model = move || {
        model.clone().unwrap_or_else(|| {
            let first = models.with(|models| models.and_then(|models| models.first().map(|model| model.name.clone())));
            first.unwrap_or_else(|| EXAMPLE_MODEL.to_owned())
        })
    };
    move || view! { <Snippets base_url=base_url.clone() model=model() key=SnippetKey::Secret(secret.clone())/> }
}

/// Shows whether the key's first call has arrived.
#[component]
fn FirstCall(id: domain::ids::ApiKeyId) -> impl IntoView {
    let organization = use_organization();
    let key = load(move || api::api_keys::Get { organization: organization.slug(), id });
    use_live().follow(move || key.refresh());
    // Calls are counted before their use is written.
    let used = move || key.with(|key| key.is_some_and(|key| key.calls_this_month > 0 || key.last_use.is_some()));
    view! {
        <p class="first-call" class:arrived=used role="status">
            <i aria-hidden="true"></i>
            <When when=used fallback=|| "Waiting for the first call…">"The first call has arrived"</When>
        </p>
    }
}

/// Saves `text` as a file, by a blob URL: a `data:` URL would stay in the history of downloads.
fn download(file: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let Ok(blob) = Blob::new_with_str_sequence(&parts) else { return };
    let Ok(address) = Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = document().create_element("a") {
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", file);
        link.unchecked_into::<web_sys::HtmlElement>().click();
    }
    let _ = Url::revoke_object_url(&address);
}
