use leptos::prelude::*;

use crate::{
    components::{RadioCards, SelectOption},
    state::use_single_keys,
};

const ON: &str = "on";
const OFF: &str = "off";

/// The choice whether single keys act as shortcuts.
#[component]
pub(super) fn KeyboardSection() -> impl IntoView {
    let single_keys = use_single_keys();
    let choices = vec![
        SelectOption::new(ON, "On")
            .with_description("“g u” opens Usage, “/” focuses search, “?” shows all shortcuts. Never while you type."),
        SelectOption::new(OFF, "Off")
            .with_description("For speech input, or to avoid accidental key presses. Ctrl K always works."),
    ];
    view! {
        <section class="card section">
            <header>
                <h2>"Keyboard"</h2>
                <p>"Applies to this browser."</p>
            </header>
            <div class="section-body">
                <RadioCards
                    name="single-keys"
                    legend="Single-key shortcuts"
                    value=Signal::derive(move || if single_keys.is_on() { ON } else { OFF }.to_owned())
                    choices
                    on_change=move |name: String| single_keys.set(name == ON)
                />
            </div>
        </section>
    }
}
