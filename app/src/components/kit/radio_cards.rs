use leptos::prelude::*;

use super::{select::SelectOption, unique_id};
use crate::lean::CollectAny;

/// A choice between a few values, each with an explanation.
#[component]
pub fn RadioCards(
    name: &'static str,
    #[prop(into)] legend: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_change: Callback<(String,)>,
    #[prop(into)] choices: Signal<Vec<SelectOption>>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    /// Side by side, for choices of a word or two.
    #[prop(optional)]
    inline: bool,
) -> impl IntoView {
    let group = unique_id(name);
    let error_id = format!("{group}-error");
    let described_by = error_id.clone();
    let cards = move || {
        let card = |choice: SelectOption| {
            let (checked, chosen) = (choice.value.clone(), choice.value.clone());
            view! {
                <label class="radio-card">
                    <input
                        type="radio"
                        name=group.clone()
                        value=choice.value
                        prop:checked=move || value.with(|value| *value == checked)
                        on:change=move |_| on_change.run((chosen.clone(),))
                    />
                    <span>
                        <b>{choice.label}</b>
                        {(!choice.description.is_empty()).then(|| view! { <small>{choice.description}</small> }.into_any())}
                    </span>
                </label>
            }
        };
        choices.get().into_iter().map(card).collect_any()
    };
    view! {
        <fieldset class="field" class:wrong=move || error.with(Option::is_some) aria-describedby=described_by>
            <legend>{legend}</legend>
            <div class="radio-cards" class:inline=inline>{cards}</div>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> }.into_any())}
            <p class="error" id=error_id role="alert">{move || error.get()}</p>
        </fieldset>
    }
}
