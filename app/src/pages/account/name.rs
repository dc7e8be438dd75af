use domain::{errors::FieldErrors, validation};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{Button, ButtonStyle, Field, FormError, use_toasts},
    state::{submission, use_session},
};

#[component]
pub(super) fn NameSection() -> impl IntoView {
    let session = use_session();
    let toasts = use_toasts();
    let (saved, email) = session.viewer.with_untracked(|viewer| {
        viewer.as_ref().map(|viewer| (viewer.name.clone(), viewer.email.clone())).unwrap_or_default()
    });
    let saved = RwSignal::new(saved);
    let name = RwSignal::new(saved.get_untracked());
    let email = RwSignal::new(email);
    let unchanged = Signal::derive(move || name.with(|name| name.trim() == saved.get()));
    let rename = submission(
        |name: &String| api::accounts::Rename { name: name.clone() },
        move |name, ()| {
            session.viewer.update(|viewer| {
                if let Some(viewer) = viewer {
                    viewer.name.clone_from(&name);
                }
            });
            saved.set(name);
            toasts.show_success("Name saved.");
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        rename.send_validated(validation::name(&name.get()).map_err(|error| FieldErrors::of("name", error)));
    };
    view! {
        <form class="card section" on:submit=submit novalidate>
            <header>
                <h2>"Profile"</h2>
                <p>"Your display name."</p>
            </header>
            <div class="section-body">
                <FormError error=rename.error() fields=&["name"]/>
                <Field name="name" label="Name" autocomplete="name" value=name error=rename.field("name")/>
                <Field
                    name="email"
                    label="Email"
                    kind="email"
                    autocomplete="username"
                    value=email
                    disabled=true
                    hint="You sign in with this address. It can't be changed here."
                />
            </div>
            <footer>
                <Button style=ButtonStyle::Primary submit=true pending=rename.pending() disabled=unchanged>"Save name"</Button>
            </footer>
        </form>
    }
}
