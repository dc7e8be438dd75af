use leptos::{ev, prelude::*};

use super::icon::{Icon, IconView};

/// The emphasis of a button.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ButtonStyle {
    #[default]
    Secondary,
    /// The main action.
    Primary,
    /// One action among many.
    Quiet,
    /// An action that can't be undone.
    Danger,
}

impl ButtonStyle {
    const fn class(self) -> &'static str {
        match self {
            Self::Secondary => "button",
            Self::Primary => "button primary",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button. While it is pending or disabled it keeps the focus but can't be pressed.
#[component]
pub fn Button(
    #[prop(optional)] style: ButtonStyle,
    #[prop(optional, into)] icon: Option<Icon>,
    /// Sends the form around it.
    #[prop(optional)]
    submit: bool,
    #[prop(optional, into)] pending: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] on_press: Option<Callback<()>>,
    /// Name of a button without text.
    #[prop(optional, into)]
    label: Option<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let blocked = move || pending.get() || disabled.get();
    let press = move |event: ev::MouseEvent| {
        if blocked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    let bare = children.is_none();
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=style.class()
            class:bare=bare
            aria-disabled=move || blocked().then_some("true")
            aria-busy=move || pending.get().then_some("true")
            aria-label=label.clone()
            title=label
            on:click=press
        >
            {move || pending.get().then(|| view! { <span class="spinner" aria-hidden="true"></span> }.into_any())}
            {icon.map(|icon| view! { <IconView icon/> })}
            {children.map(|children| view! { <span class="button-text">{children()}</span> })}
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn ButtonLink(
    #[prop(into)] href: Signal<String>,
    #[prop(optional)] style: ButtonStyle,
    #[prop(optional, into)] icon: Option<Icon>,
    children: Children,
) -> impl IntoView {
    view! {
        <a class=style.class() href=move || href.get()>
            {icon.map(|icon| view! { <IconView icon/> })}
            {children()}
        </a>
    }
}
