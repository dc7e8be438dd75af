use leptos::prelude::*;

use crate::{
    components::{CollectAny, Icon, IconView, Menu, MenuLink},
    state::{browser_time_zone, use_organization},
};

/// In whose time hours and days are shown: the organization's, the browser's, or UTC.
#[component]
pub(crate) fn ZoneMenu(
    /// As addresses say it: `None` for the organization's.
    zone: Signal<Option<String>>,
    /// The page in another zone.
    href: Callback<(Option<String>,), String>,
) -> impl IntoView {
    let own = use_organization().time_zone();
    let mut choices = vec![("Organization", None, own.clone())];
    for (whose, name) in [("This browser", browser_time_zone()), ("Universal", "UTC".to_owned())] {
        if choices.iter().all(|(_, _, known)| *known != name) {
            choices.push((whose, Some(name.clone()), name));
        }
    }
    let shown = Signal::derive(move || zone_name(&zone.get().unwrap_or_else(|| own.clone())));
    let choice = move |(whose, value, name): (&'static str, Option<String>, String)| {
        let (compared, value) = (value.clone(), value);
        view! {
            <MenuLink
                href=Signal::derive(move || href.run((value.clone(),)))
                current=Signal::derive(move || zone.get() == compared)
            >
                {zone_name(&name)} <span class="faint">{whose}</span>
            </MenuLink>
        }
    };
    view! {
        <Menu
            label=Signal::derive(move || format!("Time zone: {}", shown.get()))
            class="button quiet"
            trigger=move || view! { <IconView icon=Icon::Clock/> <span>{shown}</span> }
        >
            {choices.into_iter().map(choice).collect_any()}
        </Menu>
    }
}

/// `America/New_York` as people read it.
pub(crate) fn zone_name(zone: &str) -> String {
    zone.replace('_', " ")
}
