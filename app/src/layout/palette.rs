//! The command palette: finds every page and action by a few letters.

mod entries;

use leptos::{ev, html, prelude::*};

use self::entries::{Entry, EntryAction, entries};
use super::{account_menu::sign_out, overlays::Overlays};
use crate::{
    components::{IconView, is_beside, unique_id},
    lean::{CollectAny, watch},
    state::{use_go, use_theme},
};

#[component]
pub(super) fn Palette() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let go = use_go();
    let theme = use_theme();
    let sign_out = sign_out();
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    let typed = overlays.typed;
    let marked = RwSignal::new(0_usize);
    let all = entries(overlays.palette, typed);
    let found = Memo::new(move |_| {
        let typed = typed.get();
        all.with(|entries| entries.iter().filter(|entry| entry.matches(&typed)).cloned().collect::<Vec<_>>())
    });
    watch(move || {
        let open = overlays.palette.get();
        let Some(dialog) = dialog.get() else { return };
        if open && !dialog.open() {
            marked.set(0);
            let _ = dialog.show_modal();
            if let Some(input) = input.get_untracked() {
                let _ = input.focus();
            }
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let run = move |entry: Entry| {
        overlays.palette.set(false);
        match entry.action {
            EntryAction::Go(address) => go.to(address),
            EntryAction::Theme(choice) => theme.set(choice),
            EntryAction::Shortcuts => overlays.shortcuts.set(true),
            EntryAction::SignOut => sign_out.send(()),
        }
    };
    let list = unique_id("palette");
    let on_keydown = move |event: ev::KeyboardEvent| {
        let count = found.with(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => marked.update(|marked| *marked = (*marked + 1) % count),
            "ArrowUp" if count > 0 => marked.update(|marked| *marked = (*marked + count - 1) % count),
            "Enter" => {
                if let Some(entry) = found.with(|found| found.get(marked.get_untracked()).cloned()) {
                    run(entry);
                }
            }
            _ => return,
        }
        event.prevent_default();
        request_animation_frame(|| {
            if let Ok(Some(option)) = document().query_selector(".palette [aria-selected=true]") {
                let nearest = web_sys::ScrollIntoViewOptions::new();
                nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
                option.scroll_into_view_with_scroll_into_view_options(&nearest);
            }
        });
    };
    let options = {
        let list = list.clone();
        move || {
            let mut group = "";
            let option = |(index, entry): (usize, Entry)| {
                let heading =
                    (entry.group != group).then(|| view! { <li role="presentation">{entry.group}</li> }.into_any());
                group = entry.group;
                let (icon, label, detail) = (entry.icon, entry.label.clone(), entry.detail.clone());
                let shortcut = (!entry.shortcut.is_empty()).then(|| entry.shortcut.clone());
                view! {
                    {heading}
                    <li
                        role="option"
                        id=format!("{list}-{index}")
                        aria-selected=move || (marked.get() == index).to_string()
                        on:pointermove=move |_| {
                            if marked.get_untracked() != index {
                                marked.set(index);
                            }
                        }
                        on:click=move |_| run(entry.clone())
                    >
                        <IconView icon/>
                        <span><bdi>{label}</bdi></span>
                        <small>{detail} {shortcut.map(|keys| view! { <kbd>{keys}</kbd> }.into_any())}</small>
                    </li>
                }
            };
            found.get().into_iter().enumerate().map(option).collect_any()
        }
    };
    let active = {
        let list = list.clone();
        move || (found.with(Vec::len) > 0).then(|| format!("{list}-{}", marked.get()))
    };
    view! {
        <dialog
            node_ref=dialog
            class="palette"
            aria-label="Search or run a command"
            on:close=move |_| overlays.palette.set(false)
            on:click=move |event| {
                if is_beside(&event) {
                    overlays.palette.set(false);
                }
            }
        >
            <input
                node_ref=input
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls=list.clone()
                aria-activedescendant=active
                aria-label="Search or run a command"
                aria-autocomplete="list"
                autocomplete="off"
                placeholder="Search or run a command…"
                prop:value=move || typed.get()
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    marked.set(0);
                }
                on:keydown=on_keydown
            />
            <ul role="listbox" id=list aria-label="Results">{options}</ul>
            <p class="palette-none" role="status">
                {move || (found.with(Vec::is_empty)).then(|| typed.with(|typed| format!("No results for “{}”", typed.trim())))}
            </p>
        </dialog>
    }
}
