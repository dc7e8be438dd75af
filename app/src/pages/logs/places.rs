//! Where lists of calls were left, so that Back finds them there again.

use std::cell::{Cell, RefCell};

use domain::calls::{CallQuery, CallStore};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

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
    static RETURNS: Returns = Returns::follow();
}

/// Whether the open address was reached through the history.
struct Returns {
    /// The history entry that the latest step through the history led to.
    entry: Cell<Option<f64>>,
}

impl Returns {
    fn follow() -> Self {
        let on_step = Closure::<dyn FnMut()>::new(|| RETURNS.with(|returns| returns.entry.set(history_entry())));
        // Capturing, so that it is known before the location changes.
        let _ = window().add_event_listener_with_callback_and_bool("popstate", on_step.as_ref().unchecked_ref(), true);
        // For as long as the dashboard is open.
        on_step.forget();
        Self { entry: Cell::new(None) }
    }

    /// Whether the open address is the one of the latest step: one that was opened since is another entry.
    fn is_current(&self) -> bool {
        self.entry.get().is_some_and(|entry| history_entry() == Some(entry))
    }
}

/// Begins to observe steps through the history.
pub(super) fn observe() {
    RETURNS.with(|_| ());
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

/// Takes the list of this query as it was left, if the open address was reached through the history.
pub(super) fn take(query: &CallQuery) -> Option<Place> {
    if !RETURNS.with(Returns::is_current) {
        return None;
    }
    PLACES.with_borrow_mut(|places| {
        let index = places.iter().position(|place| place.store.query() == Some(query))?;
        Some(places.remove(index))
    })
}

/// The position that the open history entry stores (`state::Location`).
fn history_entry() -> Option<f64> {
    window().history().ok()?.state().ok().as_ref().and_then(JsValue::as_f64)
}
