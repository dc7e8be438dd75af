use domain::{
    bodies::{BodyForm, BodyMedia, BodySide, BodyView, indent_json},
    bytes::format_bytes,
    ids::CallId,
};
use leptos::prelude::*;

use crate::{
    addresses::BodyFileAddress,
    components::CopyButton,
    lean::{CollectAny, When},
    pages::usage::plural,
    state::use_organization,
};

/// The value that the server stores in place of a redacted one.
const REDACTED: &str = "[redacted]";
/// The beginning of the text that is shown for it, up to the field's name.
const REDACTION: &str = "[REDACTED";

/// The request or the response of a call: its beginning, its data, and its headers.
#[component]
pub(super) fn BodySection(side: BodySide, body: BodyView, call: CallId, form: BodyForm) -> impl IntoView {
    let title = side.label();
    let BodyView { headers, text, bytes, stored_bytes, cut, assembled, shortened, media } = body;
    let size = plural(i64::try_from(bytes).unwrap_or(i64::MAX), "byte");
    let file = BodyFileAddress { call, side, pointer: None }.href(&use_organization().slug());
    let beginning = shortened.then(|| {
        let shown = format_bytes(text.as_ref().map_or(0, |text| text.len() as u64));
        let note = format!("The first {shown} of {}. ", format_bytes(stored_bytes));
        view! { <p class="faint">{note} {download(file.clone(), "Download all")}</p> }.into_any()
    });
    let note = match (cut, assembled) {
        (true, _) => Some("Truncated."),
        (false, true) => Some("Assembled from the stream."),
        (false, false) => None,
    };
    let text = text.map(|text| if form == BodyForm::Readable { indent_json(&text) } else { text });
    let actions = text.clone().map(|text| {
        view! {
            {download(file, "Download")}
            <CopyButton text=Signal::stored(text) name=title bare=true/>
        }
        .into_any()
    });
    let text = match text {
        // Focusable, so that long text can be scrolled by keyboard.
        Some(text) => view! { <pre tabindex="0" aria-label=title>{mark_redactions(&text)}</pre> }.into_any(),
        None if bytes == 0 => view! { <p class="faint">"Empty."</p> }.into_any(),
        None => view! { <p class="faint">"Not text, so only its size is stored."</p> }.into_any(),
    };
    let headers = headers.into_iter().map(|(name, value)| {
        let value = if value == REDACTED { format!("{REDACTION}]") } else { value };
        view! { <dt>{name}</dt><dd>{mark_redactions(&value)}</dd> }
    });
    view! {
        <section class="call-body">
            <header>
                <h3>{title} <span>{size}</span></h3>
                {actions}
            </header>
            {text}
            {beginning}
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
            <MediaList call side media/>
            <details>
                <summary>"Headers"</summary>
                <dl>{headers.collect_any()}</dl>
            </details>
        </section>
    }
}

/// The data that a body's text leaves out.
#[component]
fn MediaList(call: CallId, side: BodySide, media: Vec<BodyMedia>) -> impl IntoView {
    let label = format!("Data in the {}", side.name());
    let items = media.into_iter().map(|media| view! { <li><MediaItem call side media/></li> });
    let items = items.collect_any();
    (!items.is_empty()).then(|| view! { <ul class="call-media" role="list" aria-label=label>{items}</ul> })
}

/// A picture, or other data, by its type and size. Nothing is loaded before it is asked for.
#[component]
pub(super) fn MediaItem(call: CallId, side: BodySide, media: BodyMedia) -> impl IntoView {
    let href = BodyFileAddress { call, side, pointer: Some(media.pointer.clone()) }.href(&use_organization().slug());
    let (label, is_picture) = (media.label(), media.is_picture());
    let is_shown = RwSignal::new(false);
    let toggle = is_picture.then(|| {
        view! {
            <button
                type="button"
                class="link"
                aria-expanded=move || is_shown.get().to_string()
                on:click=move |_| is_shown.update(|shown| *shown = !*shown)
            >
                {move || if is_shown.get() { "Hide" } else { "Show" }}
            </button>
        }
        .into_any()
    });
    let (picture, alt) = (href.clone(), label.clone());
    view! {
        <div class="call-medium">
            <span>{label}</span>
            {toggle}
            {download(href, "Download")}
            <When when=move || is_shown.get()>
                <img src=picture.clone() alt=alt.clone()/>
            </When>
        </div>
    }
}

/// A link to a file of the server.
fn download(href: String, label: &'static str) -> AnyView {
    view! { <a class="link" href=href download rel="external">{label}</a> }.into_any()
}

/// The text, in which redactions stand out.
fn mark_redactions(text: &str) -> Vec<AnyView> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(REDACTION) {
        let (before, from) = rest.split_at(at);
        let (redaction, after) = from.split_at(from.find(']').map_or(from.len(), |end| end + 1));
        parts.push(before.to_owned().into_any());
        parts.push(view! { <mark class="redaction">{redaction.to_owned()}</mark> }.into_any());
        rest = after;
    }
    parts.push(rest.to_owned().into_any());
    parts
}
