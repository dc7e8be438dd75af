use domain::{api_keys::ApiKey, ids::ApiKeyId};
use leptos::prelude::*;

use super::{
    deeds::Stage,
    uses::{RecentUses, recent_uses},
};
use crate::{
    api,
    components::{Confirm, FormError, use_toasts},
    pages::usage::plural,
    state::{act, use_organization},
};

/// Asks before keys are ended for good, and names what used them lately.
#[component]
pub(super) fn RevokeDialog(keys: Vec<ApiKey>, stage: Stage) -> impl IntoView {
    let toasts = use_toasts();
    let organization = use_organization();
    let (whose, named, action) = match &keys[..] {
        [key] => (format!("“{}”", key.name), format!("“{}” is", key.name), "Revoke key"),
        several => {
            let count = plural(i64::try_from(several.len()).unwrap_or(i64::MAX), "key");
            (count.clone(), format!("{count} are"), "Revoke keys")
        }
    };
    let uses = recent_uses(&keys);
    let revoke = act(
        move |ids: &Vec<ApiKeyId>| api::api_keys::Revoke { organization: organization.slug(), ids: ids.clone() },
        move |_, ()| {
            toasts.done(format!("{named} revoked."));
            stage.finish();
        },
    );
    let ids = StoredValue::new(keys.iter().map(|key| key.id).collect::<Vec<_>>());
    let one = keys.len() == 1;
    // Whoever can't be told what uses it may end it all the same.
    let looking = Signal::derive(move || uses.progress().waiting() && !uses.progress().answered());
    view! {
        <Confirm
            title=format!("Revoke {whose}?")
            action
            pending=revoke.pending()
            disabled=looking
            on_confirm=move || revoke.send(ids.get_value())
            on_close=move || stage.close()
        >
            <FormError error=revoke.error() fields=&[]/>
            <p>
                "Every program that uses " {if one { "it" } else { "one of them" }}
                " is refused from its next call on, within a second. Calls already running finish. This can’t be taken back."
            </p>
            <RecentUses answer=uses/>
        </Confirm>
    }
}
