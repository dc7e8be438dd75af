//! Inputs with their label, hint and error.

use leptos::{html, leptos_dom::helpers::queue_microtask, prelude::*};

use super::{
    icon::{Icon, IconView},
    unique_id,
};
use crate::lean::watch;

/// Ids that connect a control with its hint and error.
#[derive(Clone)]
pub(super) struct FieldIds {
    pub control: String,
    pub hint: String,
    pub error: String,
}

impl FieldIds {
    pub(super) fn new(name: &str) -> Self {
        let control = unique_id(name);
        Self { hint: format!("{control}-hint"), error: format!("{control}-error"), control }
    }

    /// The ids of the texts that describe the control: its error, if there is one, and its hint.
    pub(super) fn described_by(&self, has_hint: bool, error: Signal<Option<String>>) -> Signal<Option<String>> {
        let Self { hint, error: error_id, .. } = self.clone();
        Signal::derive(move || {
            let is_invalid = error.with(Option::is_some);
            let ids = [is_invalid.then_some(error_id.as_str()), has_hint.then_some(hint.as_str())];
            let ids: Vec<_> = ids.into_iter().flatten().collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        })
    }
}

/// The label above a control, and hint and error below it.
#[component]
pub(super) fn Frame(
    ids: FieldIds,
    label: String,
    hint: Option<String>,
    error: Signal<Option<String>>,
    optional: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field" class:wrong=move || error.with(Option::is_some)>
            <label for=ids.control>
                {label} {optional.then(|| view! { <span class="optional">"optional"</span> }.into_any())}
            </label>
            {children()}
            {hint.map(|hint| view! { <p class="hint" id=ids.hint>{hint}</p> }.into_any())}
            <p class="error" id=ids.error role="alert">{move || error.get()}</p>
        </div>
    }
}

/// One line of text.
#[component]
pub fn Field(
    /// The field's name in the form.
    name: &'static str,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    /// An input's type: `text`, `email`, `password`, `number`, `date`.
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    /// A token of the HTML standard, such as `current-password`.
    #[prop(default = "off")]
    autocomplete: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(optional)] optional: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// First and last date that can be chosen.
    #[prop(optional)]
    bounds: Option<(String, Option<String>)>,
) -> impl IntoView {
    let ids = FieldIds::new(name);
    let described_by = ids.described_by(hint.is_some(), error);
    let input = NodeRef::<html::Input>::new();
    focus_if(autofocus, input);
    let mode = if kind == "number" { Some("numeric") } else { None };
    let (min, max) = bounds.map_or((None, None), |(min, max)| (Some(min), max));
    view! {
        <Frame ids=ids.clone() label hint error optional>
            <input
                node_ref=input
                class="input"
                id=ids.control
                name=name
                autofocus=autofocus
                // Numbers are typed as text, since the server's answer to a wrong one would come too late.
                type=if kind == "number" { "text" } else { kind }
                inputmode=mode
                min=min
                max=max
                autocomplete=autocomplete
                placeholder=(!placeholder.is_empty()).then_some(placeholder)
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                disabled=move || disabled.get()
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || described_by.get()
            />
        </Frame>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional)] optional: bool,
    /// For texts that aren't prose: addresses, code.
    #[prop(optional)]
    mono: bool,
    #[prop(optional)] placeholder: &'static str,
) -> impl IntoView {
    let ids = FieldIds::new(name);
    let described_by = ids.described_by(hint.is_some(), error);
    view! {
        <Frame ids=ids.clone() label hint error optional>
            <textarea
                class="input"
                class:mono=mono
                id=ids.control
                name=name
                rows="2"
                spellcheck=if mono { "false" } else { "true" }
                placeholder=(!placeholder.is_empty()).then_some(placeholder)
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || described_by.get()
            ></textarea>
        </Frame>
    }
}

/// A search in the page's content; `/` focuses it.
#[component]
pub fn SearchField(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_change: Callback<(String,)>,
) -> impl IntoView {
    view! {
        <div class="search-field">
            <IconView icon=Icon::Search/>
            <input
                class="input"
                type="search"
                data-shortcut="/"
                autocomplete="off"
                aria-label=label.clone()
                placeholder=label
                prop:value=move || value.get()
                on:input=move |event| on_change.run((event_target_value(&event),))
            />
        </div>
    }
}

/// Focuses `input` once it is mounted; the attribute works only in dialogs and in a page's own HTML.
///
/// That happens before the browser handles any key or click: a frame later, it would take the focus from what was
/// typed or clicked in the meantime.
fn focus_if(autofocus: bool, input: NodeRef<html::Input>) {
    if autofocus {
        watch(move || {
            if let Some(input) = input.get() {
                queue_microtask(move || {
                    let _ = input.focus();
                });
            }
        });
    }
}
