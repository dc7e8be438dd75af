use leptos::prelude::*;

use crate::{
    addresses::{Address, Page, Query},
    components::{ButtonLink, ButtonStyle, EmptyState, Icon, PageHead},
    state::use_location,
};

/// Shows a page unless its address has values that it can't use: without them, its figures would be others than
/// those that the link asks for. `invalid` returns the names of such values in a query string.
pub fn show_checked(invalid: fn(&str) -> Vec<&'static str>, page: fn() -> AnyView) -> AnyView {
    let search = use_location().search;
    let names = Memo::new(move |_| search.with(|search| invalid(search)));
    let content = move || match names.get() {
        names if names.is_empty() => page(),
        names => view! { <InvalidLink names/> }.into_any(),
    };
    content.into_any()
}

/// Says what of the link isn't valid, and links to the page without it.
#[component]
fn InvalidLink(names: Vec<&'static str>) -> impl IntoView {
    let location = use_location();
    let path = location.path.get_untracked();
    let query = location.search.with_untracked(|search| Query::parse(search));
    let href = names.iter().fold(query, |query, name| query.with(name, None::<&str>)).append_to(&path);
    let page = Address::parse(&path).as_ref().and_then(Address::location).map(|(_, page)| page);
    let values = names.join(", ");
    view! {
        <PageHead title=page.map_or("", Page::label)/>
        <div class="card">
            <EmptyState icon=Icon::Search title="This link's filter isn't valid">
                <p>"Not valid: " <b>{values}</b> ". Nothing is shown, since it wouldn't be what the link asks for."</p>
                <ButtonLink href style=ButtonStyle::Primary>"Remove what isn't valid"</ButtonLink>
            </EmptyState>
        </div>
    }
}
