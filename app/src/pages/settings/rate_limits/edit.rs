use domain::rate_limits::{RateLimits, SharedLimits};
use leptos::{ev, prelude::*};

use super::name;
use crate::{
    api,
    components::{Button, Dialog, FormError, Look, RATE_FIELDS, RateDraft, RateFields, format_count, use_toasts},
    state::{act, use_organization, watch},
};

/// The form for the limits of the organization or of a project.
#[component]
pub(super) fn LimitsDialog(
    open: RwSignal<bool>,
    edited: RwSignal<Option<SharedLimits>>,
    /// Set to whether there is anything to save.
    dirty: RwSignal<bool>,
    on_saved: Callback<SharedLimits>,
) -> impl IntoView {
    let title = move || {
        edited.with(|edited| {
            edited.as_ref().map(|limits| format!("Rate limits of {}", name(&limits.project))).unwrap_or_default()
        })
    };
    view! {
        <Dialog open title=Signal::derive(title) on_close=move || dirty.set(false)>
            {move || edited.get().map(|limits| view! { <Form limits open dirty on_saved/> })}
        </Dialog>
    }
}

#[component]
fn Form(
    limits: SharedLimits,
    open: RwSignal<bool>,
    dirty: RwSignal<bool>,
    on_saved: Callback<SharedLimits>,
) -> impl IntoView {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    let SharedLimits { project, limits: before, configured } = limits.clone();
    let together = match project {
        Some(_) => "For all keys of the project together. Those of the organization hold too.",
        None => "For all keys of the organization together, whatever their project.",
    };
    let id = project.map(|project| project.id);
    let save = act(
        move |limits: &RateLimits| api::rate_limits::Set { organization: slug.clone(), project: id, limits: *limits },
        move |chosen, ()| {
            on_saved.run(SharedLimits { limits: chosen, ..limits.clone() });
            toasts.done("Rate limits saved; they hold from now on.");
            open.set(false);
        },
    );
    let draft = RateDraft::of(before);
    watch(move || dirty.set(draft.limits() != Ok(before)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        save.send_validated(draft.limits());
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p>{together}</p>
                <FormError error=save.error() fields=RATE_FIELDS/>
                <RateFields
                    draft
                    error=save.error()
                    calls_hint=if_empty(configured.calls_per_minute)
                    tokens_hint=format!("Input and output together. {}", if_empty(configured.tokens_per_minute))
                    autofocus=true
                />
            </div>
            <footer>
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button
                    look=Look::Primary
                    submit=true
                    pending=save.pending()
                    disabled=Signal::derive(move || !dirty.get())
                >
                    "Save"
                </Button>
            </footer>
        </form>
    }
}

/// What holds where nothing is set.
fn if_empty(configured: Option<u32>) -> String {
    match configured {
        Some(limit) => format!("Empty for your operator's limit, {}.", format_count(limit.into())),
        None => "Empty for no limit.".to_owned(),
    }
}
