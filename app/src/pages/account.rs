//! The user's own account: name, password, theme, shortcuts and sessions.

mod keyboard;
mod name;
mod password;
mod sessions;

use leptos::prelude::*;

use self::{keyboard::KeyboardSection, name::NameSection, password::PasswordSection, sessions::SessionsSection};
use crate::{
    components::{PageHead, RadioCards, SelectOption},
    state::{Theme, use_theme},
};

#[component]
pub fn Account() -> impl IntoView {
    view! {
        <PageHead title="Your account" description=|| "Applies to all your organizations."/>
        <NameSection/>
        <PasswordSection/>
        <ThemeSection/>
        <KeyboardSection/>
        <SessionsSection/>
    }
}

#[component]
fn ThemeSection() -> impl IntoView {
    let theme = use_theme();
    let choices: Vec<_> = Theme::ALL.into_iter().map(|theme| SelectOption::new(theme.name(), theme.label())).collect();
    view! {
        <section class="card section">
            <header>
                <h2>"Appearance"</h2>
                <p>"Applies to this browser."</p>
            </header>
            <div class="section-body">
                <RadioCards
                    name="theme"
                    legend="Theme"
                    inline=true
                    value=Signal::derive(move || theme.get().name().to_owned())
                    choices
                    on_change=move |name: String| theme.set(Theme::from_name(&name))
                />
            </div>
        </section>
    }
}
