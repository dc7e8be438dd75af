use leptos::prelude::*;

use super::{segmented::Segmented, select::SelectOption, unique_id};
use crate::lean::{CollectAny, When, lower_case};

/// Number of choices above which a list without groups can be searched.
const SEARCH_THRESHOLD: usize = 8;

/// A choice of all values or only some.
#[component]
pub fn CheckList(
    name: &'static str,
    #[prop(into)] legend: String,
    /// Whether all values are chosen, regardless of `selected`.
    all: RwSignal<bool>,
    selected: RwSignal<Vec<String>>,
    /// Values to choose from; those of one group are adjacent.
    choices: Memo<Vec<SelectOption>>,
    /// Label for all values: `All models, including future ones`.
    all_label: &'static str,
    #[prop(optional, into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = unique_id(name);
    let described_by = error_id.clone();
    let chosen = move || {
        let only = match selected.with(Vec::len) {
            0 => "Selected".to_owned(),
            count => format!("Selected ({count})"),
        };
        vec![SelectOption::new("all", all_label), SelectOption::new("some", only)]
    };
    view! {
        <fieldset class="field" class:wrong=move || error.with(Option::is_some) aria-describedby=described_by>
            <legend>{legend.clone()}</legend>
            <Segmented
                label=legend
                value=Signal::derive(move || if all.get() { "all" } else { "some" }.to_owned())
                on_change=move |chosen: String| all.set(chosen == "all")
                choices=Signal::derive(chosen)
            />
            <When when=move || !all.get()>
                <Boxes selected choices/>
            </When>
            <p class="error" id=error_id role="alert">{move || error.get()}</p>
        </fieldset>
    }
}

#[component]
fn Boxes(selected: RwSignal<Vec<String>>, choices: Memo<Vec<SelectOption>>) -> impl IntoView {
    let searched = RwSignal::new(String::new());
    let toggle = move |value: String, on: bool| {
        selected.update(|selected| {
            selected.retain(|other| *other != value);
            if on {
                selected.push(value);
            }
        });
    };
    let rows = move || {
        let search = lower_case(&searched.get());
        let matches = move |choice: &SelectOption| lower_case(&choice.label).contains(&search);
        let mut group = "";
        let row = move |choice: SelectOption| {
            let heading =
                (choice.group != group).then(|| view! { <p class="check-group">{choice.group}</p> }.into_any());
            group = choice.group;
            let (checked, value) = (choice.value.clone(), choice.value);
            view! {
                {heading}
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
    let searchable = move || {
        choices.with(|choices| choices.len() > SEARCH_THRESHOLD && choices.iter().all(|choice| choice.group.is_empty()))
    };
    view! {
        {move || {
            searchable()
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
        <div class="check-list">{rows}</div>
    }
}
