use domain::{accounts::Session, ids::SessionId};
use leptos::prelude::*;

use crate::{
    api,
    components::{AsyncView, Badge, Button, Column, Confirm, DataTable, Look, Place, Skeleton, Time, Tone, use_toasts},
    state::{Act, act, load, watch},
};

#[component]
pub(super) fn SessionsSection() -> impl IntoView {
    let toasts = use_toasts();
    let sessions = load(|| api::accounts::Sessions {});
    let asking = RwSignal::new(false);
    let end = act(
        |id: &SessionId| api::accounts::EndSession { id: *id },
        move |_, ()| {
            sessions.refresh();
            toasts.done("Session ended.");
        },
    );
    let end_others = act(
        |()| api::accounts::EndOtherSessions {},
        move |(), ()| {
            asking.set(false);
            sessions.refresh();
            toasts.done("All other sessions ended.");
        },
    );
    watch(move || {
        if let Some(error) = end.error().get().or_else(|| end_others.error().get()) {
            toasts.failed(&error);
        }
    });
    let alone = Signal::derive(move || sessions.with(|sessions| sessions.is_none_or(|sessions| sessions.len() < 2)));
    view! {
        <section class="card section wide">
            <header>
                <h2>"Sessions"</h2>
                <p>"The browsers you are signed in with. End those you don't know, and change your password."</p>
            </header>
            <AsyncView answer=sessions skeleton=|| view! { <Skeleton lines=2/> } let:rows>
                <DataTable caption="Sessions" columns=columns(end) rows=move || rows.get()/>
            </AsyncView>
            <footer>
                <Button disabled=alone on_press=move || asking.set(true)>"End all others"</Button>
            </footer>
        </section>
        <Confirm
            open=asking
            title="End all other sessions?"
            action="End them"
            pending=end_others.pending()
            on_confirm=move || end_others.send(())
            on_close=move || asking.set(false)
        >
            <p>"Every browser but this one is signed out at once. What was being typed there may be lost."</p>
        </Confirm>
    }
}

fn columns(end: Act<SessionId>) -> Vec<Column<Session>> {
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
                    <Button look=Look::Quiet pending=end.pending() on_press=move || end.send(id)>"End"</Button>
                }
            })
        })
        .at(Place::Act),
    ]
}
