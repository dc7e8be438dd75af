//! Which page is shown at which address, and to whom.

use domain::{
    accounts::{Membership, Viewer, Welcome},
    errors::ApiError,
};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::{
    addresses::{Address, Page, Part, Query, safe_next},
    api,
    components::{ErrorView, ToastRegion, Toasts},
    layout::{Arriving, Bare, Shell},
    pages::NotFound,
    parts::NotLoaded,
    state::{
        self, Clock, Connection, Location, Session, SingleKeys, ThemeChoice, use_go, use_location, use_session, watch,
    },
};

/// Replaces the page's painted shell by the dashboard.
pub fn mount() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    // Leptos brings its own way to wait only once it is mounted.
    spawn_local(async {
        let welcome = start().await;
        if let Some(painted) = document().get_element_by_id("shell") {
            painted.remove();
        }
        match welcome {
            Ok(welcome) => mount_to_body(move || view! { <Dashboard welcome/> }),
            Err(error) => mount_to_body(move || {
                let reload = || {
                    let _ = window().location().reload();
                };
                view! { <Bare><ErrorView error on_retry=reload/></Bare> }
            }),
        }
    });
}

/// Finds out who is there and goes where they belong, with the code for it: the server sends it along.
async fn start() -> Result<Welcome, ApiError> {
    let welcome = match state::welcome() {
        Some(welcome) => welcome,
        None => state::ask(&api::accounts::WelcomeQuestion {}).await?,
    };
    let bar = window().location();
    let (mut path, search) = (bar.pathname().unwrap_or_default(), bar.search().unwrap_or_default());
    if let Some(target) = redirect(Address::parse(&path).as_ref(), welcome.viewer.as_ref(), &path, &search)
        && let Ok(history) = window().history()
        && history.replace_state_with_url(&JsValue::NULL, "", Some(&target)).is_ok()
    {
        path = bar.pathname().unwrap_or_default();
    }
    if let Some(address) = Address::parse(&path) {
        address.part().load().await.map_err(|NotLoaded| ApiError::Offline)?;
    }
    Ok(welcome)
}

#[component]
fn Dashboard(welcome: Welcome) -> impl IntoView {
    Location::provide();
    state::report_activity(Session::provide(welcome));
    Clock::provide();
    Connection::provide();
    ThemeChoice::provide();
    SingleKeys::provide();
    Toasts::provide();
    view! {
        <Pages/>
        <Arriving/>
        <ToastRegion/>
    }
}

/// What stands around a page. It stays while one goes from page to page within it.
#[derive(Clone, PartialEq)]
enum Frame {
    /// On the way to another address.
    Leaving,
    SignIn,
    SignUp,
    Organization(Membership),
    Nowhere,
}

#[component]
fn Pages() -> impl IntoView {
    let session = use_session();
    let location = use_location();
    let go = use_go();
    let address = Memo::new(move |_| location.path.with(|path| Address::parse(path)));
    let target = Memo::new(move |_| {
        session.viewer.with(|viewer| {
            let (path, search) = (location.path.get(), location.search.get());
            redirect(address.get().as_ref(), viewer.as_ref(), &path, &search)
        })
    });
    watch(move || {
        if let Some(target) = target.get() {
            go.replace(target);
        }
    });
    let frame = Memo::new(move |before: Option<&Frame>| {
        if target.with(Option::is_some) {
            // A form stays until what is behind it has come; what only members see doesn't.
            let form = before.filter(|frame| matches!(frame, Frame::SignIn | Frame::SignUp));
            return form.cloned().unwrap_or(Frame::Leaving);
        }
        session.viewer.with(|viewer| frame(address.get(), viewer.as_ref()))
    });
    let page = Memo::new(move |_| address.with(|address| Some(address.as_ref()?.within()?.1)));
    let part = Memo::new(move |_| address.with(|address| address.as_ref().map(Address::part)));
    watch(move || {
        if let Some((slug, _)) = address.get().as_ref().and_then(Address::within) {
            remember(session, slug.to_owned());
        }
    });
    move || match frame.get() {
        Frame::Leaving => ().into_any(),
        Frame::SignIn => Part::SignIn.show(),
        Frame::SignUp => Part::SignUp.show(),
        Frame::Organization(membership) => view! { <Shell membership page part/> }.into_any(),
        Frame::Nowhere => view! { <Bare><NotFound/></Bare> }.into_any(),
    }
}

/// Where somebody is sent who can't stay at this address.
fn redirect(address: Option<&Address>, viewer: Option<&Viewer>, path: &str, search: &str) -> Option<String> {
    let search = if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) };
    match (address?, viewer) {
        (Address::SignIn | Address::SignUp, None) => None,
        (_, None) => {
            let here = format!("{path}{search}");
            let next = (here != "/").then_some(here);
            Some(Query::default().with("next", next).on("/sign-in"))
        }
        (Address::SignIn | Address::SignUp, Some(viewer)) => {
            let query = Query::parse(&search);
            let next = query.text("next").and_then(safe_next).map(str::to_owned);
            Some(next.unwrap_or_else(|| home(viewer).map_or_else(account, |home| Page::Overview.path(&home.slug))))
        }
        (Address::Last(page), Some(viewer)) => {
            Some(home(viewer).map_or_else(account, |home| format!("{}{search}", page.path(&home.slug))))
        }
        (Address::Account | Address::Organization(..) | Address::ApiKey(..), Some(_)) => None,
    }
}

fn account() -> String {
    "/account".to_owned()
}

fn frame(address: Option<Address>, viewer: Option<&Viewer>) -> Frame {
    let membership = match (&address, viewer) {
        (Some(Address::SignIn), _) => return Frame::SignIn,
        (Some(Address::SignUp), _) => return Frame::SignUp,
        (Some(Address::Account), Some(viewer)) => home(viewer),
        (Some(address), Some(viewer)) => {
            address.within().and_then(|(slug, _)| viewer.memberships.iter().find(|membership| membership.slug == slug))
        }
        _ => None,
    };
    membership.cloned().map_or(Frame::Nowhere, Frame::Organization)
}

/// The organization that was looked at last, or else any.
fn home(viewer: &Viewer) -> Option<&Membership> {
    let last = viewer.last_organization.as_ref();
    viewer.memberships.iter().find(|membership| Some(&membership.slug) == last).or_else(|| viewer.memberships.first())
}

/// Keeps in mind which organization was looked at last; the server does so by itself.
fn remember(session: Session, slug: String) {
    session.viewer.update(|viewer| {
        if let Some(viewer) = viewer {
            viewer.last_organization = Some(slug);
        }
    });
}
