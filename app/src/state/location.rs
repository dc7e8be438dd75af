//! The browser's location: the address bar and its history.

mod link;

use leptos::{
    ev,
    leptos_dom::helpers::{window_event_listener, window_event_listener_untyped},
    prelude::*,
    task::spawn_local,
};
use wasm_bindgen::JsValue;

use self::link::{missing_part, own_link, preload};
use crate::{addresses::CodePart, code_parts::NotLoaded};

/// The open address, as signals. It follows each step once the code of the new page has loaded.
#[derive(Clone, Copy)]
pub struct Location {
    /// The path, such as `/o/acme/keys`.
    pub path: RwSignal<String>,
    /// The query string with its question mark; empty without one.
    pub search: RwSignal<String>,
    /// Position of the address in the history. Each history entry stores its own.
    position: StoredValue<i32>,
    /// Whether a step through the history is being undone.
    is_undoing: StoredValue<bool>,
    /// Whether the address was reached through the history.
    is_return: StoredValue<bool>,
    guard: StoredValue<Option<Guard>>,
    /// The guard of the page that is being left, until another page is open.
    suspended_guard: StoredValue<Option<Guard>>,
    navigation: RwSignal<Navigation>,
}

/// Loading state of the page that the address bar names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Navigation {
    /// The page is open.
    Done,
    /// The page's code is loading.
    Loading,
    /// The page's code couldn't be loaded.
    Failed,
    /// The page's code is loading again after a failure.
    Retrying,
}

impl Navigation {
    /// Whether the code couldn't be loaded so far.
    pub const fn has_failed(self) -> bool {
        matches!(self, Self::Failed | Self::Retrying)
    }
}

/// A step to another page.
#[derive(Clone, Debug)]
pub enum Step {
    /// A step to this address.
    To(String),
    /// A step through the history by this many entries; backwards if negative.
    By(i32),
}

/// Holds up steps while they would lose something.
#[derive(Clone, Copy)]
struct Guard {
    active: Signal<bool>,
    on_step: Callback<(Step,)>,
}

impl Location {
    /// Follows the browser's history, and opens links to the dashboard's own pages without a reload.
    pub fn provide() {
        let location = Self {
            path: RwSignal::default(),
            search: RwSignal::default(),
            position: StoredValue::new(0),
            is_undoing: StoredValue::new(false),
            is_return: StoredValue::new(false),
            guard: StoredValue::new(None),
            suspended_guard: StoredValue::new(None),
            navigation: RwSignal::new(Navigation::Done),
        };
        location.position.set_value(location.entry_position());
        location.read(false);
        window_event_listener_untyped("popstate", move |_| location.on_history_step());
        window_event_listener(ev::click, move |event| {
            if let Some(address) = own_link(&event) {
                event.prevent_default();
                location.open(&address, false);
            }
        });
        // A link that is pointed at or focused is likely to be followed next.
        window_event_listener(ev::pointerover, |event| preload(&event));
        window_event_listener(ev::focusin, |event| preload(&event));
        provide_context(location);
    }

    /// Passes steps that leave the page to `on_step` while `active`. Ends with the owner of `active`.
    pub fn guard(&self, active: Signal<bool>, on_step: impl Fn(Step) + Send + Sync + 'static) {
        self.guard.set_value(Some(Guard { active, on_step: Callback::new(move |(step,)| on_step(step)) }));
    }

    /// Takes a step that the guard held up.
    pub fn take_step(&self, step: &Step) {
        self.suspended_guard.set_value(self.guard.get_value());
        self.guard.set_value(None);
        match step {
            Step::To(address) => self.open(address, false),
            Step::By(entries) => step_history(*entries),
        }
    }

    /// Opens `address`, a path of this site, as a new history entry or in place of the current one. A new entry
    /// for another page is shown from its top.
    pub(super) fn open(&self, address: &str, replace: bool) {
        let Ok(history) = window().history() else { return };
        let before = self.path.get_untracked();
        if !replace && address == format!("{before}{}", self.search.get_untracked()) && bar_path() == before {
            // A link pressed twice makes one history entry.
            return;
        }
        let path = address.split(['?', '#']).next().unwrap_or_default();
        if !replace && path != before && self.blocks(Step::To(address.to_owned())) {
            return;
        }
        let position = self.position.get_value();
        let result = if replace {
            history.replace_state_with_url(&position.into(), "", Some(address))
        } else {
            self.position.set_value(position + 1);
            history.push_state_with_url(&(position + 1).into(), "", Some(address))
        };
        if result.is_err() {
            // Browsers reject too many history changes in a short time, but never a page load.
            let _ = window().location().assign(address);
            return;
        }
        self.is_return.set_value(false);
        self.read(!replace);
    }

    /// Whether the open address was reached through the history, so that its page is to look as it was left.
    pub fn is_return(&self) -> bool {
        self.is_return.get_value()
    }

    /// Loading state of the page that the address bar names.
    pub fn navigation(&self) -> Navigation {
        self.navigation.get()
    }

    /// Retries loading the page after a failure.
    pub fn retry(&self) {
        self.read(true);
    }

    /// Stays on the open page after another one couldn't be loaded.
    pub fn cancel_navigation(&self) {
        if self.navigation.get_untracked().has_failed()
            && let Ok(history) = window().history()
        {
            let here = self.path.get_untracked() + &self.search.get_untracked();
            let _ = history.replace_state_with_url(&self.position.get_value().into(), "", Some(&here));
            self.navigation.set(Navigation::Done);
            self.resume_guard();
        }
    }

    /// Handles the browser's step to another history entry. That can't be prevented, only undone.
    fn on_history_step(&self) {
        let (here, there) = (self.position.get_value(), self.entry_position());
        if self.is_undoing.get_value() {
            return if here == there { self.is_undoing.set_value(false) } else { step_history(here - there) };
        }
        let leaves = window().location().pathname().is_ok_and(|path| self.path.with_untracked(|here| *here != path));
        if leaves && here != there && self.blocks(Step::By(there - here)) {
            self.is_undoing.set_value(true);
            return step_history(here - there);
        }
        self.position.set_value(there);
        self.is_return.set_value(true);
        self.read(false);
    }

    /// Guards the page again that was about to be left, if the browser is back before another page was open.
    fn resume_guard(&self) {
        if let Some(guard) = self.suspended_guard.try_update_value(Option::take).flatten() {
            self.guard.set_value(Some(guard));
        }
    }

    /// Whether the guard holds up the step; if so, it has got it.
    fn blocks(&self, step: Step) -> bool {
        let guard = self.guard.get_value().filter(|guard| guard.active.try_get_untracked() == Some(true));
        if let Some(guard) = guard {
            guard.on_step.run((step,));
        }
        guard.is_some()
    }

    /// Position of the current history entry. An entry without one is new, and follows the last.
    fn entry_position(&self) -> i32 {
        let Ok(history) = window().history() else { return 0 };
        // Only integers are stored there.
        #[expect(clippy::cast_possible_truncation, reason = "no history is that long")]
        if let Some(position) = history.state().ok().and_then(|state| state.as_f64()) {
            return position as i32;
        }
        let next = self.position.get_value() + 1;
        let _ = history.replace_state(&JsValue::from(next), "");
        next
    }

    /// Takes over the browser's address once its code has loaded. `at_top` shows another page from its top.
    fn read(&self, at_top: bool) {
        let path = bar_path();
        if let Some(part) = missing_part(&path) {
            let again = self.navigation.get_untracked().has_failed();
            self.navigation.set(if again { Navigation::Retrying } else { Navigation::Loading });
            return self.wait_for(part, path, at_top);
        }
        set_if_changed(self.navigation, Navigation::Done);
        let search = window().location().search().unwrap_or_default();
        let is_other_page = self.path.with_untracked(|before| *before != path);
        if is_other_page {
            self.suspended_guard.set_value(None);
        } else {
            self.resume_guard();
        }
        set_if_changed(self.path, path);
        set_if_changed(self.search, search);
        if at_top && is_other_page {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    fn wait_for(&self, part: CodePart, path: String, at_top: bool) {
        let location = *self;
        spawn_local(async move {
            let loaded = part.load().await;
            // The browser may show another address by now.
            if bar_path() != path {
                return;
            }
            match loaded {
                Ok(_) => location.read(at_top),
                Err(NotLoaded) => location.navigation.set(Navigation::Failed),
            }
        });
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
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

/// Goes through the history by this many entries; the browser reports its arrival with `popstate`.
fn step_history(entries: i32) {
    if let Ok(history) = window().history() {
        let _ = history.go_with_delta(entries);
    }
}
