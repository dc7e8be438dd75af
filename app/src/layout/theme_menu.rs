use leptos::prelude::*;

use crate::{
    components::{Icon, IconView, Menu, MenuAction, MenuLabel},
    lean::CollectAny,
    state::{Theme, use_theme},
};

pub(super) const fn icon(theme: Theme) -> Icon {
    match theme {
        Theme::System => Icon::Monitor,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    }
}

/// A menu of the dashboard's themes.
#[component]
pub fn ThemeMenu() -> impl IntoView {
    let theme = use_theme();
    view! {
        <Menu
            label=Signal::derive(move || format!("Theme: {}", theme.get().label()))
            class="button quiet bare theme-button"
            trigger=move || view! { {move || view! { <IconView icon=icon(theme.get())/> }} }
        >
            <ThemeEntries/>
        </Menu>
    }
}

/// The themes as entries of a menu.
#[component]
pub fn ThemeEntries() -> impl IntoView {
    let theme = use_theme();
    let entry = move |choice: Theme| {
        view! {
            <MenuAction
                icon=icon(choice)
                current=Signal::derive(move || theme.get() == choice)
                on_press=move || theme.set(choice)
            >
                {choice.label()}
            </MenuAction>
        }
    };
    view! {
        <MenuLabel>"Theme"</MenuLabel>
        {Theme::ALL.into_iter().map(entry).collect_any()}
    }
}
