use domain::organizations::{OrganizationSettings, SettingsChanges};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, ButtonStyle, FormError, use_toasts},
    layout::Unsaved,
    state::{Submission, submission, use_organization},
};

/// A submission that saves changes of the settings and updates `saved`.
pub(super) fn save_settings(saved: RwSignal<OrganizationSettings>) -> Submission<SettingsChanges> {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    submission(
        move |changes: &SettingsChanges| api::organizations::UpdateSettings {
            organization: slug.clone(),
            changes: changes.clone(),
        },
        move |changes, ()| {
            saved.update(|saved| *saved = saved.with(changes));
            toasts.show_success("Settings saved.");
        },
    )
}

/// A section of settings that are saved together.
#[component]
pub(super) fn Section(
    title: &'static str,
    description: &'static str,
    save: Submission<SettingsChanges>,
    saved: RwSignal<OrganizationSettings>,
    /// The settings as typed in the fields.
    #[prop(into)]
    changes: Signal<SettingsChanges>,
    /// Names of the fields that show their own errors.
    fields: &'static [&'static str],
    unsaved: Unsaved,
    /// Resets the fields to the saved settings.
    #[prop(into)]
    on_discard: Callback<()>,
    children: Children,
) -> impl IntoView {
    let dirty = Memo::new(move |_| saved.with(|saved| saved.with(changes.get()) != *saved));
    unsaved.watch(dirty.into());
    let clean = Signal::derive(move || !dirty.get());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let changes = changes.get();
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
                <Button style=ButtonStyle::Primary submit=true pending=save.pending() disabled=clean>"Save"</Button>
            </footer>
        </form>
    }
}
