use domain::{accounts::SignUp as Application, validation::PASSWORD_LENGTH};
use leptos::{ev, prelude::*};

use crate::{
    addresses::Query,
    api,
    components::{Button, ButtonStyle, Field, FormError, Notice, Tone},
    layout::SignedOutFrame,
    state::{browser_time_zone, submission, use_address, use_session},
};

/// Creates an account with an organization of its own.
#[component]
pub fn SignUp() -> impl IntoView {
    let session = use_session();
    let query = use_address(Query::parse);
    // The operator's link for the first account.
    let setup = move || query.get().text("setup").map(str::to_owned);
    let sign_in = move || Query::default().with("next", query.get().text("next")).append_to("/sign-in");
    view! {
        <SignedOutFrame title="Create an account" description="Set up an organization and create your first API key.">
            {move || {
                let setup = setup();
                if session.sign_up_open.get() || setup.is_some() {
                    view! { <Form setup/> }.into_any()
                } else {
                    view! {
                        <Notice tone=Tone::Warning>
                            "Sign-up is closed. Ask your administrator for an account."
                        </Notice>
                    }
                        .into_any()
                }
            }}
            <p class="signed-out-other">"Already have an account? " <a class="link" href=sign_in>"Sign in"</a></p>
        </SignedOutFrame>
    }
}

#[component]
fn Form(setup: Option<String>) -> impl IntoView {
    let session = use_session();
    let name = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let organization = RwSignal::new(String::new());
    let sign_up = submission(
        move |input: &Application| api::accounts::SignUpRequest { input: input.clone(), setup: setup.clone() },
        move |_, welcome| session.begin(welcome),
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let application = Application {
            name: name.get(),
            email: email.get(),
            password: password.get(),
            organization: organization.get(),
            time_zone: browser_time_zone(),
        };
        sign_up.send_validated(application.validated());
    };
    view! {
        <form on:submit=submit novalidate>
            <FormError error=sign_up.error() fields=&["name", "email", "password", "organization"]/>
            <Field
                name="name"
                label="Your name"
                autocomplete="name"
                value=name
                error=sign_up.field("name")
                autofocus=true
            />
            <Field
                name="email"
                label="Email"
                kind="email"
                autocomplete="username"
                value=email
                error=sign_up.field("email")
            />
            <Field
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                value=password
                hint=format!(
                    "At least {} characters. Three or four unrelated words are strong and easy to remember.",
                    PASSWORD_LENGTH.start(),
                )
                error=sign_up.field("password")
            />
            <Field
                name="organization"
                label="Organization"
                autocomplete="organization"
                value=organization
                hint=format!("Reports use your time zone, {}.", browser_time_zone())
                error=sign_up.field("organization")
            />
            <Button style=ButtonStyle::Primary submit=true pending=sign_up.pending()>"Create account"</Button>
        </form>
    }
}
