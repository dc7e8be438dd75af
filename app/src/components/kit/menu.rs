//! Menus, as the browser's own popovers: above everything, closed by Esc and by a click elsewhere.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    dialog::closest,
    icon::{Icon, IconView},
    unique_id,
};
use crate::state::Live;

/// Space between a menu and its button, in pixels.
const GAP: f64 = 6.0;
/// Maximum width of a menu, in pixels; equals the stylesheet's.
const WIDTH: f64 = 280.0;

/// A button that opens a menu.
#[component]
pub fn Menu(
    /// Name of the menu and its button, for screen readers.
    #[prop(into)]
    label: Signal<String>,
    /// The button's class.
    #[prop(default = "button quiet")]
    class: &'static str,
    #[prop(into)] trigger: ViewFn,
    children: Children,
) -> impl IntoView {
    let id = unique_id("menu");
    let button_target = id.clone();
    let expanded = RwSignal::new(false);
    let panel = NodeRef::<html::Div>::new();
    let live = use_context::<Live>();
    let pause_live = move |open| {
        if let Some(live) = live {
            live.pause_while(open);
        }
    };
    on_cleanup(move || {
        if expanded.try_get_untracked() == Some(true) {
            pause_live(false);
        }
    });
    let place_panel = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(button)) = (panel.get_untracked(), closest(&event, "button")) {
            place_beside(&panel, &button.get_bounding_client_rect(), WIDTH);
        }
    };
    let on_toggle = move |_| {
        let Some(panel) = panel.get_untracked() else { return };
        let open = panel.matches(":popover-open").unwrap_or(false);
        expanded.set(open);
        pause_live(open);
        if open {
            focus(items(&panel).first());
        }
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let Some(panel) = panel.get_untracked() else { return };
        if move_focus(&panel, &event.key()) {
            event.prevent_default();
        }
    };
    let on_click = move |event: ev::MouseEvent| {
        if let (Some(panel), Some(_)) = (panel.get_untracked(), closest(&event, "[role^=menuitem]")) {
            let _ = panel.hide_popover();
        }
    };
    view! {
        <button
            type="button"
            class=class
            popovertarget=button_target
            aria-haspopup="menu"
            aria-expanded=move || expanded.get().to_string()
            aria-label=move || label.get()
            on:click=place_panel
        >
            {trigger.run()}
        </button>
        <div
            node_ref=panel
            id=id
            class="menu"
            role="menu"
            popover="auto"
            aria-label=move || label.get()
            on:toggle=on_toggle
            on:keydown=on_keydown
            on:click=on_click
        >
            {children()}
        </div>
    }
}

/// A menu entry that is a link.
#[component]
pub fn MenuLink(
    #[prop(into)] href: Signal<String>,
    #[prop(optional, into)] icon: Option<Icon>,
    /// Whether it links to the current page.
    #[prop(optional, into)]
    current: Signal<bool>,
    /// Whether it links to a file of the server instead of a page.
    #[prop(optional)]
    download: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <a
            class="menu-item"
            role="menuitem"
            tabindex="-1"
            href=move || href.get()
            download=download.then_some("")
            rel=download.then_some("external")
            aria-current=move || current.get().then_some("true")
        >
            {icon.map(|icon| view! { <IconView icon/> })}
            <span>{children()}</span>
            {move || current.get().then(|| view! { <IconView icon=Icon::Check/> })}
        </a>
    }
}

/// A menu entry that runs an action.
#[component]
pub fn MenuAction(
    #[prop(into)] on_press: Callback<()>,
    #[prop(optional, into)] icon: Option<Icon>,
    #[prop(optional)] danger: bool,
    /// Whether it is the chosen one of several.
    #[prop(optional, into)]
    current: Signal<bool>,
    children: Children,
) -> impl IntoView {
    // The menu closes first, so that a dialog opened by the action returns the focus to the menu's button.
    let press = move |event: ev::MouseEvent| {
        if let Some(menu) = closest(&event, "[popover]").and_then(|menu| menu.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = menu.hide_popover();
        }
        on_press.run(());
    };
    view! {
        <button
            type="button"
            class="menu-item"
            class:danger=danger
            role="menuitem"
            tabindex="-1"
            aria-current=move || current.get().then_some("true")
            on:click=press
        >
            {icon.map(|icon| view! { <IconView icon/> })}
            <span>{children()}</span>
            {move || current.get().then(|| view! { <IconView icon=Icon::Check/> })}
        </button>
    }
}

/// The heading of the entries after it.
#[component]
pub fn MenuLabel(children: Children) -> impl IntoView {
    view! { <div class="menu-label" role="presentation">{children()}</div> }
}

/// Places a panel below or above its button, aligned to the side that has room for `max_width` pixels.
pub(crate) fn place_beside(panel: &web_sys::HtmlElement, button: &web_sys::DomRect, max_width: f64) {
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let (vertical, y) = if button.bottom() < height * 0.6 {
        ("top", button.bottom() + GAP)
    } else {
        ("bottom", height - button.top() + GAP)
    };
    let (horizontal, x) =
        if button.left() + max_width < width { ("left", button.left()) } else { ("right", width - button.right()) };
    let style = panel.style();
    for side in ["top", "bottom", "left", "right"] {
        let _ = style.set_property(&format!("--menu-{side}"), "auto");
    }
    let _ = style.set_property(&format!("--menu-{vertical}"), &pixels(y));
    let _ = style.set_property(&format!("--menu-{horizontal}"), &pixels(x));
}

/// Formats a length as whole pixels for CSS.
#[expect(clippy::cast_possible_truncation, reason = "no window is wider than an i32")]
fn pixels(length: f64) -> String {
    format!("{}px", length.round() as i32)
}

fn items(panel: &web_sys::HtmlElement) -> Vec<web_sys::HtmlElement> {
    let Ok(found) = panel.query_selector_all("[role^=menuitem]") else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

fn focus(item: Option<&web_sys::HtmlElement>) {
    if let Some(item) = item {
        let _ = item.focus();
    }
}

/// Moves the focus for an arrow key, Home or End; returns `false` for other keys.
fn move_focus(panel: &web_sys::HtmlElement, key: &str) -> bool {
    let items = items(panel);
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|active| item.is_same_node(Some(active))));
    let count = items.len();
    let next = match (key, at) {
        ("ArrowDown", Some(at)) => (at + 1) % count,
        ("ArrowUp", Some(at)) => (at + count - 1) % count,
        ("ArrowDown" | "Home", _) => 0,
        ("ArrowUp" | "End", _) => count.saturating_sub(1),
        _ => return false,
    };
    focus(items.get(next));
    true
}
