//! A page's data as CSV.

use leptos::{ev, prelude::*};

use crate::{
    addresses::CodePart,
    components::{Button, Dialog, Icon, IconView},
    layout::LazyPart,
    lean::CollectAny,
};

/// The file, for the dialog's code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct ExportedFile {
    open: RwSignal<bool>,
    href: Signal<String>,
    facts: Signal<Vec<(&'static str, String)>>,
}

/// A button that exports the page's data as CSV. Its dialog says what the file will hold.
#[component]
pub(super) fn Export(
    /// Address of the file, which has a query.
    #[prop(into)]
    href: Signal<String>,
    /// Facts about the file, as names and values: `Time zone`, `Europe/Berlin`.
    #[prop(optional, into)]
    facts: Signal<Vec<(&'static str, String)>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    provide_context(ExportedFile { open, href, facts });
    view! {
        <button type="button" class="button" aria-haspopup="dialog" on:click=move |_| open.set(true)>
            <IconView icon=Icon::Download/>
            <span class="button-text">"Export CSV"</span>
        </button>
        <LazyPart part=CodePart::ExportDialog wanted=open on_failed=move || open.set(false)/>
    }
}

/// The dialog, for the [`ExportedFile`] in the context.
#[component]
pub fn ExportDialog() -> impl IntoView {
    let ExportedFile { open, href, facts } = expect_context();
    // Excel takes UTF-8 for another encoding unless the file begins with a byte-order mark; programs trip over one.
    let has_mark = RwSignal::new(false);
    let file = move || {
        let href = href.get();
        if has_mark.get() { format!("{href}&bom=true") } else { href }
    };
    // The link must still be there when the browser follows it.
    let close_soon = move |_: ev::MouseEvent| request_animation_frame(move || open.set(false));
    let fact = |(name, value): (&'static str, String)| view! { <dt>{name}</dt> <dd>{value}</dd> };
    view! {
        <Dialog open title="Export CSV" on_close=move || open.set(false)>
            <div class="dialog-body">
                <dl class="facts" hidden=move || facts.with(Vec::is_empty)>
                    {move || facts.get().into_iter().map(fact).collect_any()}
                </dl>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || has_mark.get()
                        on:change=move |event| has_mark.set(event_target_checked(&event))
                    />
                    <span>"Add a byte-order mark (for Excel)"</span>
                </label>
            </div>
            <footer>
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <a class="button primary" href=file download rel="external" on:click=close_soon>
                    <IconView icon=Icon::Download/>
                    "Download"
                </a>
            </footer>
        </Dialog>
    }
}
