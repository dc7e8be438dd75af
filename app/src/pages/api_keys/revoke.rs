mod key_list;

use domain::{
    api_keys::{ApiKey, Descendants, Level},
    ids::ApiKeyId,
};
use leptos::prelude::*;

use self::key_list::KeysToRevoke;
use super::{
    dialog_slot::DialogSlot,
    uses::{RecentUses, recent_uses},
};
use crate::{
    api,
    components::{Confirm, Field, FormError, use_toasts},
    lean::{CollectAny, When},
    pages::usage::plural,
    state::{load_when, submission, use_organization},
};

/// Number of keys above which their number has to be typed.
const MAX_WITHOUT_TYPING: usize = 10;

/// Asks for confirmation before keys are revoked. It names all of them, and the programs that used them lately.
#[component]
pub(super) fn RevokeDialog(keys: Vec<ApiKey>, dialog: DialogSlot) -> impl IntoView {
    let toasts = use_toasts();
    let organization = use_organization();
    let number = keys.len();
    let (name, subject, action) = match &keys[..] {
        [key] => (format!("“{}”", key.name), format!("“{}” is", key.name), "Revoke key"),
        several => {
            let count = plural(i64::try_from(several.len()).unwrap_or(i64::MAX), "key");
            (count.clone(), format!("{count} are"), "Revoke keys")
        }
    };
    let uses = recent_uses(&keys);
    let ids = StoredValue::new(keys.iter().map(|key| key.id).collect::<Vec<_>>());
    // Only admin keys can create or rotate others.
    let may_have_descendants = keys.iter().any(|key| key.level == Level::Admin);
    let descendants = load_when(move || {
        may_have_descendants
            .then(|| api::api_keys::DescendantsRequest { organization: organization.slug(), ids: ids.get_value() })
    });
    let with_descendants = RwSignal::new(false);
    let revoke = submission(
        move |ids: &Vec<ApiKeyId>| api::api_keys::Revoke {
            organization: organization.slug(),
            ids: ids.clone(),
            descendants: with_descendants.get_untracked(),
        },
        move |_, ()| {
            toasts.show_success(format!("{subject} revoked."));
            dialog.finish();
        },
    );
    let typed = RwSignal::new(String::new());
    let must_type = number > MAX_WITHOUT_TYPING;
    // After an error, revoking is still possible.
    let is_too_early = Signal::derive(move || {
        let is_loading =
            [uses.progress(), descendants.progress()].iter().any(|query| query.is_waiting() && !query.has_answer());
        is_loading || must_type && typed.with(|typed| typed.trim() != number.to_string())
    });
    let keys = StoredValue::new(keys);
    view! {
        <Confirm
            title=format!("Revoke {name}?")
            action
            pending=revoke.pending()
            disabled=is_too_early
            on_confirm=move || revoke.send(ids.get_value())
            on_close=move || dialog.close()
        >
            <FormError error=revoke.error() fields=&[]/>
            <p>
                {if number == 1 { "It stops" } else { "They stop" }}
                " working within a second. Calls already running finish. This can’t be undone."
            </p>
            <When
                when=move || number != 1
                fallback=move || view! { <RecentUses answer=uses/> }
            >
                <KeysToRevoke keys=keys.get_value() answer=uses/>
            </When>
            {move || descendants.with(|found| {
                found.filter(|found| found.count > 0).map(|found| descendants_option(found, with_descendants))
            })}
            <When when=move || must_type>
                <Field name="number" label=format!("Type {number} to confirm") kind="number" value=typed/>
            </When>
        </Confirm>
    }
}

/// The option to revoke also the keys that these created or rotated, whose secrets their holders know.
fn descendants_option(descendants: &Descendants, selected: RwSignal<bool>) -> AnyView {
    let count = plural(descendants.count, "key");
    let more = descendants.count - i64::try_from(descendants.keys.len()).unwrap_or(i64::MAX);
    let rows = descendants.keys.iter().map(|key| {
        view! { <li><b>{key.name.clone()}</b> " " <span class="mono faint">{key.masked.clone()}</span></li> }.into_any()
    });
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || selected.get()
                on:change=move |event| selected.set(event_target_checked(&event))
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
