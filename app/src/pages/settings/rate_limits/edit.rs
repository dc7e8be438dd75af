use domain::rate_limits::{RateLimits, SharedLimits};
use leptos::{ev, prelude::*};

use super::name;
use crate::{
    api,
    components::{
        Button, ButtonStyle, Dialog, FormError, RATE_FIELDS, RateDraft, RateFields, format_count, use_toasts,
    },
    layout::Unsaved,
    state::{submission, use_organization},
};

/// A dialog for the limits of the organization or of a project.
#[component]
pub(super) fn LimitsDialog(
    limits: SharedLimits,
    unsaved: Unsaved,
    #[prop(into)] on_close: Callback<()>,
    #[prop(into)] on_saved: Callback<()>,
) -> impl IntoView {
    let title = format!("Rate limits of {}", name(&limits.project));
    view! {
        <Dialog title on_close>
            <Form limits=limits.clone() unsaved on_close on_saved/>
        </Dialog>
    }
}

#[component]
fn Form(limits: SharedLimits, unsaved: Unsaved, on_close: Callback<()>, on_saved: Callback<()>) -> impl IntoView {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    let SharedLimits { project, limits: current, configured } = limits;
    let explanation = match project {
        Some(_) => "For all keys of the project together. Organization limits still apply.",
        None => "For all keys of the organization together, in all projects.",
    };
    let id = project.map(|project| project.id);
    let save = submission(
        move |limits: &RateLimits| api::rate_limits::Set { organization: slug.clone(), project: id, limits: *limits },
        move |_, ()| {
            on_saved.run(());
            toasts.show_success("Changes saved.");
        },
    );
    let draft = RateDraft::new(current);
    let dirty = Memo::new(move |_| draft.limits() != Ok(current));
    unsaved.watch(dirty.into());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        save.send_validated(draft.limits());
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p>{explanation}</p>
                <FormError error=save.error() fields=RATE_FIELDS/>
                <RateFields
                    draft
                    error=save.error()
                    calls_hint=empty_hint(configured.calls_per_minute)
                    tokens_hint=format!("Input and output together. {}", empty_hint(configured.tokens_per_minute))
                    autofocus=true
                />
            </div>
            <footer>
                <Button on_press=on_close>"Cancel"</Button>
                <Button
                    style=ButtonStyle::Primary
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

/// A hint at the limit that applies if the field is empty.
fn empty_hint(configured: Option<u32>) -> String {
    match configured {
        Some(limit) => format!("Leave blank for the server default, {}.", format_count(limit.into())),
        None => "Leave blank for no limit.".to_owned(),
    }
}
