//! The suggestions below the search for calls.

use domain::calls::{CallSuggestions, CompletionOption, SearchCompletion, SearchText};
use leptos::prelude::*;

use super::{names::SearchedNames, narrowing::NarrowedPage, search_draft::SearchDraft};
use crate::{
    api,
    components::{ListedOption, OptionList, OptionListView},
    lean::watch,
    state::{debounced, load_into, use_organization},
};

/// What the search field shares with its suggestions, whose code is loaded when the field is first used.
#[derive(Clone, Copy)]
pub(super) struct Suggesting {
    pub page: NarrowedPage,
    pub names: SearchedNames,
    pub draft: SearchDraft,
    pub open: RwSignal<bool>,
    /// The server's latest answer, and the value that it belongs to.
    pub answer: RwSignal<Option<(String, CallSuggestions)>>,
    /// What can follow at the cursor.
    pub completion: RwSignal<SearchCompletion>,
}

impl Suggesting {
    /// Whether the latest answer is that to what is typed now.
    pub(super) fn is_current(&self) -> bool {
        let typed = self.draft.value;
        self.answer.with(|answer| answer.as_ref().is_some_and(|(value, _)| typed.with(|typed| typed == value)))
    }

    /// What the list shows.
    pub(super) fn listed(&self) -> Vec<ListedOption> {
        let option = |option: &CompletionOption| ListedOption {
            label: option.label.clone(),
            detail: option.detail.clone(),
            ..ListedOption::default()
        };
        self.completion.with(|completion| completion.options.iter().map(option).collect())
    }
}

/// The list of suggestions for the [`Suggesting`] and the [`OptionList`] in the context.
#[component]
pub fn SuggestedTerms() -> impl IntoView {
    let organization = use_organization();
    let suggesting = expect_context::<Suggesting>();
    let Suggesting { page, names, draft, open, answer, completion } = suggesting;
    let value = debounced(draft.value);
    let requested = StoredValue::new(String::new());
    load_into(
        move || {
            let text = value.get();
            open.get().then(|| {
                requested.set_value(text.clone());
                let query = page.address.with(|address| address.calls(None));
                api::calls::Suggest { organization: organization.slug(), query, text }
            })
        },
        move |suggestions| {
            names.add(&suggestions);
            answer.set(Some((requested.get_value(), suggestions)));
        },
    );
    watch(move || {
        let suggestions = answer.with(|answer| answer.as_ref().map(|(_, found)| found.clone()).unwrap_or_default());
        // What was found for another value may not fit this one.
        let suggestions = if suggesting.is_current() { suggestions } else { CallSuggestions::default() };
        completion.set(draft.text.with(|text| SearchText::complete(text, draft.cursor.get(), &suggestions)));
    });
    let list = expect_context::<OptionList>();
    view! { <OptionListView list label="Suggestions"/> }
}
