use domain::{
    api_keys::{ApiKey, Descendants, Level},
    ids::ApiKeyId,
};
use leptos::prelude::*;

use super::{
    actions::Stage,
    uses::{RecentUses, recent_uses},
};
use crate::{
    api,
    components::{CollectAny, Confirm, FormError, use_toasts},
    pages::usage::plural,
    state::{act, load_when, use_organization},
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
    let ids = StoredValue::new(keys.iter().map(|key| key.id).collect::<Vec<_>>());
    // Others manage no keys.
    let may_have_made = keys.iter().any(|key| key.level == Level::Admin);
    let made = load_when(move || {
        may_have_made
            .then(|| api::api_keys::DescendantsQuestion { organization: organization.slug(), ids: ids.get_value() })
    });
    let along = RwSignal::new(false);
    let revoke = act(
        move |ids: &Vec<ApiKeyId>| api::api_keys::Revoke {
            organization: organization.slug(),
            ids: ids.clone(),
            descendants: along.get_untracked(),
        },
        move |_, ()| {
            toasts.done(format!("{named} revoked."));
            stage.finish();
        },
    );
    let one = keys.len() == 1;
    // Whoever can't be told what uses it may end it all the same.
    let looking = Signal::derive(move || {
        [uses.progress(), made.progress()].iter().any(|asked| asked.waiting() && !asked.answered())
    });
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
            {move || made.with(|made| made.filter(|made| made.count > 0).map(|made| offer(made, along)))}
        </Confirm>
    }
}

/// Offers to end what the keys made or rotated too: whoever held them knows those secrets.
fn offer(made: &Descendants, along: RwSignal<bool>) -> AnyView {
    let count = plural(made.count, "key");
    let more = made.count - i64::try_from(made.keys.len()).unwrap_or(i64::MAX);
    let rows = made.keys.iter().map(|key| {
        view! { <li><b>{key.name.clone()}</b> " " <span class="mono faint">{key.masked.clone()}</span></li> }.into_any()
    });
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || along.get()
                on:change=move |event| along.set(event_target_checked(&event))
            />
            <span>{format!("Also revoke {count} created or rotated with it")}</span>
        </label>
        <div class="recent-uses">
            <ul role="list" tabindex="0" aria-label="Keys created or rotated with it">{rows.collect_any()}</ul>
            {(more > 0).then(|| view! { <p class="faint">{format!("And {} more.", plural(more, "key"))}</p> })}
        </div>
    }
    .into_any()
}
