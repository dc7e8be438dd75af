use leptos::prelude::*;

use super::{
    badge::Tone,
    icon::{Icon, IconView},
};

/// A note within a page.
#[component]
pub fn Notice(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let icon = match tone {
        Tone::Warning | Tone::Danger => Icon::Alert,
        Tone::Good => Icon::Check,
        Tone::Neutral | Tone::Accent => Icon::Info,
    };
    view! {
        <div class=format!("notice {}", tone.class())>
            <IconView icon/>
            <div>{children()}</div>
        </div>
    }
}

/// The view of an empty place: explains its purpose and the first step.
#[component]
pub fn EmptyState(
    icon: Icon,
    #[prop(into)] title: String,
    /// Whether it fills the page, so that its title is the page's heading.
    #[prop(optional)]
    full_page: bool,
    children: Children,
) -> impl IntoView {
    let title = if full_page { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() };
    view! {
        <div class="empty">
            <span class="empty-icon"><IconView icon/></span>
            {title}
            {children()}
        </div>
    }
}
