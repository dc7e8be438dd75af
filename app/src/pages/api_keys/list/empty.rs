use domain::{
    api_keys::{KeyPage, KeyQuery},
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use crate::{
    addresses::KeysAddress,
    components::{Button, ButtonStyle, EmptyState, Icon},
    lean::When,
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
    let (has_no_keys, is_past_end) = page.with_untracked(|page| (!page.has_keys, page.total > 0));
    if has_no_keys {
        let create = move || view! { <Button style=ButtonStyle::Primary icon=Icon::Plus on_press=on_create>"Create your first key"</Button> };
        // Who sees only their own keys doesn't know about others.
        let title = match organization.reach(Permission::ViewApiKeys) {
            Some(Reach::Own) => "You have no keys yet",
            _ => "No keys yet",
        };
        return view! {
            <div class="card">
                <EmptyState icon=Icon::Key title>
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
    // The project stays: it isn't one of the filters above.
    let all = move || {
        let project = address.with(|address| address.query.project);
        KeysAddress { query: KeyQuery { project, ..KeyQuery::default() }, creating: false }.href(&organization.slug())
    };
    let is_filtered = move || {
        address.with(|address| {
            let query = &address.query;
            KeyQuery { project: query.project, sort: query.sort, reversed: query.reversed, ..KeyQuery::default() }
                != *query
        })
    };
    let (title, text) = match (is_past_end, untrack(is_filtered)) {
        (true, _) => ("This page doesn't exist", "The address asks for a page after the last."),
        (false, true) => ("No matching keys", "Change the search or the filters above."),
        (false, false) => ("No keys in this project", "Choose another project above, or create a key in this one."),
    };
    view! {
        <div class="card">
            <EmptyState icon=Icon::Search title>
                <p>{text}</p>
                {if is_past_end {
                    view! { <a class="button" href=first>"Go to the first page"</a> }.into_any()
                } else {
                    view! {
                        <When when=is_filtered><a class="button" href=all>"Show all keys"</a></When>
                    }
                    .into_any()
                }}
            </EmptyState>
        </div>
    }
    .into_any()
}
