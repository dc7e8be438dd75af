use leptos::prelude::*;

use crate::state::watch;

/// A page's heading. The document's title says the same.
#[component]
pub fn PageHead(
    #[prop(into)] title: Signal<String>,
    /// One line under the heading.
    #[prop(optional, into)]
    description: Option<ViewFn>,
    /// The page's acts, the main one last.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    watch(move || document().set_title(&format!("{} · Tollhouse", title.get())));
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
