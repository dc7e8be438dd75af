use domain::accounts::PasswordChange;
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, ButtonStyle, Field, FormError, use_toasts},
    state::submission,
};

#[component]
pub(super) fn PasswordSection() -> impl IntoView {
    let toasts = use_toasts();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let change = submission(
        |input: &PasswordChange| api::accounts::ChangePassword { input: input.clone() },
        move |_, ()| {
            current.set(String::new());
            new.set(String::new());
            toasts.show_success("Password changed. All your other sessions are signed out.");
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        change.send_validated(PasswordChange { current: current.get(), new: new.get() }.validated());
    };
    view! {
        <form class="card section" on:submit=submit novalidate>
            <header>
                <h2>"Password"</h2>
                <p>"Changing it signs out all your other sessions."</p>
            </header>
            <div class="section-body">
                <FormError error=change.error() fields=&["current", "new"]/>
                <Field
                    name="current"
                    label="Current password"
                    kind="password"
                    autocomplete="current-password"
                    value=current
                    error=change.field("current")
                />
                <Field
                    name="new"
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    value=new
                    hint="At least 8 characters. Three or four unrelated words are strong and easy to remember."
                    error=change.field("new")
                />
            </div>
            <footer>
                <Button style=ButtonStyle::Primary submit=true pending=change.pending()>"Change password"</Button>
            </footer>
        </form>
    }
}
