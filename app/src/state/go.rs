use leptos::prelude::*;

use super::{location::Location, use_location};

/// Goes to other addresses.
#[derive(Clone, Copy)]
pub struct Go(Location);

impl Go {
    /// Opens a page, or the same in another state, as a new step of the history.
    pub fn to(&self, address: impl AsRef<str>) {
        self.0.open(address.as_ref(), false);
    }

    /// The same in place of the current step: for what changes with every key stroke, and for redirects.
    pub fn replace(&self, address: impl AsRef<str>) {
        self.0.open(address.as_ref(), true);
    }
}

pub fn use_go() -> Go {
    Go(use_location())
}

/// What the query string says, read by `parse`: `use_address(UsageAddress::parse)`.
pub fn use_address<A: PartialEq + Send + Sync + 'static>(parse: fn(&str) -> A) -> Memo<A> {
    let search = use_location().search;
    Memo::new(move |_| search.with(|search| parse(search)))
}
