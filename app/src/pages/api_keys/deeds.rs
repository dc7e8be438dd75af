//! What can be done to keys, each in a dialog of its own; one is open at a time.

use domain::api_keys::ApiKey;
use leptos::prelude::*;

use super::{
    form::{CreateSheet, Draft, EditSheet},
    revoke::RevokeDialog,
    rotate::{EndDialog, ExtendDialog, RotateDialog},
    secret::{SecretDialog, ShownSecret},
};
use crate::{
    addresses::Part,
    components::{HEADING, keep_focus},
    layout::Later,
    state::{Answer, watch},
};

/// What somebody is about to do.
#[derive(Clone)]
pub(super) enum Deed {
    Create,
    /// A new key with the settings of this one.
    Succeed(ApiKey),
    Edit(ApiKey),
    /// Lets it do no more than what it was used for.
    Narrow(ApiKey),
    Rotate(ApiKey),
    /// Ends the old secret of a rotating key.
    End(ApiKey),
    /// Lets it live longer, or shorter.
    Extend(ApiKey),
    Revoke(Vec<ApiKey>),
    /// Shows a secret, this once.
    Show(ShownSecret),
}

/// The deed that is under way, and what is to be done once keys have changed.
#[derive(Clone, Copy)]
pub(super) struct Deeds {
    asked: RwSignal<Option<Deed>>,
    changed: Callback<()>,
}

impl Deeds {
    /// Deeds about what `shown` answers, which is asked again once something is done; so is what `changed` does.
    pub(super) fn about<T: Send + Sync>(shown: Answer<T>, changed: impl Fn() + Send + Sync + 'static) -> Self {
        let done = StoredValue::new(false);
        // With a key its button may go from the page that had the focus.
        watch(move || {
            shown.with(|_| ());
            if done.get_value() {
                done.set_value(false);
                keep_focus(HEADING);
            }
        });
        let changed = move |()| {
            done.set_value(true);
            shown.refresh();
            changed();
        };
        Self { asked: RwSignal::new(None), changed: Callback::new(changed) }
    }

    pub(super) fn ask(&self, deed: Deed) {
        self.asked.set(Some(deed));
    }

    /// Whether the form for a new key is open.
    pub(super) fn creating(&self) -> bool {
        self.asked.with(|asked| matches!(asked, Some(Deed::Create)))
    }

    /// Leaves the form for a new key, as when somebody goes back.
    pub(super) fn leave_creation(&self) {
        if untrack(|| self.creating()) {
            self.asked.set(None);
        }
    }
}

/// A deed's dialog: open until it is closed, after which comes another one or none.
#[derive(Clone, Copy)]
pub(super) struct Stage {
    deeds: Deeds,
    pub(super) open: RwSignal<bool>,
    next: StoredValue<Option<Deed>>,
}

impl Stage {
    fn new(deeds: Deeds) -> Self {
        Self { deeds, open: RwSignal::new(true), next: StoredValue::new(None) }
    }

    pub(super) fn close(&self) {
        self.open.set(false);
    }

    /// Closes it because it is done.
    pub(super) fn finish(&self) {
        self.deeds.changed.run(());
        self.close();
    }

    /// The same, and goes on with another.
    pub(super) fn finish_with(&self, next: Deed) {
        self.go_on(next);
        self.deeds.changed.run(());
    }

    /// Closes it and goes on with another.
    pub(super) fn go_on(&self, next: Deed) {
        self.next.set_value(Some(next));
        self.close();
    }

    /// For the dialog to tell that it is closed, when the browser has given the focus back.
    pub(super) fn closed(&self) {
        self.deeds.asked.set(self.next.get_value());
    }
}

/// The dialog of the deed that is under way. Its code comes with the first.
#[component]
pub(super) fn Dialogs(deeds: Deeds) -> impl IntoView {
    provide_context(deeds);
    view! {
        <Later
            part=Part::KeyDialogs
            wanted=Signal::derive(move || deeds.asked.with(Option::is_some))
            on_missed=move || deeds.asked.set(None)
        />
    }
}

/// The dialogs of the deeds around.
#[component]
pub fn KeyDialogs() -> impl IntoView {
    let deeds = expect_context::<Deeds>();
    // What was typed stays when the form is closed, until the key is made.
    let draft = Draft::new();
    move || {
        let stage = Stage::new(deeds);
        deeds.asked.get().map(|deed| match deed {
            Deed::Create => view! { <CreateSheet draft stage/> }.into_any(),
            Deed::Succeed(key) => view! { <CreateSheet draft=Draft::of(&key) stage like=key/> }.into_any(),
            Deed::Edit(key) => view! { <EditSheet draft=Draft::of(&key) key stage/> }.into_any(),
            Deed::Narrow(key) => {
                let draft = Draft::of(&key);
                key.hints.iter().for_each(|hint| draft.narrow(hint));
                view! { <EditSheet draft key stage narrowed=true/> }.into_any()
            }
            Deed::Rotate(key) => view! { <RotateDialog key stage/> }.into_any(),
            Deed::End(key) => view! { <EndDialog key stage/> }.into_any(),
            Deed::Extend(key) => view! { <ExtendDialog key stage/> }.into_any(),
            Deed::Revoke(keys) => view! { <RevokeDialog keys stage/> }.into_any(),
            Deed::Show(secret) => view! { <SecretDialog secret stage/> }.into_any(),
        })
    }
}
