use domain::organizations::Settings;
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, FormError, Look, use_toasts},
    state::{Act, act, use_organization, watch},
};

/// What saves the settings: `saved` then holds them.
pub(super) fn save(saved: RwSignal<Settings>) -> Act<Settings> {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    act(
        move |settings: &Settings| api::organizations::UpdateSettings {
            organization: slug.clone(),
            settings: settings.clone(),
        },
        move |settings, ()| {
            saved.set(settings);
            toasts.done("Settings saved.");
        },
    )
}

/// Settings that belong together, and are saved together.
#[component]
pub(super) fn Section(
    title: &'static str,
    description: &'static str,
    save: Act<Settings>,
    saved: RwSignal<Settings>,
    /// What stands in the fields.
    #[prop(into)]
    chosen: Signal<Settings>,
    /// The fields that say their errors themselves.
    fields: &'static [&'static str],
    /// Set to whether there is anything to save.
    dirty: RwSignal<bool>,
    /// Puts back what is saved.
    #[prop(into)]
    on_discard: Callback<()>,
    children: Children,
) -> impl IntoView {
    watch(move || {
        let changed = saved.with(|saved| chosen.with(|chosen| chosen != saved));
        if changed != dirty.get_untracked() {
            dirty.set(changed);
        }
    });
    let clean = Signal::derive(move || !dirty.get());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        save.send_validated(chosen.get().validated());
    };
    view! {
        <form class="card section" on:submit=submit novalidate>
            <header>
                <h2>{title}</h2>
                <p>{description}</p>
            </header>
            <div class="section-body">
                <FormError error=save.error() fields/>
                {children()}
            </div>
            <footer>
                <span class="faint">{move || dirty.get().then_some("Not saved yet")}</span>
                <Button
                    disabled=clean
                    on_press=move || {
                        on_discard.run(());
                        save.clear();
                    }
                >
                    "Discard"
                </Button>
                <Button look=Look::Primary submit=true pending=save.pending() disabled=clean>"Save"</Button>
            </footer>
        </form>
    }
}
