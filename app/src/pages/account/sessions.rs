use domain::{
    accounts::{Confirmation, Session},
    ids::SessionId,
};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{
        AsyncView, Badge, Button, Column, DataTable, Dialog, Field, FormError, Look, Place, Skeleton, Time, Tone,
        use_toasts,
    },
    state::{act, load},
};

/// What is to be ended.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Which {
    One(SessionId),
    Others,
}

#[component]
pub(super) fn SessionsSection() -> impl IntoView {
    let sessions = load(|| api::accounts::Sessions {});
    let asking = RwSignal::new(None);
    let alone = Signal::derive(move || sessions.with(|sessions| sessions.is_none_or(|sessions| sessions.len() < 2)));
    let ended = Callback::new(move |()| {
        asking.set(None);
        sessions.refresh();
    });
    view! {
        <section class="card section wide">
            <header>
                <h2>"Sessions"</h2>
                <p>"The browsers you are signed in with. End those you don't know, and change your password."</p>
            </header>
            <AsyncView answer=sessions skeleton=|| view! { <Skeleton lines=2/> } let:rows>
                <DataTable caption="Sessions" columns=columns(asking) rows=move || rows.get()/>
            </AsyncView>
            <footer>
                <Button disabled=alone on_press=move || asking.set(Some(Which::Others))>"End all others"</Button>
            </footer>
        </section>
        <Dialog
            open=Signal::derive(move || asking.get().is_some())
            title=Signal::derive(move || {
                let one = matches!(asking.get(), Some(Which::One(_)));
                if one { "End this session?" } else { "End all other sessions?" }.to_owned()
            })
            on_close=move || asking.set(None)
        >
            {move || asking.get_untracked().map(|which| view! { <Form which ended close=move || asking.set(None)/> })}
        </Dialog>
    }
}

/// Asks for the password: who finds a browser open can't keep its owner from ending that session elsewhere.
#[component]
fn Form(which: Which, ended: Callback<()>, #[prop(into)] close: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let password = RwSignal::new(String::new());
    let confirmation = move || Confirmation { password: password.get_untracked() };
    let one = act(
        move |id: &SessionId| api::accounts::EndSession { id: *id, confirmation: confirmation() },
        move |_, ()| {
            ended.run(());
            toasts.done("Session ended.");
        },
    );
    let others = act(
        move |()| api::accounts::EndOtherSessions { confirmation: confirmation() },
        move |(), ()| {
            ended.run(());
            toasts.done("All other sessions ended.");
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match which {
            Which::One(id) => one.send(id),
            Which::Others => others.send(()),
        }
    };
    let (error, wrong, pending) = match which {
        Which::One(_) => (one.error(), one.field("password"), one.pending()),
        Which::Others => (others.error(), others.field("password"), others.pending()),
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p>"What is signed out has to sign in again; what was being typed there may be lost."</p>
                <FormError error fields=&["password"]/>
                <Field
                    name="password"
                    label="Your password"
                    kind="password"
                    autocomplete="current-password"
                    value=password
                    error=wrong
                    autofocus=true
                />
            </div>
            <footer>
                <Button on_press=close>"Cancel"</Button>
                <Button look=Look::Danger submit=true pending>"End"</Button>
            </footer>
        </form>
    }
}

fn columns(asking: RwSignal<Option<Which>>) -> Vec<Column<Session>> {
    vec![
        Column::new("Device", |session: &Session| {
            view! {
                <b class="name">{session.device.clone()}</b>
                {session.current.then(|| view! { <Badge tone=Tone::Good>"This browser"</Badge> })}
            }
        })
        .at(Place::Title),
        Column::new("Address", |session: &Session| view! { <span class="mono">{session.ip.clone()}</span> }),
        Column::new("Last active", |session: &Session| view! { <Time at=session.last_active_at/> }),
        Column::new("Signed in", |session: &Session| view! { <Time at=session.created_at/> }),
        Column::new("End", move |session: &Session| {
            let id = session.id;
            (!session.current).then(|| {
                view! {
                    <Button look=Look::Quiet on_press=move || asking.set(Some(Which::One(id)))>"End"</Button>
                }
            })
        })
        .at(Place::Act),
    ]
}
