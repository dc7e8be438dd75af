use leptos::prelude::*;

use super::select::SelectOption;
use crate::lean::CollectAny;

/// A choice between a few values, side by side.
#[component]
pub fn Segmented(
    /// Name of the choice: `Range`.
    #[prop(into)]
    label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_change: Callback<(String,)>,
    #[prop(into)] choices: Signal<Vec<SelectOption>>,
) -> impl IntoView {
    let buttons = move || {
        let button = |choice: SelectOption| {
            let (compared, chosen) = (choice.value.clone(), choice.value);
            view! {
                <button
                    type="button"
                    aria-pressed=move || value.with(|value| *value == compared).to_string()
                    on:click=move |_| on_change.run((chosen.clone(),))
                >
                    {choice.label}
                </button>
            }
        };
        choices.get().into_iter().map(button).collect_any()
    };
    view! {
        <div class="segmented" role="group" aria-label=label>
            {buttons}
        </div>
    }
}
