use leptos::prelude::*;

use super::icon::{Icon, IconView};

/// A part of a form or page that is folded behind one line, which says what is in it.
#[component]
pub fn Fold(
    title: &'static str,
    /// The part's content in a few words.
    #[prop(into)]
    summary: Signal<String>,
    /// Whether it is unfolded at first.
    #[prop(optional)]
    open: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="fold" open=open>
            <summary>
                <b>{title}</b>
                " "
                <span>{move || summary.get()}</span>
                <IconView icon=Icon::ChevronDown/>
            </summary>
            <div class="fold-body">{children()}</div>
        </details>
    }
}
