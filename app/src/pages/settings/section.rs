use domain::organizations::{Settings, SettingsChanges};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, FormError, Look, use_toasts},
    layout::Unsaved,
    state::{Act, act, use_organization},
};

/// What saves changes of the settings: `saved` then holds them.
pub(super) fn save(saved: RwSignal<Settings>) -> Act<SettingsChanges> {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    act(
        move |changes: &SettingsChanges| api::organizations::UpdateSettings {
            organization: slug.clone(),
            changes: changes.clone(),
        },
        move |changes, ()| {
            saved.update(|saved| *saved = saved.with(changes));
            toasts.done("Settings saved.");
        },
    )
}

/// Settings that belong together, and are saved together.
#[component]
pub(super) fn Section(
    title: &'static str,
    description: &'static str,
    save: Act<SettingsChanges>,
    saved: RwSignal<Settings>,
    /// What stands in the fields.
    #[prop(into)]
    chosen: Signal<SettingsChanges>,
    /// The fields that say their errors themselves.
    fields: &'static [&'static str],
    unsaved: Unsaved,
    /// Puts back what is saved.
    #[prop(into)]
    on_discard: Callback<()>,
    children: Children,
) -> impl IntoView {
    let dirty = Memo::new(move |_| saved.with(|saved| saved.with(chosen.get()) != *saved));
    unsaved.watch(dirty.into());
    let clean = Signal::derive(move || !dirty.get());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let changes = chosen.get();
        save.send_validated(saved.with(|saved| saved.with(changes.clone())).validated().map(|_| changes));
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
