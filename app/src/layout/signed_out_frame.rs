use leptos::prelude::*;

use crate::components::Logo;

/// The frame of pages for signed-out visitors.
#[component]
pub fn SignedOutFrame(
    #[prop(into)] title: String,
    /// One line under the title.
    #[prop(into)]
    description: String,
    children: Children,
) -> impl IntoView {
    document().set_title(&format!("{title} · Tollhouse"));
    view! {
        <div class="signed-out">
            <main class="signed-out-card" id="main">
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

/// A frame with nothing but the brand.
#[component]
pub fn PlainFrame(children: Children) -> impl IntoView {
    view! {
        <div class="signed-out">
            <main class="signed-out-card wide" id="main">
                <a class="brand" href="/" aria-label="Tollhouse">
                    <Logo/>
                    <span>"Tollhouse"</span>
                </a>
                {children()}
            </main>
        </div>
    }
}
