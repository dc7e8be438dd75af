use leptos::prelude::*;

use super::location::{Location, use_location};

/// Navigates to other addresses of the dashboard.
#[derive(Clone, Copy)]
pub struct Go(Location);

impl Go {
    /// Opens an address, of this page or another, as a new entry of the history.
    pub fn to(&self, address: impl AsRef<str>) {
        self.0.open(address.as_ref(), false);
    }

    /// Opens an address in place of the current history entry: for changes while typing, and for redirects.
    pub fn replace(&self, address: impl AsRef<str>) {
        self.0.open(address.as_ref(), true);
    }
}

pub fn use_go() -> Go {
    Go(use_location())
}

/// The query string as parsed by `parse`: `use_address(UsageAddress::parse)`.
pub fn use_address<A: PartialEq + Send + Sync + 'static>(parse: fn(&str) -> A) -> Memo<A> {
    let search = use_location().search;
    Memo::new(move |_| search.with(|search| parse(search)))
}
