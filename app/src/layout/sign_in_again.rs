use domain::accounts::{SessionEnd, SignIn};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, ButtonStyle, Dialog, Field, FormError},
    state::{load, submission, use_session},
};

/// Asks for the password over the page when the session has ended, so that nothing on it is lost.
#[component]
pub fn SignInAgain() -> impl IntoView {
    let session = use_session();
    view! {
        <Dialog open=Signal::derive(move || session.has_ended()) title="Session ended" insistent=true>
            <Form/>
        </Dialog>
    }
}

#[component]
fn Form() -> impl IntoView {
    let session = use_session();
    let end = load(|| api::accounts::SessionEndRequest {});
    // Only the server knows. Without an answer, nothing is claimed.
    let reason = move || end.with(|end| end.copied().flatten().map(SessionEnd::label));
    let password = RwSignal::new(String::new());
    let email = session.viewer.with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.email.clone()));
    let email = StoredValue::new(email.unwrap_or_default());
    let sign_in = submission(
        |input: &SignIn| api::accounts::SignInRequest { input: input.clone() },
        move |_, welcome| session.begin(welcome),
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        // Left to the server to check, since only a password was typed here.
        sign_in.send(SignIn { email: email.get_value(), password: password.get() });
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p aria-live="polite">
                    {reason} " Enter the password of " <b>{email.get_value()}</b>
                    " to continue; nothing you typed was lost."
                </p>
                // For password managers, which look for the name that belongs to the password.
                <input
                    class="visually-hidden"
                    type="email"
                    autocomplete="username"
                    tabindex="-1"
                    readonly
                    aria-hidden="true"
                    value=email.get_value()
                />
                <FormError error=sign_in.error() fields=&["password"]/>
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="current-password"
                    value=password
                    error=sign_in.field("password")
                    autofocus=true
                />
            </div>
            <footer>
                <Button on_press=move || session.end()>"Sign out"</Button>
                <Button style=ButtonStyle::Primary submit=true pending=sign_in.pending()>"Continue"</Button>
            </footer>
        </form>
    }
}
