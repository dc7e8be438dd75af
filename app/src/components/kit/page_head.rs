use leptos::prelude::*;

use crate::{lean::watch, state::use_inbox};

/// A page's heading. The document's title repeats it after the number of unread notifications, to be seen
/// from other tabs.
#[component]
pub fn PageHead(
    #[prop(into)] title: Signal<String>,
    /// One line under the heading.
    #[prop(optional, into)]
    description: Option<ViewFn>,
    /// The page's actions, the main one last.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let inbox = use_inbox();
    watch(move || {
        let unread = match inbox.map_or(0, |inbox| inbox.count()) {
            0 => String::new(),
            unread => format!("({unread}) "),
        };
        document().set_title(&format!("{unread}{} · Tollhouse", title.get()));
    });
    view! {
        <header class="page-head">
            <div>
                // Gets the focus when the page opens, so that screen readers begin here.
                <h1 tabindex="-1">{move || title.get()}</h1>
                {description.map(|description| view! { <p>{description.run()}</p> }.into_any())}
            </div>
            {children.map(|children| view! { <div class="page-acts">{children()}</div> }.into_any())}
        </header>
    }
}
