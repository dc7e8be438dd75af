use domain::api_keys::{KeyPage, PAGE_SIZE};
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Icon, IconView, When, format_count},
    pages::usage::plural,
    state::use_organization,
};

/// Which of how many keys are shown, and the way to the others.
#[component]
pub(super) fn Pager(page: ReadSignal<KeyPage>, address: Memo<KeysAddress>) -> impl IntoView {
    let organization = use_organization();
    let total = Memo::new(move |_| page.with(|page| page.total));
    let number = Memo::new(move |_| address.with(|address| i64::from(address.query.page)));
    let size = i64::from(PAGE_SIZE);
    let several = move || total.get() > size || number.get() > 0;
    let text = move || {
        let (first, last) = (number.get() * size + 1, ((number.get() + 1) * size).min(total.get()));
        if several() {
            format!("{}–{} of {}", format_count(first), format_count(last), format_count(total.get()))
        } else {
            plural(total.get(), "key")
        }
    };
    let step = move |by: i64, icon: Icon, label: &'static str| {
        let to = move || {
            let next = number.get() + by;
            (next >= 0 && next * size < total.get()).then(|| u32::try_from(next).ok()).flatten()
        };
        // A link that leads nowhere has no address.
        let href = move || {
            let page = to()?;
            let mut address = address.get();
            address.query.page = page;
            Some(address.href(&organization.slug()))
        };
        view! {
            <a
                class="button bare"
                href=href
                role="link"
                aria-disabled=move || to().is_none().then_some("true")
                aria-label=label
                title=label
            >
                <IconView icon/>
            </a>
        }
        .into_any()
    };
    view! {
        <nav class="pager" aria-label="Pages">
            <span aria-live="polite">{text}</span>
            <When when=several>
                {step(-1, Icon::ChevronLeft, "Previous page")}
                {step(1, Icon::ChevronRight, "Next page")}
            </When>
        </nav>
    }
}
