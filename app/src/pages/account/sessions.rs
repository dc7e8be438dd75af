use domain::{
    accounts::{Confirmation, Session},
    ids::SessionId,
};
use leptos::{ev, prelude::*};

use crate::{
    api,
    components::{
        AsyncView, Badge, Button, ButtonStyle, CardPosition, Column, DataTable, Dialog, Field, FormError, Skeleton,
        Time, Tone, use_toasts, zone_name,
    },
    state::{browser_time_zone, load, submission},
};

/// Sessions that the dialog is about to end.
#[derive(Clone, Copy, Eq, PartialEq)]
enum SessionsToEnd {
    One(SessionId),
    Others,
}

#[component]
pub(super) fn SessionsSection() -> impl IntoView {
    let sessions = load(|| api::accounts::Sessions {});
    let to_end = RwSignal::new(None);
    let no_others =
        Signal::derive(move || sessions.with(|sessions| sessions.is_none_or(|sessions| sessions.len() < 2)));
    let on_ended = Callback::new(move |()| {
        to_end.set(None);
        sessions.refresh();
    });
    view! {
        <section class="card section wide">
            <header>
                <h2>"Sessions"</h2>
                <p>
                    "Where you are signed in. Sign out sessions you don't recognize, then change your password. Times are in this
                    browser's time zone, " {zone_name(&browser_time_zone())} "."
                </p>
            </header>
            <AsyncView answer=sessions skeleton=|| view! { <Skeleton lines=2/> } let:rows>
                <DataTable caption="Sessions" columns=columns(to_end) rows=move || rows.get()/>
            </AsyncView>
            <footer>
                <Button disabled=no_others on_press=move || to_end.set(Some(SessionsToEnd::Others))>"Sign out all others"</Button>
            </footer>
        </section>
        <Dialog
            open=Signal::derive(move || to_end.get().is_some())
            title=Signal::derive(move || {
                let one = matches!(to_end.get(), Some(SessionsToEnd::One(_)));
                if one { "Sign out this session?" } else { "Sign out all other sessions?" }.to_owned()
            })
            on_close=move || to_end.set(None)
        >
            {move || to_end.get_untracked().map(|sessions| view! { <Form sessions on_ended on_close=move || to_end.set(None)/> })}
        </Dialog>
    }
}

/// Asks for the password, so that a stranger at an open browser can't end the owner's other sessions.
#[component]
fn Form(sessions: SessionsToEnd, on_ended: Callback<()>, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let password = RwSignal::new(String::new());
    let confirmation = move || Confirmation { password: password.get_untracked() };
    let end_one = submission(
        move |id: &SessionId| api::accounts::EndSession { id: *id, confirmation: confirmation() },
        move |_, ()| {
            on_ended.run(());
            toasts.show_success("Session signed out.");
        },
    );
    let end_others = submission(
        move |()| api::accounts::EndOtherSessions { confirmation: confirmation() },
        move |(), ()| {
            on_ended.run(());
            toasts.show_success("All other sessions signed out.");
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match sessions {
            SessionsToEnd::One(id) => end_one.send(id),
            SessionsToEnd::Others => end_others.send(()),
        }
    };
    let (error, password_error, pending) = match sessions {
        SessionsToEnd::One(_) => (end_one.error(), end_one.field("password"), end_one.pending()),
        SessionsToEnd::Others => (end_others.error(), end_others.field("password"), end_others.pending()),
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p>"Signing in again will need the password. Unsaved text there may be lost."</p>
                <FormError error fields=&["password"]/>
                <Field
                    name="password"
                    label="Your password"
                    kind="password"
                    autocomplete="current-password"
                    value=password
                    error=password_error
                    autofocus=true
                />
            </div>
            <footer>
                <Button on_press=on_close>"Cancel"</Button>
                <Button style=ButtonStyle::Danger submit=true pending>"Sign out"</Button>
            </footer>
        </form>
    }
}

fn columns(to_end: RwSignal<Option<SessionsToEnd>>) -> Vec<Column<Session>> {
    vec![
        Column::new("Device", |session: &Session| {
            view! {
                <b class="name">{session.device.clone()}</b>
                {session.current.then(|| view! { <Badge tone=Tone::Good>"This browser"</Badge> })}
            }
        })
        .at(CardPosition::Title),
        Column::new("IP address", |session: &Session| view! { <span class="mono">{session.ip.clone()}</span> }),
        Column::new("Last active", |session: &Session| view! { <Time at=session.last_active_at zone=browser_time_zone()/> }),
        Column::new("Signed in", |session: &Session| view! { <Time at=session.created_at zone=browser_time_zone()/> }),
        Column::new("Sign out", move |session: &Session| {
            let id = session.id;
            (!session.current).then(|| {
                view! {
                    <Button style=ButtonStyle::Quiet on_press=move || to_end.set(Some(SessionsToEnd::One(id)))>"Sign out"</Button>
                }
            })
        })
        .at(CardPosition::Action),
    ]
}
