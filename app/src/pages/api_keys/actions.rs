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
///
/// It is what was asked for by a button, or else what the address asks for.
#[derive(Clone, Copy)]
pub(super) struct Deeds {
    asked: RwSignal<Option<Deed>>,
    form: Option<FormAddress>,
    changed: Callback<()>,
}

/// An address that opens the form for a new key.
#[derive(Clone, Copy)]
pub(super) struct FormAddress {
    pub(super) is_open: Memo<bool>,
    /// Goes on to the address without it.
    pub(super) leave: Callback<()>,
}

impl Deeds {
    /// Deeds about what `shown` answers, which is asked again once something is done; so is what `changed` does.
    pub(super) fn about<T: Send + Sync>(
        shown: Answer<T>,
        form: Option<FormAddress>,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
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
        Self { asked: RwSignal::new(None), form, changed: Callback::new(changed) }
    }

    pub(super) fn ask(&self, deed: Deed) {
        self.asked.set(Some(deed));
    }

    fn current(&self) -> Option<Deed> {
        self.asked.get().or_else(|| self.form?.is_open.get().then_some(Deed::Create))
    }

    /// Ends what is under way; `next` comes after it.
    fn go_on(&self, next: Option<Deed>) {
        if self.asked.with_untracked(Option::is_none)
            && let Some(form) = self.form
        {
            form.leave.run(());
        }
        self.asked.set(next);
    }
}

/// A deed's dialog, which is there until it is closed; after it comes another one or none.
#[derive(Clone, Copy)]
pub(super) struct Stage(Deeds);

impl Stage {
    pub(super) fn close(&self) {
        self.0.go_on(None);
    }

    /// Closes it because it is done.
    pub(super) fn finish(&self) {
        self.0.changed.run(());
        self.close();
    }

    /// The same, and goes on with another.
    pub(super) fn finish_with(&self, next: Deed) {
        self.0.changed.run(());
        self.0.go_on(Some(next));
    }
}

/// The dialog of the deed that is under way. Its code comes with the first.
#[component]
pub(super) fn Dialogs(deeds: Deeds) -> impl IntoView {
    provide_context(deeds);
    view! {
        <Later
            part=Part::KeyDialogs
            wanted=Signal::derive(move || deeds.current().is_some())
            on_missed=move || deeds.go_on(None)
        />
    }
}

/// The dialogs of the deeds around.
#[component]
pub fn KeyDialogs() -> impl IntoView {
    let deeds = expect_context::<Deeds>();
    let stage = Stage(deeds);
    // What was typed stays when the form is closed, until the key is made.
    let draft = Draft::new();
    move || {
        deeds.current().map(|deed| match deed {
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
