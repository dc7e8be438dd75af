//! Where lists of calls were left, so that Back finds them there again.

use std::cell::RefCell;

use domain::calls::{CallQuery, CallStore};

/// Maximum number of lists that are remembered.
const MAX_PLACES: usize = 4;

/// A list as it was left.
pub(super) struct Place {
    pub store: CallStore,
    /// Pixels of the list above the window.
    pub scrolled: f64,
}

thread_local! {
    static PLACES: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// Remembers a list, in the place of an earlier one of the same query.
pub(super) fn save(place: Place) {
    // An empty list has no place.
    if place.store.calls().is_empty() {
        return;
    }
    PLACES.with_borrow_mut(|places| {
        places.retain(|other| other.store.query() != place.store.query());
        places.insert(0, place);
        places.truncate(MAX_PLACES);
    });
}

/// Takes the list of this query as it was left.
pub(super) fn take(query: &CallQuery) -> Option<Place> {
    PLACES.with_borrow_mut(|places| {
        let index = places.iter().position(|place| place.store.query() == Some(query))?;
        Some(places.remove(index))
    })
}
