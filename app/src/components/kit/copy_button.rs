use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::icon::{Icon, IconView};

/// Time for which the button shows that it has copied.
const CONFIRMED_FOR: Duration = Duration::from_secs(2);

/// A button that copies a text, and confirms it.
#[component]
pub fn CopyButton(
    #[prop(into)] text: Signal<String>,
    /// Name of the text, such as `secret`.
    #[prop(into)]
    name: String,
    /// Only the icon, for use within a line.
    #[prop(optional)]
    bare: bool,
    #[prop(optional, into)] on_copied: Option<Callback<()>>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let copy = move |_| {
        spawn_local(async move {
            if !write(&text.get_untracked()).await {
                return;
            }
            copied.set(true);
            if let Some(on_copied) = on_copied {
                on_copied.run(());
            }
            set_timeout(
                move || {
                    copied.try_set(false);
                },
                CONFIRMED_FOR,
            );
        });
    };
    let label = format!("Copy {name}");
    view! {
        <button type="button" class="button copy" class:bare=bare node_ref=button on:click=copy aria-label=label.clone() title=label>
            {move || {
                let icon = if copied.get() { Icon::Check } else { Icon::Copy };
                view! { <IconView icon/> }
            }}
            {(!bare).then(|| view! { <span>{move || if copied.get() { "Copied" } else { "Copy" }}</span> }.into_any())}
            <span class="visually-hidden" role="status">{move || if copied.get() { "Copied" } else { "" }}</span>
        </button>
    }
}

/// Writes `text` to the clipboard. Over plain HTTP, browsers have only the deprecated `execCommand`.
async fn write(text: &str) -> bool {
    let window = window();
    if window.is_secure_context() {
        return JsFuture::from(window.navigator().clipboard().write_text(text)).await.is_ok();
    }
    let Ok(area) = document().create_element("textarea") else { return false };
    let area: web_sys::HtmlTextAreaElement = area.unchecked_into();
    area.set_value(text);
    area.set_class_name("visually-hidden");
    let Some(body) = document().body() else { return false };
    if body.append_child(&area).is_err() {
        return false;
    }
    area.select();
    let copied = js_sys::Reflect::get(&document(), &"execCommand".into())
        .ok()
        .and_then(|function| function.dyn_into::<js_sys::Function>().ok())
        .and_then(|function| function.call1(&document(), &"copy".into()).ok())
        .is_some_and(|done| done.is_truthy());
    area.remove();
    copied
}
