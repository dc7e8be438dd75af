//! The search for calls: one field for all filters, equal to the facets and to the address.

use domain::{
    calls::{CompletionOption, SearchCompletion, SearchText},
    ids::CallId,
};
use leptos::{ev, html, prelude::*};

use super::{call_suggestions::Suggesting, names::SearchedNames, narrowing::NarrowedPage};
use crate::{
    addresses::CodePart,
    components::{Button, ButtonStyle, Icon, IconView, OptionList, unique_id},
    layout::LazyPart,
    lean::watch,
    state::use_go,
};

/// What is typed, and where: the field's text follows the address unless it is being edited.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    input: NodeRef<html::Input>,
    pub text: RwSignal<String>,
    /// Place of the cursor in `text`, in bytes.
    pub cursor: RwSignal<usize>,
    /// The value at the cursor, for which the server suggests others.
    pub value: RwSignal<String>,
}

impl Draft {
    /// The text and the cursor, as the field has them.
    fn read(&self) {
        let Some(input) = self.input.get_untracked() else { return };
        let text = input.value();
        let cursor = input.selection_start().ok().flatten().map_or(text.len(), |units| place(&text, units));
        if self.cursor.get_untracked() != cursor || self.text.with_untracked(|before| *before != text) {
            self.set(text, cursor);
        }
    }

    /// Replaces the text, and leaves the cursor at `cursor`.
    fn write(&self, text: &str, cursor: usize) {
        if let Some(input) = self.input.get_untracked() {
            input.set_value(text);
            let units = u32::try_from(text[..cursor].encode_utf16().count()).unwrap_or_default();
            let _ = input.set_selection_range(units, units);
        }
        self.set(text.to_owned(), cursor);
    }

    fn set(&self, text: String, cursor: usize) {
        self.value.set(SearchText::typed_value(&text, cursor));
        self.cursor.set(cursor);
        self.text.set(text);
    }
}

/// The search field, which completes qualifiers and their values while one types.
#[component]
pub(super) fn CallSearch(page: NarrowedPage, names: SearchedNames) -> impl IntoView {
    let go = use_go();
    let draft = Draft {
        input: NodeRef::new(),
        text: RwSignal::default(),
        cursor: RwSignal::new(0),
        value: RwSignal::default(),
    };
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

/// The place in bytes of a place in UTF-16 units, in which browsers count.
fn place(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (index, letter) in text.char_indices() {
        if left == 0 {
            return index;
        }
        left = left.saturating_sub(letter.len_utf16());
    }
    text.len()
}
