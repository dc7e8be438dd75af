use domain::{
    accounts::{Viewer, Welcome},
    errors::ApiError,
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{
    server_query::ask,
    storage::{keep, key_of_change},
};
use crate::api;

/// What tabs of this browser let each other know by: each sign-in and sign-out keeps another text under it.
const STORAGE: &str = "session";

/// Who is signed in in this browser.
#[derive(Clone, Copy)]
pub struct Session {
    pub viewer: RwSignal<Option<Viewer>>,
    /// Whether strangers may make accounts here.
    pub sign_up_open: RwSignal<bool>,
    ended: RwSignal<bool>,
    renewals: RwSignal<u32>,
    /// Counts who was signed in, one after the other: what was asked as one of them says nothing about the next.
    number: StoredValue<u32>,
    /// Counts what has been asked or learned of who is signed in: an answer that something newer has overtaken says
    /// nothing any more.
    looks: StoredValue<u32>,
}

impl Session {
    /// Follows what other tabs do, too: they share the session.
    pub fn provide(welcome: Welcome) -> Self {
        let session = Self {
            viewer: RwSignal::new(welcome.viewer),
            sign_up_open: RwSignal::new(welcome.sign_up_open),
            ended: RwSignal::new(false),
            renewals: RwSignal::new(0),
            number: StoredValue::new(0),
            looks: StoredValue::new(0),
        };
        provide_context(session);
        leptos::leptos_dom::helpers::window_event_listener_untyped("storage", move |event| {
            if key_of_change(event.unchecked_ref()).as_deref() == Some(STORAGE) {
                session.look_again();
            }
        });
        session
    }

    /// Whether the server has ended the session while a page was open. What was typed stays.
    pub fn ended(&self) -> bool {
        self.ended.get()
    }

    /// Asks anew when the session was begun again, by being read in a question: it may have been refused before.
    pub fn ask_again_after_renewal(&self) {
        self.renewals.track();
    }

    /// Takes over what the server answered to a sign-in here.
    pub fn begin(&self, welcome: Welcome) {
        self.take(welcome);
        self.announce();
    }

    /// Forgets who was signed in here.
    pub fn end(&self) {
        self.forget();
        self.announce();
    }

    /// The number of who is signed in, for [`notice`](Self::notice).
    pub(super) fn number(&self) -> u32 {
        self.number.get_value()
    }

    /// Looks whether the server refused a question for lack of a session; if so, the shell asks for the password. What
    /// was asked as somebody else, who is gone or has signed in anew since, changes nothing.
    pub(super) fn notice(&self, error: &ApiError, asked_as: u32) {
        let current = asked_as == self.number() && self.viewer.with_untracked(Option::is_some);
        if current && *error == ApiError::Unauthenticated {
            self.ended.set(true);
        }
    }

    fn take(&self, welcome: Welcome) {
        self.look();
        self.number.update_value(|number| *number += 1);
        self.sign_up_open.set(welcome.sign_up_open);
        self.viewer.set(welcome.viewer);
        if self.ended.get_untracked() {
            self.ended.set(false);
            self.renewals.update(|count| *count += 1);
        }
    }

    fn forget(&self) {
        self.look();
        self.number.update_value(|number| *number += 1);
        self.ended.set(false);
        self.viewer.set(None);
    }

    fn announce(&self) {
        keep(STORAGE, &js_sys::Date::now().to_string());
    }

    /// The number of a new look at who is signed in.
    fn look(&self) -> u32 {
        self.looks.update_value(|looks| *looks += 1);
        self.looks.get_value()
    }

    /// Asks who is signed in now, after another tab has changed that.
    fn look_again(self) {
        let look = self.look();
        spawn_local(async move {
            // A tab that can't ask finds out with its next question.
            let Ok(welcome) = ask(&api::accounts::WelcomeQuestion {}).await else { return };
            if look != self.looks.get_value() {
                return;
            }
            let before = self.viewer.with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id));
            let now = welcome.viewer.as_ref().map(|viewer| viewer.id);
            match (before, now) {
                (None, None) => {}
                (Some(_), None) => self.ended.set(true),
                (Some(before), Some(now)) if before != now => {
                    // What this tab shows belongs to somebody who isn't there any more.
                    let _ = window().location().reload();
                }
                _ => self.take(welcome),
            }
        });
    }
}

/// The session of this browser.
pub fn use_session() -> Session {
    expect_context()
}
