use leptos::{html, prelude::*};

use super::{CallsHref, call_list::CallList, keys::CallSteps, open_call::PanelCall, row_window::RowWindow};
use crate::{
    addresses::{CodePart, LogsAddress},
    api,
    components::{Button, ButtonStyle, Icon},
    layout::LazyPart,
    lean::{When, watch},
    state::{load_when, use_go, use_organization, use_single_keys},
};

/// The open call, beside the list. J and K go to the next and the previous call, also in the list while none is open,
/// unless single keys are switched off; Esc closes the panel.
#[component]
pub(super) fn CallPanel(
    list: CallList,
    window: RowWindow,
    address: Memo<LogsAddress>,
    zone: Memo<String>,
    href: CallsHref,
) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let open = Memo::new(move |_| address.with(|address| address.call));
    let details = load_when(move || Some(api::calls::Get { organization: organization.slug(), id: open.get()? }));
    let steps = CallSteps::new(list, window, open, move |call| {
        go.replace(href.run((LogsAddress { call, ..address.get_untracked() },)));
    });
    steps.follow_keys();

    // Takes the focus when the panel opens; changes by J and K keep it.
    let heading = NodeRef::<html::H2>::new();
    watch(move || {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let single_keys = use_single_keys();
    let name = move |name: &str, key: &str| {
        if untrack(|| single_keys.is_on()) { format!("{name} ({key})") } else { name.to_owned() }
    };
    provide_context(PanelCall { details, zone });
    view! {
        <When when=move || open.get().is_some()>
            <aside class="call-panel" aria-labelledby="call-heading">
                <header>
                    <h2 id="call-heading" tabindex="-1" node_ref=heading>"Call"</h2>
                    <Button style=ButtonStyle::Quiet icon=Icon::ArrowUp label=name("Newer call", "K") on_press=move || steps.step(-1)>
                        <KeyHint key="K"/>
                    </Button>
                    <Button style=ButtonStyle::Quiet icon=Icon::ArrowDown label=name("Older call", "J") on_press=move || steps.step(1)>
                        <KeyHint key="J"/>
                    </Button>
                    <Button style=ButtonStyle::Quiet icon=Icon::Close label="Close (Esc)" on_press=move || steps.close()/>
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
