use domain::{
    accounts::{Viewer, Welcome},
    errors::ApiError,
};
use leptos::prelude::*;

/// Who is signed in in this browser.
#[derive(Clone, Copy)]
pub struct Session {
    pub viewer: RwSignal<Option<Viewer>>,
    /// Whether strangers may make accounts here.
    pub sign_up_open: RwSignal<bool>,
    /// Whether the server has ended the session while a page was open. What was typed stays.
    pub ended: RwSignal<bool>,
    /// How often it was begun anew, at which questions that were refused are asked again.
    pub renewals: RwSignal<u32>,
}

impl Session {
    pub fn provide(welcome: Welcome) -> Self {
        let session = Self {
            viewer: RwSignal::new(welcome.viewer),
            sign_up_open: RwSignal::new(welcome.sign_up_open),
            ended: RwSignal::new(false),
            renewals: RwSignal::new(0),
        };
        provide_context(session);
        session
    }

    /// Takes over what the server said of who is signed in now.
    pub fn begin(&self, welcome: Welcome) {
        self.sign_up_open.set(welcome.sign_up_open);
        self.viewer.set(welcome.viewer);
        if self.ended.get_untracked() {
            self.ended.set(false);
            self.renewals.update(|count| *count += 1);
        }
    }

    /// Forgets who was signed in.
    pub fn end(&self) {
        self.ended.set(false);
        self.viewer.set(None);
    }

    /// Looks whether an error means that the session is over; if so, the shell asks for the password.
    pub fn notice(&self, error: &ApiError) {
        if *error == ApiError::Unauthenticated && self.viewer.with_untracked(Option::is_some) {
            self.ended.set(true);
        }
    }
}

/// The session of this browser.
pub fn use_session() -> Session {
    expect_context()
}
