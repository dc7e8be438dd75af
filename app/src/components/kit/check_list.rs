use leptos::prelude::*;

use super::{Choice, CollectAny, unique_id};

/// From so many choices on, they can be searched.
const MANY: usize = 8;

/// Any of several; none stands for all.
#[component]
pub fn CheckList(
    name: &'static str,
    #[prop(into)] legend: String,
    selected: RwSignal<Vec<String>>,
    #[prop(into)] choices: Signal<Vec<Choice>>,
    /// What choosing none means.
    #[prop(into)]
    none: String,
    #[prop(optional, into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = unique_id(name);
    let described_by = error_id.clone();
    let searched = RwSignal::new(String::new());
    let toggle = move |value: String, on: bool| {
        selected.update(|selected| {
            selected.retain(|other| *other != value);
            if on {
                selected.push(value);
            }
        });
    };
    let shown = move || {
        let search = searched.get().to_lowercase();
        let matches = move |choice: &Choice| choice.label.to_lowercase().contains(&search);
        let row = move |choice: Choice| {
            let (checked, value) = (choice.value.clone(), choice.value);
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || selected.with(|selected| selected.contains(&checked))
                        on:change=move |event| toggle(value.clone(), event_target_checked(&event))
                    />
                    <span>{choice.label}</span>
                    <small>{choice.description}</small>
                </label>
            }
        };
        choices.get().into_iter().filter(matches).map(row).collect_any()
    };
    let summary = move || match selected.with(Vec::len) {
        0 => none.clone(),
        1 => "1 chosen".to_owned(),
        many => format!("{many} chosen"),
    };
    view! {
        <fieldset class="field" class:wrong=move || error.with(Option::is_some) aria-describedby=described_by>
            <legend>{legend} <span class="optional" aria-live="polite">{summary}</span></legend>
            {move || {
                (choices.with(Vec::len) > MANY)
                    .then(|| view! {
                        <input
                            class="input"
                            type="search"
                            aria-label="Search the list"
                            placeholder="Search the list"
                            prop:value=move || searched.get()
                            on:input=move |event| searched.set(event_target_value(&event))
                        />
                    }.into_any())
            }}
            <div class="check-list">{shown}</div>
            <p class="error" id=error_id role="alert">{move || error.get()}</p>
        </fieldset>
    }
}
