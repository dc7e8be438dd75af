use domain::api_keys::ApiKey;
use leptos::prelude::*;

use crate::{
    api,
    components::{Confirm, FormError, Time, format_count, use_toasts},
    state::{act, use_organization, watch},
};

/// Asks before a key is ended, and says what that breaks.
#[component]
pub(super) fn RevokeDialog(
    revoking: RwSignal<Option<ApiKey>>,
    #[prop(into)] on_revoked: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let slug = StoredValue::new(use_organization().slug());
    let open = RwSignal::new(false);
    let shown = RwSignal::new(None::<ApiKey>);
    let revoke = act(
        move |key: &ApiKey| api::api_keys::Revoke { organization: slug.get_value(), id: key.id },
        move |key, ()| {
            open.set(false);
            on_revoked.run(());
            toasts.done(format!("“{}” is revoked.", key.name));
        },
    );
    // What was asked about stays readable while the dialog closes.
    watch(move || {
        if let Some(key) = revoking.get() {
            revoke.clear();
            shown.set(Some(key));
            open.set(true);
            revoking.set(None);
        }
    });
    let title = move || shown.with(|key| key.as_ref().map(|key| format!("Revoke “{}”?", key.name)).unwrap_or_default());
    view! {
        <Confirm
            open
            title=Signal::derive(title)
            action="Revoke key"
            pending=revoke.pending()
            on_confirm=move || {
                if let Some(key) = shown.get() {
                    revoke.send(key);
                }
            }
        >
            <FormError error=revoke.error() fields=&[]/>
            <p>
                "Every program that uses it is refused from its next call on, within a second. Calls already running
                finish. This can't be taken back."
            </p>
            {move || shown.get().map(|key| view! { <LastUse key/> })}
        </Confirm>
    }
}

#[component]
fn LastUse(key: ApiKey) -> impl IntoView {
    let used = match key.last_used_at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => "never".into_any(),
    };
    view! {
        <dl class="facts">
            <dt>"Key"</dt>
            <dd class="mono">{key.masked}</dd>
            <dt>"Last used"</dt>
            <dd>{used}</dd>
            <dt>"Calls this month"</dt>
            <dd>{format_count(key.calls_this_month)}</dd>
        </dl>
    }
}
