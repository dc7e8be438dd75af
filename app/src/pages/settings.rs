use domain::organizations::{SESSION_IDLE_MINUTES, Settings as Chosen};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{AsyncView, Button, Choice, Field, FormError, Look, PageHead, Segmented, Skeleton, use_toasts},
    layout::UnsavedGuard,
    state::{act, load, use_organization},
};

/// The steps that are offered, in minutes; any other number can be typed.
const STEPS: [(u32, &str); 6] = [(15, "15 min"), (30, "30 min"), (60, "1 h"), (120, "2 h"), (240, "4 h"), (480, "8 h")];

/// What the organization's administrators choose.
#[component]
pub fn Settings() -> impl IntoView {
    let slug = use_organization().slug();
    let settings = load(move || api::organizations::SettingsQuestion { organization: slug.clone() });
    view! {
        <PageHead title="Settings" description=|| "What holds for everybody in the organization."/>
        <AsyncView answer=settings skeleton=|| view! { <Skeleton lines=3 shape="form"/> } let:settings>
            <Form settings/>
        </AsyncView>
    }
}

#[component]
fn Form(settings: ReadSignal<Chosen>) -> impl IntoView {
    let organization = use_organization();
    let toasts = use_toasts();
    let saved = RwSignal::new(settings.get_untracked().session_idle_minutes.to_string());
    let minutes = RwSignal::new(saved.get_untracked());
    let dirty = Signal::derive(move || minutes.with(|minutes| minutes.trim() != saved.get()));
    let slug = StoredValue::new(organization.slug());
    let save = act(
        move |settings: &Chosen| api::organizations::UpdateSettings {
            organization: slug.get_value(),
            settings: settings.clone(),
        },
        move |now, ()| {
            let now = now.session_idle_minutes.to_string();
            saved.set(now.clone());
            minutes.set(now);
            toasts.done("Settings saved.");
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        // What is no number is no number of minutes that is allowed.
        let session_idle_minutes = minutes.get().trim().parse().unwrap_or_default();
        save.send_validated(Chosen { session_idle_minutes }.validated());
    };
    let steps: Vec<_> = STEPS.into_iter().map(|(minutes, label)| Choice::new(minutes.to_string(), label)).collect();
    view! {
        <UnsavedGuard dirty/>
        <form class="card section" on:submit=submit novalidate>
            <header>
                <h2>"Sessions"</h2>
                <p>
                    "Whoever does nothing for this long has to sign in again. It counts for every member, from their next
                    step on; open pages keep what was typed."
                </p>
            </header>
            <div class="section-body">
                <FormError error=save.error() fields=&["session_idle_minutes"]/>
                <Segmented
                    label="Common times"
                    value=minutes
                    choices=steps
                    on_change=move |step: String| minutes.set(step)
                />
                <Field
                    name="session_idle_minutes"
                    label="Minutes without activity"
                    kind="number"
                    value=minutes
                    hint=format!(
                        "From {} minutes to {} ({} hours).",
                        SESSION_IDLE_MINUTES.start(),
                        SESSION_IDLE_MINUTES.end(),
                        SESSION_IDLE_MINUTES.end() / 60,
                    )
                    error=save.field("session_idle_minutes")
                />
            </div>
            <footer>
                <span class="faint">{move || if dirty.get() { "Not saved yet" } else { "" }}</span>
                <Button
                    disabled=Signal::derive(move || !dirty.get())
                    on_press=move || {
                        minutes.set(saved.get());
                        save.clear();
                    }
                >
                    "Discard"
                </Button>
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
