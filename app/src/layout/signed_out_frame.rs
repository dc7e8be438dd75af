use leptos::prelude::*;

use crate::components::Logo;

/// The frame of pages for those who aren't in yet.
#[component]
pub fn Door(
    #[prop(into)] title: String,
    /// One line under the title.
    #[prop(into)]
    description: String,
    children: Children,
) -> impl IntoView {
    document().set_title(&format!("{title} · Tollhouse"));
    view! {
        <div class="door">
            <main class="door-card" id="main">
                <a class="brand" href="/" aria-label="Tollhouse">
                    <Logo/>
                    <span>"Tollhouse"</span>
                </a>
                <h1>{title}</h1>
                <p class="dim">{description}</p>
                {children()}
            </main>
        </div>
    }
}

/// A page with nothing around it but the brand.
#[component]
pub fn Bare(children: Children) -> impl IntoView {
    view! {
        <div class="door">
            <main class="door-card wide" id="main">
                <a class="brand" href="/" aria-label="Tollhouse">
                    <Logo/>
                    <span>"Tollhouse"</span>
                </a>
                {children()}
            </main>
        </div>
    }
}
