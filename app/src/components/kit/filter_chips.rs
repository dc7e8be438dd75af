use leptos::prelude::*;

use super::{
    icon::{Icon, IconView},
    name::Name,
};
use crate::lean::{CollectAny, When};

/// A filter that narrows a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chip {
    /// Name of the filter: `Model`.
    pub name: &'static str,
    pub value: String,
    /// Address of the page without the filter.
    pub remove_href: String,
}

/// The filters that narrow a page, each with a link that removes it.
#[component]
pub fn FilterChips(chips: Memo<Vec<Chip>>) -> impl IntoView {
    let chip = |Chip { name, value, remove_href }: Chip| {
        let remove = format!("Remove the filter {name}: {value}");
        view! {
            <li>
                <span class="chip">
                    <span class="chip-name">{name}</span>
                    <span class="chip-value"><Name name=value/></span>
                    <a href=remove_href aria-label=remove.clone() title=remove><IconView icon=Icon::Close/></a>
                </span>
            </li>
        }
    };
    view! {
        <When when=move || chips.with(|chips| !chips.is_empty())>
            <ul class="filter-chips" role="list" aria-label="Filters">
                {move || chips.get().into_iter().map(chip).collect_any()}
            </ul>
        </When>
    }
}
