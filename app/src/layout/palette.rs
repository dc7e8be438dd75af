//! The command palette: finds every page and action by a few letters.

mod entries;

use leptos::{html, prelude::*};

use self::entries::{EntryAction, entries};
use super::{account_menu::sign_out, overlays::Overlays};
use crate::{
    components::{OptionField, OptionList, OptionListView, is_beside},
    lean::watch,
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
    let all = entries(overlays.palette, typed);
    let found = Memo::new(move |_| {
        let typed = typed.get();
        all.with(|entries| entries.iter().filter(|entry| entry.matches(&typed)).cloned().collect::<Vec<_>>())
    });
    let run = move |index: usize| {
        let Some(entry) = found.with_untracked(|found| found.get(index).cloned()) else { return };
        overlays.palette.set(false);
        match entry.action {
            EntryAction::Go(address) => go.to(address),
            EntryAction::Theme(choice) => theme.set(choice),
            EntryAction::Shortcuts => overlays.shortcuts.set(true),
            EntryAction::SignOut => sign_out.send(()),
        }
    };
    let listed = move || found.with(|found| found.iter().map(|entry| entry.shown.clone()).collect());
    let list = OptionList::new(Signal::derive(listed), run);
    watch(move || {
        let open = overlays.palette.get();
        let Some(dialog) = dialog.get() else { return };
        if open && !dialog.open() {
            list.reset();
            let _ = dialog.show_modal();
            if let Some(input) = input.get_untracked() {
                let _ = input.focus();
            }
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
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
            <OptionField list typed input label="Search or run a command" placeholder="Search or run a command…"/>
            <OptionListView list label="Results"/>
            <p class="palette-none" role="status">
                {move || (found.with(Vec::is_empty)).then(|| typed.with(|typed| format!("No results for “{}”", typed.trim())))}
            </p>
        </dialog>
    }
}
