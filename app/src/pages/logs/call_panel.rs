use domain::calls::Call;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{CallsHref, call_list::CallList, call_table::link_id, open_call::PanelCall};
use crate::{
    addresses::{CodePart, LogsAddress},
    api,
    components::{Button, ButtonStyle, Icon},
    layout::LazyPart,
    lean::{When, watch},
    state::{load_when, use_go, use_organization, use_single_keys},
};

/// The open call, beside the list. J and K go to the next and the previous call unless single keys are
/// switched off; Esc closes the panel.
#[component]
pub(super) fn CallPanel(
    list: CallList,
    address: Memo<LogsAddress>,
    zone: Memo<String>,
    href: CallsHref,
) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let single_keys = use_single_keys();
    let open = Memo::new(move |_| address.with(|address| address.call));
    let details = load_when(move || Some(api::calls::Get { organization: organization.slug(), id: open.get()? }));
    let show = move |call: Option<&Call>| {
        let address = LogsAddress { call: call.map(|call| call.id), ..address.get_untracked() };
        go.replace(href.run((address,)));
    };
    let close = move || {
        let row = open
            .get_untracked()
            .and_then(|id| list.calls().with_untracked(|calls| calls.iter().find(|call| call.id == id).map(link_id)));
        show(None);
        let link = row.and_then(|id| document().get_element_by_id(&id));
        if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = link.focus();
        }
    };
    let step = move |offset: isize| {
        list.calls().with_untracked(|calls| {
            let position = calls.iter().position(|call| Some(call.id) == open.get_untracked());
            let next = position.map_or(0, |position| position.saturating_add_signed(offset));
            match calls.get(next) {
                Some(call) => show(Some(call)),
                None => list.load_more(),
            }
        });
    };
    let keys = window_event_listener(ev::keydown, move |event| {
        if open.get_untracked().is_none() || event.default_prevented() || belongs_elsewhere(&event) {
            return;
        }
        match event.key().as_str() {
            "j" if untrack(|| single_keys.is_on()) => step(1),
            "k" if untrack(|| single_keys.is_on()) => step(-1),
            "Escape" => close(),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || keys.remove());

    // Takes the focus when the panel opens; changes by J and K keep it.
    let heading = NodeRef::<html::H2>::new();
    watch(move || {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    provide_context(PanelCall { details, zone });
    view! {
        <When when=move || open.get().is_some()>
            <aside class="call-panel" aria-labelledby="call-heading">
                <header>
                    <h2 id="call-heading" tabindex="-1" node_ref=heading>"Call"</h2>
                    <Button style=ButtonStyle::Quiet icon=Icon::ArrowUp label="Newer call (K)" on_press=move || step(-1)>
                        <KeyHint key="K"/>
                    </Button>
                    <Button style=ButtonStyle::Quiet icon=Icon::ArrowDown label="Older call (J)" on_press=move || step(1)>
                        <KeyHint key="J"/>
                    </Button>
                    <Button style=ButtonStyle::Quiet icon=Icon::Close label="Close (Esc)" on_press=close/>
                </header>
                <div class="call-panel-body">
                    <LazyPart part=CodePart::CallDetails wanted=true/>
                </div>
            </aside>
        </When>
    }
}

/// The key of a button, while single keys are switched on; hidden where there is no mouse, and so hardly a keyboard.
#[component]
fn KeyHint(key: &'static str) -> impl IntoView {
    let single_keys = use_single_keys();
    view! { <When when=move || single_keys.is_on()><kbd class="key-hint" aria-hidden="true">{key}</kbd></When> }
}

/// Whether a key press belongs to a field, a menu or a dialog, or has a modifier.
fn belongs_elsewhere(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is_in_control = |target: &web_sys::Element| {
        target.closest("input, textarea, select, dialog[open], [popover]").ok().flatten().is_some()
    };
    event.ctrl_key() || event.meta_key() || event.alt_key() || target.as_ref().is_some_and(is_in_control)
}
