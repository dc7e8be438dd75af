use domain::{
    calls::{Call, CallSuggestions, OutcomeFilter},
    ids::CallId,
};
use leptos::{ev, html, prelude::*};

use super::{CallsHref, outcome::filter_label};
use crate::{
    addresses::LogsAddress,
    api,
    components::{
        Button, ButtonStyle, Icon, IconView, ListedOption, OptionList, OptionListView, TimeStyle, format_moment,
    },
    lean::{lower_case, watch},
    state::{debounced, load_into, use_go, use_organization, use_zone},
};

/// A call or a filter that fits the typed text.
#[derive(Clone, PartialEq)]
struct Suggestion {
    shown: ListedOption,
    href: String,
}

impl Suggestion {
    fn new(group: &'static str, label: impl Into<String>, detail: impl Into<String>, href: String) -> Self {
        let shown = ListedOption { group, label: label.into(), detail: detail.into(), ..ListedOption::default() };
        Self { shown, href }
    }
}

/// The search for calls: opens the call with an ID, and offers filters while one types.
#[component]
pub(super) fn CallSearch(address: Memo<LogsAddress>, href: CallsHref, of_key: bool) -> impl IntoView {
    let (go, organization, zone) = (use_go(), use_organization(), use_zone());
    let input = NodeRef::<html::Input>::new();
    let (typed, open) = (RwSignal::new(String::new()), RwSignal::new(false));
    // Whether Enter was pressed before the suggestions for the text had arrived.
    let submitted = RwSignal::new(false);
    let text = debounced(typed);
    // The latest answer, and the text that it belongs to.
    let requested = StoredValue::new(String::new());
    let answer = RwSignal::new(None::<(String, CallSuggestions)>);
    load_into(
        move || {
            let text = text.get();
            open.get().then(|| {
                requested.set_value(text.clone());
                api::calls::Suggest { organization: organization.slug(), text }
            })
        },
        move |suggestions| answer.set(Some((requested.get_value(), suggestions))),
    );
    let is_current =
        move || answer.with(|answer| answer.as_ref().is_some_and(|(text, _)| typed.with(|typed| typed == text)));
    let page = NarrowedPage { address, href };
    let suggestions = Memo::new(move |_| {
        let mut found = Vec::new();
        let answer = answer.get().filter(|_| is_current()).map(|(_, suggestions)| suggestions);
        if let Some(answer) = &answer {
            found.extend(answer.calls.iter().map(|call| page.call(call, &zone.get())));
        }
        found.extend(page.statuses(&typed.get()));
        if let Some(answer) = &answer {
            found.extend(page.filters(answer, of_key));
        }
        found
    });
    let go_to = move |href: String| {
        typed.set(String::new());
        open.set(false);
        go.to(href);
    };
    let choose = move |index: usize| {
        if let Some(suggestion) = suggestions.with_untracked(|found| found.get(index).cloned()) {
            go_to(suggestion.href);
        }
    };
    let listed = move || suggestions.with(|found| found.iter().map(|suggestion| suggestion.shown.clone()).collect());
    let list = OptionList::unmarked(Signal::derive(listed), choose);
    let submit = move || {
        let typed = typed.with_untracked(|typed| typed.trim().to_owned());
        // An ID needs no suggestions; if there is no such call, the panel says so.
        if let Ok(call) = typed.parse::<CallId>() {
            return go_to(href.run((LogsAddress { call: Some(call), ..address.get_untracked() },)));
        }
        choose(list.marked().unwrap_or_default());
        list.reset();
    };
    watch(move || {
        if submitted.get() && is_current() {
            submitted.set(false);
            untrack(submit);
        }
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if typed.with_untracked(|typed| !typed.trim().is_empty()) || list.marked().is_some() => {
                if list.marked().is_some() || untrack(is_current) {
                    submit();
                } else {
                    submitted.set(true);
                }
            }
            "Escape" if open.get_untracked() => open.set(false),
            key if list.handle_key(key) => open.set(true),
            _ => return,
        }
        event.prevent_default();
    };
    let start = move || {
        if let Some(input) = input.get_untracked() {
            let _ = input.focus();
        }
        open.set(true);
    };
    let active = move || open.get().then(|| list.active_id()).flatten();
    let nothing = move || {
        (is_current() && suggestions.with(Vec::is_empty))
            .then_some("No call has this ID, and no model, key, project or status has this name.")
    };
    view! {
        <div class="call-search">
            <div class="search-field">
                <IconView icon=Icon::Search/>
                <input
                    node_ref=input
                    class="input"
                    type="search"
                    role="combobox"
                    data-shortcut="/"
                    autocomplete="off"
                    aria-autocomplete="list"
                    aria-expanded=move || open.get().to_string()
                    aria-controls=list.id()
                    aria-activedescendant=active
                    aria-label="Search calls"
                    placeholder="ID, model, key, project or status"
                    prop:value=move || typed.get()
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        list.reset();
                        submitted.set(false);
                        open.set(true);
                    }
                    on:click=move |_| open.set(true)
                    on:blur=move |_| open.set(false)
                    on:keydown=on_keydown
                />
            </div>
            // Pressing an option mustn't take the focus from the field, which would close the list.
            <div
                class="call-suggestions"
                hidden=move || !open.get()
                on:mousedown=move |event| event.prevent_default()
            >
                <OptionListView list label="Suggestions"/>
                <p role="status">{nothing}</p>
            </div>
        </div>
        <Button style=ButtonStyle::Quiet icon=Icon::Plus on_press=start>"Filter"</Button>
    }
}

/// The page, to be narrowed by what was typed.
#[derive(Clone, Copy)]
struct NarrowedPage {
    address: Memo<LogsAddress>,
    href: CallsHref,
}

impl NarrowedPage {
    /// The page's address after a change, without an open call.
    fn href(&self, change: impl FnOnce(&mut LogsAddress)) -> String {
        let mut address = LogsAddress { call: None, ..self.address.get() };
        change(&mut address);
        self.href.run((address,))
    }

    fn call(&self, call: &Call, zone: &str) -> Suggestion {
        let at = format_moment(call.started_at, zone, TimeStyle::DayMinute);
        Suggestion::new("Calls", call.id.to_string(), at, self.href(|address| address.call = Some(call.id)))
    }

    /// The statuses that fit a text.
    fn statuses(&self, typed: &str) -> Vec<Suggestion> {
        let typed = lower_case(typed.trim());
        let fits = |outcome: &OutcomeFilter| lower_case(filter_label(*outcome)).contains(&typed);
        let suggestion = |outcome: OutcomeFilter| {
            let href = self.href(|address| address.outcome = Some(outcome));
            Suggestion::new("Status", filter_label(outcome), "", href)
        };
        OutcomeFilter::ALL.into_iter().filter(fits).map(suggestion).collect()
    }

    /// The models, keys and projects that fit the text that was typed.
    fn filters(&self, answer: &CallSuggestions, of_key: bool) -> Vec<Suggestion> {
        let mut found = Vec::new();
        for model in &answer.models {
            let href = self.href(|address| address.filter.model = Some(model.clone()));
            found.push(Suggestion::new("Models", model, "", href));
        }
        if of_key {
            // The calls of a key are those of one project.
            return found;
        }
        for key in &answer.api_keys {
            let href = self.href(|address| address.filter.api_key = Some(key.id));
            found.push(Suggestion::new("Keys", &key.name, &key.masked, href));
        }
        for project in &answer.projects {
            let href = self.href(|address| address.filter.project = Some(project.id));
            found.push(Suggestion::new("Projects", &project.name, "", href));
        }
        found
    }
}
