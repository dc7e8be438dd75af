use leptos::prelude::*;

use super::{location::use_location, organization::use_organization};
use crate::addresses::Query;

/// The time zone of all times on the page.
#[derive(Clone, Copy)]
pub struct PageZone(Memo<String>);

impl PageZone {
    /// Provides the zone that the address names, or else the organization's.
    pub fn provide() {
        let search = use_location().search;
        let organization = use_organization();
        let zone = Memo::new(move |_| {
            search.with(|search| Query::parse(search).time_zone("tz")).unwrap_or_else(|| organization.time_zone())
        });
        provide_context(Self(zone));
    }
}

/// The IANA time zone that the page's times are in: the address's, or else the organization's.
pub fn use_zone() -> Memo<String> {
    expect_context::<PageZone>().0
}
