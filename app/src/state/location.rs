//! Where the browser is: the address bar and its history.

mod link;

use leptos::{
    ev,
    leptos_dom::helpers::{window_event_listener, window_event_listener_untyped},
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsValue;

use self::link::{load_ahead, missing, own_link};
use crate::{addresses::Part, parts::NotLoaded};

/// The address that is open, as signals. It changes with every step through the history, once the code of the page
/// there has come.
#[derive(Clone, Copy)]
pub struct Location {
    /// Such as `/o/acme/keys`.
    pub path: RwSignal<String>,
    /// The query string with its question mark; empty without one.
    pub search: RwSignal<String>,
    /// Where the address stands in the history. Each of the history's entries holds its own place.
    place: StoredValue<i32>,
    /// Whether a step through the history is being taken back.
    returning: StoredValue<bool>,
    guard: StoredValue<Option<Guard>>,
    /// The guard of a page that is being left, until another is open.
    set_aside: StoredValue<Option<Guard>>,
    arrival: RwSignal<Arrival>,
}

/// How it stands with the page that the address bar names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arrival {
    /// It is the one that is open.
    There,
    /// Its code is on the way.
    Awaited,
    /// Its code couldn't be had.
    Missed,
}

/// A step to another page.
#[derive(Clone, Debug)]
pub enum Step {
    /// To this address.
    To(String),
    /// Through the history by so many entries; backwards if negative.
    By(i32),
}

/// Keeps steps from being taken while there is something to lose.
#[derive(Clone, Copy)]
struct Guard {
    closed: Signal<bool>,
    held: Callback<(Step,)>,
}

impl Location {
    /// Follows the browser's history, and opens links to the dashboard's own pages without loading it anew.
    pub fn provide() {
        let location = Self {
            path: RwSignal::default(),
            search: RwSignal::default(),
            place: StoredValue::new(0),
            returning: StoredValue::new(false),
            guard: StoredValue::new(None),
            set_aside: StoredValue::new(None),
            arrival: RwSignal::new(Arrival::There),
        };
        location.place.set_value(location.place_of_entry());
        location.read(false);
        window_event_listener_untyped("popstate", move |_| location.stepped());
        window_event_listener(ev::click, move |event| {
            if let Some(address) = own_link(&event) {
                event.prevent_default();
                location.open(&address, false);
            }
        });
        // Who is about to follow a link needn't wait for its page.
        window_event_listener(ev::pointerover, |event| load_ahead(&event));
        window_event_listener(ev::focusin, |event| load_ahead(&event));
        provide_context(location);
    }

    /// Hands every step that leaves the page to `held` while `closed`, instead of taking it. Ends with the owner of
    /// `closed`.
    pub fn guard(&self, closed: Signal<bool>, held: impl Fn(Step) + Send + Sync + 'static) {
        self.guard.set_value(Some(Guard { closed, held: Callback::new(move |(step,)| held(step)) }));
    }

    /// Takes a step that was held.
    pub fn take(&self, step: &Step) {
        self.set_aside.set_value(self.guard.get_value());
        self.guard.set_value(None);
        match step {
            Step::To(address) => self.open(address, false),
            Step::By(entries) => go_through_history(*entries),
        }
    }

    /// Opens `address`, a path of this site, as a new step of the history or in place of the current one. A step to
    /// another page begins at its top.
    pub(super) fn open(&self, address: &str, replace: bool) {
        let Ok(history) = window().history() else { return };
        let before = self.path.get_untracked();
        if !replace && address == format!("{before}{}", self.search.get_untracked()) && bar_path() == before {
            // Pressed twice, it is one step.
            return;
        }
        let path = address.split(['?', '#']).next().unwrap_or_default();
        if !replace && path != before && self.hold(Step::To(address.to_owned())) {
            return;
        }
        let place = self.place.get_value();
        let kept = if replace {
            history.replace_state_with_url(&place.into(), "", Some(address))
        } else {
            self.place.set_value(place + 1);
            history.push_state_with_url(&(place + 1).into(), "", Some(address))
        };
        if kept.is_err() {
            // Browsers refuse too many steps in a short time, but never to load a page.
            let _ = window().location().assign(address);
            return;
        }
        self.read(!replace);
    }

    /// How it stands with the page that the address bar names.
    pub fn arrival(&self) -> Arrival {
        self.arrival.get()
    }

    /// Tries again to get the page that couldn't be had.
    pub fn retry(&self) {
        self.read(true);
    }

    /// Stays on the page that is open instead of the one that couldn't be had.
    pub fn stay(&self) {
        if self.arrival.get_untracked() == Arrival::Missed
            && let Ok(history) = window().history()
        {
            let here = self.path.get_untracked() + &self.search.get_untracked();
            let _ = history.replace_state_with_url(&self.place.get_value().into(), "", Some(&here));
            self.arrival.set(Arrival::There);
            if self.guard.with_value(Option::is_none) {
                self.guard.set_value(self.set_aside.get_value());
            }
        }
    }

    /// The browser has gone to another entry of the history. It can't be kept from that, only be sent back.
    fn stepped(&self) {
        let (here, there) = (self.place.get_value(), self.place_of_entry());
        if self.returning.get_value() {
            return if here == there { self.returning.set_value(false) } else { go_through_history(here - there) };
        }
        let leaves = window().location().pathname().is_ok_and(|path| self.path.with_untracked(|here| *here != path));
        if leaves && here != there && self.hold(Step::By(there - here)) {
            self.returning.set_value(true);
            return go_through_history(here - there);
        }
        self.place.set_value(there);
        self.read(false);
    }

    /// Whether the step is held, and not to be taken.
    fn hold(&self, step: Step) -> bool {
        let guard = self.guard.get_value().filter(|guard| guard.closed.try_get_untracked() == Some(true));
        if let Some(guard) = guard {
            guard.held.run((step,));
        }
        guard.is_some()
    }

    /// The place of the history's current entry. One that says none is new, and follows the last.
    fn place_of_entry(&self) -> i32 {
        let Ok(history) = window().history() else { return 0 };
        // Only whole numbers are ever put there.
        #[expect(clippy::cast_possible_truncation, reason = "no history is that long")]
        if let Some(place) = history.state().ok().and_then(|state| state.as_f64()) {
            return place as i32;
        }
        let next = self.place.get_value() + 1;
        let _ = history.replace_state(&JsValue::from(next), "");
        next
    }

    /// Takes over where the browser is, once the code for it has come. `at_top` begins another page at its top.
    fn read(&self, at_top: bool) {
        let path = bar_path();
        if let Some(part) = missing(&path) {
            self.arrival.set(Arrival::Awaited);
            return self.wait_for(part, path, at_top);
        }
        set_if_new(self.arrival, Arrival::There);
        let search = window().location().search().unwrap_or_default();
        let other = self.path.with_untracked(|before| *before != path);
        set_if_new(self.path, path);
        set_if_new(self.search, search);
        if at_top && other {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    fn wait_for(&self, part: Part, path: String, at_top: bool) {
        let location = *self;
        spawn_local(async move {
            let loaded = part.load().await;
            // The browser may have gone elsewhere in the meantime.
            if bar_path() != path {
                return;
            }
            match loaded {
                Ok(_) => location.read(at_top),
                Err(NotLoaded) => location.arrival.set(Arrival::Missed),
            }
        });
    }
}

fn set_if_new<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|before| *before != value) {
        signal.set(value);
    }
}

/// The path in the address bar.
fn bar_path() -> String {
    window().location().pathname().unwrap_or_default()
}

pub fn use_location() -> Location {
    expect_context()
}

/// Goes back or forth; the browser tells when it is there.
fn go_through_history(entries: i32) {
    if let Ok(history) = window().history() {
        let _ = history.go_with_delta(entries);
    }
}
