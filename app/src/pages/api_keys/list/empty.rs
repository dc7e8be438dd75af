use domain::api_keys::KeyPage;
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Button, ButtonStyle, EmptyState, Icon},
    state::use_organization,
};

/// The page's content when no key is listed.
#[component]
pub(super) fn Empty(
    address: Memo<KeysAddress>,
    page: ReadSignal<KeyPage>,
    may_create: bool,
    on_create: Callback<()>,
) -> impl IntoView {
    let organization = use_organization();
    let (has_no_keys, is_past_end) = page.with_untracked(|page| (page.statuses.is_empty(), page.total > 0));
    if has_no_keys {
        let create = move || view! { <Button style=ButtonStyle::Primary icon=Icon::Plus on_press=on_create>"Create the first key"</Button> };
        return view! {
            <div class="card">
                <EmptyState icon=Icon::Key title="No keys yet">
                    <p>
                        "A key lets a program call models through this gateway. It says which project the calls belong to,
                        which models it may use, and until when; every call is counted and priced under it."
                    </p>
                    {may_create.then(create)}
                </EmptyState>
            </div>
        }
        .into_any();
    }
    let first = move || address.with(|address| address.narrowed(|_| {}).href(&organization.slug()));
    let all = move || KeysAddress::default().href(&organization.slug());
    let (title, text) = if is_past_end {
        ("There are fewer pages", "The address asks for a page after the last.")
    } else {
        ("No key matches", "Change the search or the filters above, or look at all keys.")
    };
    view! {
        <div class="card">
            <EmptyState icon=Icon::Search title>
                <p>{text}</p>
                {if is_past_end {
                    view! { <a class="button" href=first>"First page"</a> }.into_any()
                } else {
                    view! { <a class="button" href=all>"Show all keys"</a> }.into_any()
                }}
            </EmptyState>
        </div>
    }
    .into_any()
}
