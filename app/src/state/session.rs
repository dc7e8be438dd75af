use domain::{
    accounts::{Viewer, Welcome},
    errors::ApiError,
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{
    server_query::query,
    storage::{changed_key, save},
};
use crate::api;

/// Storage key by which tabs notify each other: each sign-in and sign-out saves another text there.
const STORAGE_KEY: &str = "session";

/// The session of the user who is signed in in this browser.
#[derive(Clone, Copy)]
pub struct CurrentSession {
    pub viewer: RwSignal<Option<Viewer>>,
    /// Whether anyone may create an account here.
    pub sign_up_open: RwSignal<bool>,
    ended: RwSignal<bool>,
    renewals: RwSignal<u32>,
    /// Counts sign-ins and sign-outs; errors of requests sent before the latest are ignored.
    generation: StoredValue<u32>,
    /// Number of the latest check of the signed-in user; answers to earlier checks are ignored.
    checks: StoredValue<u32>,
}

impl CurrentSession {
    /// Provides the session, and follows sign-ins and sign-outs in other tabs, which share it.
    pub fn provide(welcome: Welcome) -> Self {
        let session = Self {
            viewer: RwSignal::new(welcome.viewer),
            sign_up_open: RwSignal::new(welcome.sign_up_open),
            ended: RwSignal::new(false),
            renewals: RwSignal::new(0),
            generation: StoredValue::new(0),
            checks: StoredValue::new(0),
        };
        provide_context(session);
        leptos::leptos_dom::helpers::window_event_listener_untyped("storage", move |event| {
            if changed_key(event.unchecked_ref()).as_deref() == Some(STORAGE_KEY) {
                session.recheck();
            }
        });
        session
    }

    /// Whether the session has ended on the server while a page was open. Typed text stays.
    pub fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Repeats the surrounding query once the session is renewed, since it may have been rejected before.
    pub fn track_renewals(&self) {
        self.renewals.track();
    }

    /// Takes over the server's answer to a sign-in in this tab.
    pub fn begin(&self, welcome: Welcome) {
        self.take(welcome);
        self.announce();
    }

    /// Signs out in this tab and notifies the others.
    pub fn end(&self) {
        self.forget();
        self.announce();
    }

    /// The current generation, for [`check_error`](Self::check_error).
    pub(super) fn generation(&self) -> u32 {
        self.generation.get_value()
    }

    /// Marks the session as ended if the server rejected a request for lack of one; the shell then asks for
    /// the password. Errors of requests from an earlier generation are ignored.
    pub(super) fn check_error(&self, error: &ApiError, generation: u32) {
        let current = generation == self.generation() && self.viewer.with_untracked(Option::is_some);
        if current && *error == ApiError::Unauthenticated {
            self.ended.set(true);
        }
    }

    fn take(&self, welcome: Welcome) {
        self.next_check();
        self.generation.update_value(|generation| *generation += 1);
        self.sign_up_open.set(welcome.sign_up_open);
        self.viewer.set(welcome.viewer);
        if self.ended.get_untracked() {
            self.ended.set(false);
            self.renewals.update(|count| *count += 1);
        }
    }

    fn forget(&self) {
        self.next_check();
        self.generation.update_value(|generation| *generation += 1);
        self.ended.set(false);
        self.viewer.set(None);
    }

    fn announce(&self) {
        save(STORAGE_KEY, &js_sys::Date::now().to_string());
    }

    /// Numbers a new check of the signed-in user, which outdates earlier ones.
    fn next_check(&self) -> u32 {
        self.checks.update_value(|checks| *checks += 1);
        self.checks.get_value()
    }

    /// Asks the server for the signed-in user, after another tab has signed in or out.
    fn recheck(self) {
        let check = self.next_check();
        spawn_local(async move {
            // After an error, the tab finds out with its next query.
            let Ok(welcome) = query(&api::accounts::WelcomeRequest {}).await else { return };
            if check != self.checks.get_value() {
                return;
            }
            let before = self.viewer.with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id));
            let now = welcome.viewer.as_ref().map(|viewer| viewer.id);
            match (before, now) {
                (None, None) => {}
                (Some(_), None) => self.ended.set(true),
                (Some(before), Some(now)) if before != now => {
                    // The tab shows data of the user who was signed in before.
                    let _ = window().location().reload();
                }
                _ => self.take(welcome),
            }
        });
    }
}

/// The session of this browser.
pub fn use_session() -> CurrentSession {
    expect_context()
}
