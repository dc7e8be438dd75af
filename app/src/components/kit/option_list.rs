//! Lists of options below a search field, which marks one of them by the arrow keys while it keeps the focus: the combobox of
//! ARIA's Authoring Practices.

use leptos::{ev, html, prelude::*};

use super::{
    icon::{Icon, IconView},
    name::Name,
    unique_id,
};
use crate::lean::CollectAny;

/// What an option shows.
#[derive(Clone, Default, PartialEq)]
pub struct ListedOption {
    /// Heading of the options of its kind, which follow each other.
    pub group: &'static str,
    pub icon: Option<Icon>,
    pub label: String,
    /// Distinguishes the option from others of equal label.
    pub detail: String,
    /// Keys that do the same; empty for none.
    pub shortcut: String,
}

/// The options of a search field.
#[derive(Clone, Copy)]
pub struct OptionList {
    id: StoredValue<String>,
    options: Signal<Vec<ListedOption>>,
    marked: RwSignal<Option<usize>>,
    /// The option that is marked at first.
    first: Option<usize>,
    /// Gets the index of the chosen option.
    on_choose: Callback<(usize,)>,
}

impl OptionList {
    /// A list whose first option is marked at first.
    pub fn new(options: Signal<Vec<ListedOption>>, on_choose: impl Into<Callback<(usize,)>>) -> Self {
        Self::starting_at(Some(0), options, on_choose.into())
    }

    /// A list in which none is marked at first.
    pub fn unmarked(options: Signal<Vec<ListedOption>>, on_choose: impl Into<Callback<(usize,)>>) -> Self {
        Self::starting_at(None, options, on_choose.into())
    }

    fn starting_at(first: Option<usize>, options: Signal<Vec<ListedOption>>, on_choose: Callback<(usize,)>) -> Self {
        let id = StoredValue::new(unique_id("options"));
        Self { id, options, marked: RwSignal::new(first), first, on_choose }
    }

    /// The list's ID, for the field's `aria-controls`.
    pub fn id(&self) -> String {
        self.id.get_value()
    }

    /// The marked option's ID, for the field's `aria-activedescendant`.
    pub fn active_id(&self) -> Option<String> {
        let count = self.options.with(Vec::len);
        self.marked.get().filter(|index| *index < count).map(|index| self.option_id(index))
    }

    /// The index of the marked option.
    pub fn marked(&self) -> Option<usize> {
        self.marked.get_untracked()
    }

    /// Marks what is marked at first: for other options.
    pub fn reset(&self) {
        self.marked.set(self.first);
    }

    /// Marks another option for an arrow key; returns `false` for other keys.
    pub fn handle_key(&self, key: &str) -> bool {
        let count = self.options.with_untracked(Vec::len);
        let (offset, first) = match key {
            "ArrowDown" => (1, 0),
            "ArrowUp" => (count.saturating_sub(1), count.saturating_sub(1)),
            _ => return false,
        };
        if count > 0 {
            let next = self.marked.get_untracked().map_or(first, |index| (index + offset) % count);
            self.marked.set(Some(next));
            let id = self.option_id(next);
            request_animation_frame(move || scroll_to(&id));
        }
        true
    }

    /// Chooses the marked option; without one, none.
    pub fn choose_marked(&self) {
        if let Some(index) = self.marked().filter(|index| *index < self.options.with_untracked(Vec::len)) {
            self.on_choose.run((index,));
        }
    }

    fn option_id(&self, index: usize) -> String {
        self.id.with_value(|id| format!("{id}-{index}"))
    }
}

/// The field above a list that is there as long as the field is: arrow keys mark an option, and Enter chooses it.
#[component]
pub fn OptionField(
    list: OptionList,
    typed: RwSignal<String>,
    input: NodeRef<html::Input>,
    #[prop(optional)] class: &'static str,
    /// Name of the field for screen readers.
    label: &'static str,
    placeholder: &'static str,
) -> impl IntoView {
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" {
            list.choose_marked();
        } else if !list.handle_key(&event.key()) {
            return;
        }
        event.prevent_default();
    };
    view! {
        <input
            node_ref=input
            class=class
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls=list.id()
            aria-activedescendant=move || list.active_id()
            aria-label=label
            aria-autocomplete="list"
            autocomplete="off"
            placeholder=placeholder
            prop:value=move || typed.get()
            on:input=move |event| {
                typed.set(event_target_value(&event));
                list.reset();
            }
            on:keydown=on_keydown
        />
    }
}

/// The options, under the headings of their groups.
#[component]
pub fn OptionListView(
    list: OptionList,
    /// Name of the list for screen readers.
    label: &'static str,
) -> impl IntoView {
    let OptionList { options, marked, on_choose, .. } = list;
    let items = move || {
        let mut group = "";
        let item = |(index, option): (usize, ListedOption)| {
            let heading =
                (option.group != group).then(|| view! { <li role="presentation">{option.group}</li> }.into_any());
            group = option.group;
            let shortcut =
                (!option.shortcut.is_empty()).then(|| view! { <kbd>{option.shortcut.clone()}</kbd> }.into_any());
            view! {
                {heading}
                <li
                    role="option"
                    id=list.option_id(index)
                    aria-selected=move || (marked.get() == Some(index)).to_string()
                    on:pointermove=move |_| {
                        if marked.get_untracked() != Some(index) {
                            marked.set(Some(index));
                        }
                    }
                    on:click=move |_| on_choose.run((index,))
                >
                    {option.icon.map(|icon| view! { <IconView icon/> })}
                    <Name name=option.label/>
                    <small>{option.detail} {shortcut}</small>
                </li>
            }
        };
        options.get().into_iter().enumerate().map(item).collect_any()
    };
    view! { <ul class="option-list" role="listbox" id=list.id() aria-label=label>{items}</ul> }
}

fn scroll_to(id: &str) {
    if let Some(option) = document().get_element_by_id(id) {
        let nearest = web_sys::ScrollIntoViewOptions::new();
        nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
        option.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}
