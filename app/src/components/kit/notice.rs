use leptos::prelude::*;

use super::{Icon, IconView, Tone};

/// Something to know, within the page it is about.
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

/// Nothing here yet: what this is, and what to do first.
#[component]
pub fn EmptyState(
    icon: Icon,
    #[prop(into)] title: String,
    /// Whether it is the whole page, so that its title is the page's.
    #[prop(optional)]
    whole: bool,
    children: Children,
) -> impl IntoView {
    let title = if whole { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() };
    view! {
        <div class="empty">
            <span class="empty-icon"><IconView icon/></span>
            {title}
            {children()}
        </div>
    }
}
