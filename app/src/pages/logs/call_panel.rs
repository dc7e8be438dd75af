use domain::calls::{Call, CallDetails};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    CallList, CallsHref,
    bodies::{Said, is_let_in},
    call_table::link_id,
    cost::CostLines,
    facts::Facts,
    outcome::StatusBadge,
    timing::Timing,
};
use crate::{
    addresses::LogsAddress,
    api,
    components::{AsyncView, Button, CopyButton, Icon, Look, Skeleton, When},
    state::{load_when, use_go, use_organization, use_single_keys, watch},
};

/// The call that is open, beside the list. j and k go to the next and the one before unless single keys are switched
/// off, Esc closes it.
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
    let step = move |by: isize| {
        list.calls().with_untracked(|calls| {
            let at = calls.iter().position(|call| Some(call.id) == open.get_untracked());
            let next = at.map_or(0, |at| at.saturating_add_signed(by));
            match calls.get(next) {
                Some(call) => show(Some(call)),
                None => list.load_more(),
            }
        });
    };
    let keys = window_event_listener(ev::keydown, move |event| {
        if open.get_untracked().is_none() || event.default_prevented() || is_for_others(&event) {
            return;
        }
        match event.key().as_str() {
            "j" if untrack(|| single_keys.on()) => step(1),
            "k" if untrack(|| single_keys.on()) => step(-1),
            "Escape" => close(),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || keys.remove());

    // Opened by somebody, it takes the focus; when it changes by j and k it has it already.
    let heading = NodeRef::<html::H2>::new();
    watch(move || {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let skeleton = || view! { <Skeleton lines=10/> };
    view! {
        <When when=move || open.get().is_some()>
            <aside class="call-panel" aria-labelledby="call-heading">
                <header>
                    <h2 id="call-heading" tabindex="-1" node_ref=heading>"Call"</h2>
                    <When when=move || single_keys.on()>
                        <span class="call-keys" aria-hidden="true"><kbd>"J"</kbd><kbd>"K"</kbd></span>
                    </When>
                    <Button look=Look::Quiet icon=Icon::ArrowUp label="Newer call" on_press=move || step(-1)/>
                    <Button look=Look::Quiet icon=Icon::ArrowDown label="Older call" on_press=move || step(1)/>
                    <Button look=Look::Quiet icon=Icon::Close label="Close (Esc)" on_press=close/>
                </header>
                <div class="call-body">
                    <AsyncView answer=details skeleton=skeleton let:details>
                        <Details details zone/>
                    </AsyncView>
                </div>
            </aside>
        </When>
    }
}

/// Everything that is known of one call.
#[component]
fn Details(details: ReadSignal<CallDetails>, zone: Memo<String>) -> impl IntoView {
    let id = Signal::derive(move || details.with(|details| details.call.id.to_string()));
    let badge = move || details.with(|details| (details.call.known_status(), details.call.outcome, details.call.times));
    let body = move || {
        let details = details.get();
        view! {
            <Facts details=details.clone() zone=zone.get()/>
            {details.call.known_duration_us().map(|total| view! { <Timing total first=details.call.first_byte_us/> }.into_any())}
            <CostLines details/>
        }
    };
    // Asked for by itself, so that the rest is there at once.
    let said = Memo::new(move |_| details.with(|details| is_let_in(details.call.outcome).then_some(details.call.id)));
    view! {
        <p class="call-id">
            {move || { let (status, outcome, times) = badge(); view! { <StatusBadge status outcome times/> } }}
            <code>{id}</code>
            <CopyButton text=id what="request id" bare=true/>
        </p>
        {body}
        <Said call=said zone/>
    }
}

/// Whether a key is meant for a field, a menu or a dialog, or is part of a shortcut.
fn is_for_others(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let taken = |target: &web_sys::Element| {
        target.closest("input, textarea, select, dialog, [popover]").ok().flatten().is_some()
    };
    event.ctrl_key() || event.meta_key() || event.alt_key() || target.as_ref().is_some_and(taken)
}
