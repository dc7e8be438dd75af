use leptos::prelude::*;

use crate::{
    components::{Icon, IconView, Menu, MenuLink, zone_name},
    lean::CollectAny,
    state::{browser_time_zone, use_organization},
};

/// A menu of time zones for hours and days: the organization's, the browser's, or UTC.
#[component]
pub(crate) fn ZoneMenu(
    /// The current zone as in addresses: `None` for the organization's.
    zone: Signal<Option<String>>,
    /// The page's address with another zone.
    href: Callback<(Option<String>,), String>,
) -> impl IntoView {
    let default = use_organization().time_zone();
    let mut choices = vec![("Organization", None, default.clone())];
    for (owner, name) in [("Your browser", browser_time_zone()), ("Universal time", "UTC".to_owned())] {
        if choices.iter().all(|(_, _, other)| *other != name) {
            choices.push((owner, Some(name.clone()), name));
        }
    }
    let current_name = Signal::derive(move || zone_name(&zone.get().unwrap_or_else(|| default.clone())));
    let choice = move |(owner, value, name): (&'static str, Option<String>, String)| {
        let (compared, value) = (value.clone(), value);
        view! {
            <MenuLink
                href=Signal::derive(move || href.run((value.clone(),)))
                current=Signal::derive(move || zone.get() == compared)
            >
                {zone_name(&name)} " " <small>{owner}</small>
            </MenuLink>
        }
    };
    view! {
        <Menu
            label=Signal::derive(move || format!("Time zone: {}", current_name.get()))
            class="button quiet"
            trigger=move || view! { <IconView icon=Icon::Clock/> <span>{current_name}</span> }
        >
            {choices.into_iter().map(choice).collect_any()}
        </Menu>
    }
}
