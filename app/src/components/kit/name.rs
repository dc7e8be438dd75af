use domain::validation::is_bidi_control;
use leptos::{ev, prelude::*};
use web_sys::Element;

/// A name that people chose, such as that of a key, on one line and at most as wide as its container.
///
/// A longer name ends with an ellipsis. The whole is its tooltip, and shown while its link or button has the focus.
/// Whatever the name's script, the text around it keeps its order; characters that would turn the direction of the
/// name's own letters are shown as `�`.
#[component]
pub fn Name(#[prop(into)] name: String) -> impl IntoView {
    view! { <bdi class="name" on:pointerenter=set_tooltip>{replace_bidi_controls(&name)}</bdi> }
}

/// Shows a text in which a name stands in quotes: the name as by [`Name`], but whole.
pub(super) fn isolate_quoted(text: String) -> AnyView {
    let Some((before, (name, after))) =
        text.split_once('“').and_then(|(before, rest)| Some((before, rest.rsplit_once('”')?)))
    else {
        return text.into_any();
    };
    view! { {before.to_owned()} "“" <bdi>{replace_bidi_controls(name)}</bdi> "”" {after.to_owned()} }.into_any()
}

fn replace_bidi_controls(name: &str) -> String {
    name.chars().map(|c| if is_bidi_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Gives a name a tooltip while it is cut, and otherwise leaves that of its link.
fn set_tooltip(event: ev::PointerEvent) {
    let name: Element = event_target(&event);
    let is_cut = name.scroll_height() > name.client_height() || name.scroll_width() > name.client_width();
    let _ = match name.text_content().filter(|_| is_cut) {
        Some(text) => name.set_attribute("title", &text),
        None => name.remove_attribute("title"),
    };
}
