use domain::accounts::SignIn as Credentials;
use leptos::{ev, prelude::*};

use crate::{
    addresses::Query,
    api,
    components::{Button, ButtonStyle, Field, FormError},
    layout::SignedOutFrame,
    state::{submission, use_address, use_session},
};

/// Signs a user in. The address holds the page to open next.
#[component]
pub fn SignIn() -> impl IntoView {
    let session = use_session();
    let query = use_address(Query::parse);
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let sign_in = submission(
        |input: &Credentials| api::accounts::SignInRequest { input: input.clone() },
        move |_, welcome| session.begin(welcome),
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        sign_in.send_validated(Credentials { email: email.get(), password: password.get() }.validated());
    };
    let sign_up = move || Query::default().with("next", query.get().text("next")).append_to("/sign-up");
    view! {
        <SignedOutFrame title="Sign in" description="Manage your API keys, usage and spend.">
            <form on:submit=submit novalidate>
                <FormError error=sign_in.error() fields=&["email", "password"]/>
                <Field
                    name="email"
                    label="Email"
                    kind="email"
                    autocomplete="username"
                    value=email
                    error=sign_in.field("email")
                    autofocus=true
                />
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="current-password"
                    value=password
                    error=sign_in.field("password")
                />
                <Button style=ButtonStyle::Primary submit=true pending=sign_in.pending()>"Sign in"</Button>
            </form>
            <details class="signed-out-help">
                <summary>"Forgot your password?"</summary>
                <p>
                    "An administrator can set a new one on the server: "
                    <code>"tollhouse user password --email you@example.com --password-stdin"</code>
                </p>
            </details>
            <p class="signed-out-other">
                {move || {
                    if session.sign_up_open.get() {
                        view! { "New here? " <a class="link" href=sign_up>"Create an account"</a> }.into_any()
                    } else {
                        "No account yet? Ask your administrator for one.".into_any()
                    }
                }}
            </p>
        </SignedOutFrame>
    }
}
