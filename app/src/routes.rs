//! Routes: shows the page of an address, or redirects visitors who can't see it.

use domain::{
    accounts::{Membership, Viewer, Welcome},
    errors::ApiError,
};
use gloo_timers::future::sleep;
use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::{
    addresses::{Address, CodePart, Page, Query, safe_next},
    api,
    code_parts::{self, NotLoaded},
    components::{ErrorView, ToastRegion, Toasts},
    layout::{NavigationStatus, NotFound, PlainFrame, Shell},
    lean::watch,
    parts,
    state::{
        self, Connection, CurrentSession, Location, PageClock, SingleKeys, ThemeChoice, use_go, use_location,
        use_session,
    },
};

/// Replaces the page's painted shell with the dashboard.
pub fn mount() {
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    code_parts::set_fetcher(parts::fetch);
    // Leptos sets up its own executor only when it is mounted.
    spawn_local(async {
        let mut delays = state::retry_delays();
        let mut failure = None;
        let welcome = loop {
            let error = match start().await {
                Ok(welcome) => break welcome,
                Err(error) => error,
            };
            failure.get_or_insert_with(|| show_failure(error));
            sleep(delays.next().unwrap_or_default()).await;
        };
        drop(failure);
        remove_painted_shell();
        mount_to_body(move || view! { <Dashboard welcome/> });
    });
}

/// Shows why the dashboard doesn't start, until the returned value is dropped.
fn show_failure(error: ApiError) -> Option<impl Sized> {
    let reload = || {
        let _ = window().location().reload();
    };
    remove_painted_shell();
    let view = move || view! { <PlainFrame><ErrorView error on_retry=reload/></PlainFrame> };
    document().body().map(|body| mount_to(body, view))
}

fn remove_painted_shell() {
    if let Some(painted) = document().get_element_by_id("shell") {
        painted.remove();
    }
}

/// Loads the signed-in user, redirects if needed, and loads the page's code, which the server sends along.
async fn start() -> Result<Welcome, ApiError> {
    let welcome = match state::welcome() {
        Some(welcome) => welcome,
        None => state::query(&api::accounts::WelcomeRequest {}).await?,
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
    state::report_activity(CurrentSession::provide(welcome));
    PageClock::provide();
    Connection::provide();
    ThemeChoice::provide();
    SingleKeys::provide();
    Toasts::provide();
    view! {
        <Pages/>
        <NavigationStatus/>
        <ToastRegion/>
    }
}

/// The frame around a page. It stays while the user moves between pages within it.
#[derive(Clone, PartialEq)]
enum Frame {
    /// Nothing, during a redirect to another address.
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
    let frame = Memo::new(move |previous: Option<&Frame>| {
        if target.with(Option::is_some) {
            // A form stays until the next page has loaded; pages that only members see disappear at once.
            let form = previous.filter(|frame| matches!(frame, Frame::SignIn | Frame::SignUp));
            return form.cloned().unwrap_or(Frame::Leaving);
        }
        session.viewer.with(|viewer| location.path.with(|path| frame(path, address.get().as_ref(), viewer.as_ref())))
    });
    let page = Memo::new(move |_| address.with(|address| Some(address.as_ref()?.location()?.1)));
    let part = Memo::new(move |_| address.with(|address| address.as_ref().map(Address::part)));
    watch(move || {
        if let Some((slug, _)) = address.get().as_ref().and_then(Address::location) {
            set_last_organization(session, slug.to_owned());
        }
    });
    move || match frame.get() {
        Frame::Leaving => ().into_any(),
        Frame::SignIn => CodePart::SignIn.show(),
        Frame::SignUp => CodePart::SignUp.show(),
        Frame::Organization(membership) => view! { <Shell membership page part/> }.into_any(),
        Frame::Nowhere => view! { <PlainFrame><NotFound/></PlainFrame> }.into_any(),
    }
}

/// Returns the address to redirect to, if the visitor can't stay at this one.
fn redirect(address: Option<&Address>, viewer: Option<&Viewer>, path: &str, search: &str) -> Option<String> {
    let search = if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) };
    match (address?, viewer) {
        (Address::SignIn | Address::SignUp, None) => None,
        (_, None) => {
            let current = format!("{path}{search}");
            let next = (current != "/").then_some(current);
            Some(Query::default().with("next", next).append_to("/sign-in"))
        }
        (Address::SignIn | Address::SignUp, Some(viewer)) => {
            let query = Query::parse(&search);
            let next = query.text("next").and_then(safe_next).map(str::to_owned);
            Some(next.unwrap_or_else(|| home(viewer).map_or_else(account, |home| Page::Overview.path(&home.slug))))
        }
        (Address::Last(page), Some(viewer)) => {
            Some(home(viewer).map_or_else(account, |home| format!("{}{search}", page.path(&home.slug))))
        }
        (Address::Account | Address::Organization(..) | Address::ApiKey(..) | Address::Call(..), Some(_)) => None,
    }
}

fn account() -> String {
    "/account".to_owned()
}

fn frame(path: &str, address: Option<&Address>, viewer: Option<&Viewer>) -> Frame {
    let membership = match (address, viewer) {
        (Some(Address::SignIn), _) => return Frame::SignIn,
        (Some(Address::SignUp), _) => return Frame::SignUp,
        (Some(Address::Account), Some(viewer)) => home(viewer),
        // Also at addresses without a page, the organization's menus stay.
        (_, Some(viewer)) => Address::organization_in(path)
            .and_then(|slug| viewer.memberships.iter().find(|membership| membership.slug == slug)),
        (_, None) => None,
    };
    membership.cloned().map_or(Frame::Nowhere, Frame::Organization)
}

/// The organization that was visited last, or else the first.
fn home(viewer: &Viewer) -> Option<&Membership> {
    let last = viewer.last_organization.as_ref();
    viewer.memberships.iter().find(|membership| Some(&membership.slug) == last).or_else(|| viewer.memberships.first())
}

/// Records in the session which organization was visited last; the server records it on its own.
fn set_last_organization(session: CurrentSession, slug: String) {
    session.viewer.update(|viewer| {
        if let Some(viewer) = viewer {
            viewer.last_organization = Some(slug);
        }
    });
}
