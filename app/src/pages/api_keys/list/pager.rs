use domain::api_keys::{KeyPage, PAGE_SIZE};
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Icon, IconView, format_count},
    lean::When,
    pages::usage::plural,
    state::use_organization,
};

/// The range of keys on the page, their total number, and links to other pages.
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
    let link = move |offset: i64, icon: Icon, label: &'static str| {
        let target = move || {
            let next = number.get() + offset;
            (next >= 0 && next * size < total.get()).then(|| u32::try_from(next).ok()).flatten()
        };
        // At the first and the last page, the link has no address.
        let href = move || {
            let page = target()?;
            let mut address = address.get();
            address.query.page = page;
            Some(address.href(&organization.slug()))
        };
        view! {
            <a
                class="button bare"
                href=href
                role="link"
                aria-disabled=move || target().is_none().then_some("true")
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
                {link(-1, Icon::ChevronLeft, "Previous page")}
                {link(1, Icon::ChevronRight, "Next page")}
            </When>
        </nav>
    }
}
