//! The search for calls: one field for all filters, equal to the facets and to the address.

use domain::{
    calls::{CompletionOption, SearchCompletion, SearchText},
    ids::CallId,
};
use leptos::{ev, prelude::*};

use super::{call_suggestions::Suggesting, names::SearchedNames, narrowing::NarrowedPage, search_draft::SearchDraft};
use crate::{
    addresses::CodePart,
    components::{Button, ButtonStyle, Icon, IconView, OptionList, unique_id},
    layout::LazyPart,
    lean::watch,
    state::use_go,
};

/// The search field, which completes qualifiers and their values while one types.
#[component]
pub(super) fn CallSearch(page: NarrowedPage, names: SearchedNames) -> impl IntoView {
    let go = use_go();
    let draft = SearchDraft::new();
    let (open, error) = (RwSignal::new(false), RwSignal::new(None::<String>));
    // Whether Enter was pressed before the suggestions for the text had arrived.
    let submitted = RwSignal::new(false);

    // The field shows the address's search, and keeps what was typed since.
    let applied = Memo::new(move |_| names.with(|names| page.search().print(names)));
    let shown = StoredValue::new(String::new());
    watch(move || {
        let applied = applied.get();
        if draft.input.get().is_none() {
            return;
        }
        let is_edited = draft.text.with_untracked(|text| shown.with_value(|shown| text != shown));
        shown.set_value(applied.clone());
        if !is_edited {
            error.set(None);
            draft.write(&applied, applied.len());
        }
    });

    let (answer, completion) = (RwSignal::new(None), RwSignal::new(SearchCompletion::default()));
    let suggesting = Suggesting { page, names, draft, open, answer, completion };
    provide_context(suggesting);
    let is_current = move || suggesting.is_current();

    let apply = move |search: SearchText| {
        open.set(false);
        error.set(None);
        // The call opens beside the list, which it doesn't narrow.
        let text = untrack(|| names.with(|names| SearchText { call: None, ..search.clone() }.print(names)));
        shown.set_value(text.clone());
        draft.write(&text, text.len());
        go.to(untrack(|| page.href(search)));
    };
    let open_call = move |call: CallId| apply(SearchText { call: Some(call), ..untrack(|| page.search()) });
    let parse = move |text: &str| names.with(|names| SearchText::parse(text, names));
    let choose = move |index: usize| {
        let Some((start, end, option)) = completion.with_untracked(|SearchCompletion { start, end, options }| {
            options.get(index).map(|option| (*start, *end, option.clone()))
        }) else {
            return;
        };
        let CompletionOption { inserted, .. } = option;
        let is_complete = inserted.ends_with(' ');
        let text = draft.text.with_untracked(|text| format!("{}{inserted}{}", &text[..start], &text[end..]));
        draft.write(&text, start + inserted.len());
        // A whole value narrows the list at once; after a qualifier, its values are offered.
        match untrack(|| parse(&text)) {
            Ok(search) if is_complete => apply(search),
            _ => open.set(true),
        }
    };
    let list = OptionList::unmarked(Signal::derive(move || suggesting.listed()), choose);
    provide_context(list);
    let submit = move || {
        if let Some(index) = list.marked() {
            list.reset();
            return choose(index);
        }
        match untrack(|| draft.text.with(|text| parse(text))) {
            Ok(search) => apply(search),
            Err(reason) => {
                // A client's own request ID is no filter, but finds its call.
                let found = answer.with_untracked(|answer| Some(answer.as_ref()?.1.calls.first()?.id));
                match found.filter(|_| untrack(is_current)) {
                    Some(call) => open_call(call),
                    None => error.set(Some(reason.to_string())),
                }
            }
        }
    };
    watch(move || {
        if submitted.get() && is_current() {
            submitted.set(false);
            untrack(submit);
        }
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "Enter" if list.marked().is_some() || untrack(is_current) => submit(),
            "Enter" => match untrack(|| draft.text.with(|text| parse(text))) {
                Ok(search) => apply(search),
                Err(_) if open.get_untracked() => submitted.set(true),
                Err(reason) => error.set(Some(reason.to_string())),
            },
            "Escape" if open.get_untracked() => open.set(false),
            "Escape" if error.with_untracked(Option::is_some) => {
                let applied = applied.get_untracked();
                error.set(None);
                draft.write(&applied, applied.len());
            }
            key if list.handle_key(key) => open.set(true),
            _ => return,
        }
        event.prevent_default();
    };
    let start = move || {
        if let Some(input) = draft.input.get_untracked() {
            let _ = input.focus();
        }
        // Behind what the search says already, a new term begins.
        let text = draft.text.get_untracked();
        if !text.is_empty() && !text.ends_with(' ') {
            let text = format!("{text} ");
            draft.write(&text, text.len());
        }
        open.set(true);
    };
    let is_listed = move || open.get() && completion.with(|completion| !completion.options.is_empty());
    let active = move || is_listed().then(|| list.active_id()).flatten();
    let error_id = unique_id("search-error");
    let error_target = error_id.clone();
    let described_by = move || error.with(Option::is_some).then(|| error_target.clone());
    view! {
        <div class="call-search">
            <div class="search-field">
                <IconView icon=Icon::Search/>
                <input
                    node_ref=draft.input
                    class="input"
                    type="search"
                    role="combobox"
                    data-shortcut="/"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-autocomplete="list"
                    aria-expanded=move || is_listed().to_string()
                    aria-controls=list.id()
                    aria-activedescendant=active
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=described_by
                    aria-label="Search calls"
                    placeholder="status:4xx model:gpt-5 cost:>0.01"
                    on:input=move |_| {
                        draft.read();
                        list.reset();
                        submitted.set(false);
                        error.set(None);
                        open.set(true);
                    }
                    on:keyup=move |_| draft.read()
                    on:click=move |_| {
                        draft.read();
                        open.set(true);
                    }
                    on:blur=move |_| open.set(false)
                    on:keydown=on_keydown
                />
            </div>
            // Pressing an option mustn't take the focus from the field, which would close the list.
            <div
                class="call-suggestions"
                hidden=move || !is_listed()
                on:mousedown=move |event| event.prevent_default()
            >
                <LazyPart part=CodePart::SuggestedTerms wanted=open/>
            </div>
            <p class="search-error" id=error_id role="alert">{move || error.get()}</p>
        </div>
        <Button style=ButtonStyle::Quiet icon=Icon::Plus on_press=start>"Filter"</Button>
    }
}
