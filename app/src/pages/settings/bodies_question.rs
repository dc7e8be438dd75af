//! The question whether to store bodies, until the organization has decided.

use domain::{
    bodies::{BodySettings, DEFAULT_BODY_DAYS},
    organizations::SettingsChanges,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use crate::{
    api,
    components::{Button, ButtonStyle, FormError, RadioCards, SelectOption, use_toasts},
    state::{load_when, submission, use_organization},
};

const METADATA: &str = "metadata";
const BODIES: &str = "bodies";

/// Asks whether to store bodies. It shows itself only to those who may decide, and only until somebody has.
#[component]
pub fn BodiesQuestion() -> impl IntoView {
    let organization = use_organization();
    let may_decide = organization.reach(Permission::ManageSettings).is_some_and(Reach::is_organization_wide);
    let slug = organization.slug();
    let settings =
        load_when(move || may_decide.then(|| api::organizations::SettingsRequest { organization: slug.clone() }));
    let undecided =
        Memo::new(move |_| settings.with(|settings| Some(settings?.bodies.clone()).filter(|bodies| bodies.undecided)));
    move || {
        undecided.get().map(|current| {
            view! {
                <section class="card bodies-question" aria-labelledby="bodies-question">
                    <h2 id="bodies-question">"Store request and response bodies?"</h2>
                    <p class="dim">
                        "The log always shows a call's metadata: key, model, status, times, tokens and cost. Until you
                        decide, bodies aren't stored. You can change this in Settings."
                    </p>
                    <BodiesChoice current on_decided=move |_: SettingsChanges| settings.refresh()/>
                </section>
            }
        })
    }
}

/// The two choices and a button that saves one.
#[component]
pub(super) fn BodiesChoice(
    current: BodySettings,
    /// Gets the change once it is saved.
    #[prop(into)]
    on_decided: Callback<(SettingsChanges,)>,
) -> impl IntoView {
    let slug = use_organization().slug();
    let toasts = use_toasts();
    let choice = RwSignal::new(METADATA.to_owned());
    let save = submission(
        move |changes: &SettingsChanges| api::organizations::UpdateSettings {
            organization: slug.clone(),
            changes: changes.clone(),
        },
        move |changes, ()| {
            toasts.show_success("Changes saved.");
            on_decided.run((changes,));
        },
    );
    let decide = move || {
        let days = choice.with_untracked(|choice| choice == BODIES).then_some(DEFAULT_BODY_DAYS);
        let bodies = BodySettings { days, undecided: false, ..current.clone() };
        save.send(SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() });
    };
    let choices = vec![
        SelectOption::new(METADATA, "Metadata only").with_description("What calls contain isn't stored."),
        SelectOption::new(BODIES, format!("With request and response bodies, kept {DEFAULT_BODY_DAYS} days"))
            .with_description("For debugging. Members who can see a call's log can read them; fields can be redacted."),
    ];
    view! {
        <FormError error=save.error() fields=&[]/>
        <RadioCards
            name="bodies-choice"
            legend="What to store"
            value=choice
            choices
            on_change=move |name: String| choice.set(name)
        />
        <p><Button style=ButtonStyle::Primary pending=save.pending() on_press=decide>"Save choice"</Button></p>
    }
}
