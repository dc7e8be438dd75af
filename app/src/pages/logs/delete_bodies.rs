use domain::{
    bodies::BodyDeletion,
    calls::{CallQuery, SearchNames},
    ids::CallId,
    permissions::{Permission, Reach},
    projects::ProjectRef,
};
use leptos::prelude::*;

use super::{controls::describe_range, narrowing::describe};
use crate::{
    addresses::{CodePart, LogsAddress},
    api,
    components::{Button, ButtonStyle, Dialog, Field, FormError, Icon, IconView, focus_if_removed, zone_name},
    layout::LazyPart,
    lean::{CollectAny, When, watch},
    pages::usage::plural,
    state::{CurrentOrganization, now, submission, use_organization},
};

/// The word that has to be typed before anything is deleted.
const CONFIRMATION: &str = "delete";

/// The page's calls and whether the dialog is open, for its code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct DeletionContext {
    address: Memo<LogsAddress>,
    open: RwSignal<bool>,
}

/// A button that deletes the stored requests and responses of the page's calls, such as those of a person who asks for it.
#[component]
pub(super) fn DeleteBodies(address: Memo<LogsAddress>) -> impl IntoView {
    let reach = use_organization().reach(Permission::ManageSettings);
    let open = RwSignal::new(false);
    provide_context(DeletionContext { address, open });
    reach.is_some_and(Reach::is_organization_wide).then(|| {
        view! {
            <button type="button" class="button" aria-haspopup="dialog" on:click=move |_| open.set(true)>
                <IconView icon=Icon::Revoke/>
                <span class="button-text">"Delete bodies"</span>
            </button>
            <LazyPart part=CodePart::BodyDeletion wanted=open on_failed=move || open.set(false)/>
        }
    })
}

/// The dialog, for the [`DeletionContext`] in the context. Each time it opens, it is about the calls of that moment.
#[component]
pub fn BodyDeletionDialog() -> impl IntoView {
    let DeletionContext { open, .. } = expect_context();
    view! {
        <Dialog open title="Delete requests and responses?" on_close=move || open.set(false)>
            <Deletion/>
        </Dialog>
    }
}

/// Asks for confirmation, and deletes step by step until all is done or the dialog is closed.
#[component]
fn Deletion() -> impl IntoView {
    let DeletionContext { address, open } = expect_context();
    let organization = use_organization();
    // The calls until now: later ones aren't what was looked at.
    let query = address.with_untracked(|address| {
        let query = address.calls(None);
        CallQuery { to: Some(query.to.map_or(now(), |to| to.min(now()))), ..query }
    });
    let facts = facts(&address.get_untracked(), organization);
    let query = StoredValue::new(query);
    let deleted = RwSignal::new(0_u64);
    let rest = RwSignal::new(None::<CallId>);
    let (is_running, is_done) = (RwSignal::new(false), RwSignal::new(false));
    let step = submission(
        move |before: &Option<CallId>| api::bodies::Delete {
            organization: organization.slug(),
            query: CallQuery { before: *before, ..query.get_value() },
        },
        move |_, deletion: BodyDeletion| {
            deleted.update(|deleted| *deleted += deletion.deleted);
            is_done.set(deletion.rest.is_none());
            is_running.update(|running| *running &= deletion.rest.is_some());
            rest.set(deletion.rest);
            // Its button is gone when all is done.
            focus_if_removed("dialog[open] > footer button");
        },
    );
    watch(move || {
        if let (Some(before), true) = (rest.get(), is_running.get()) {
            step.send(Some(before));
        }
    });
    let start = move || {
        is_running.set(true);
        if rest.get_untracked().is_none() {
            step.send(None);
        }
    };
    let typed = RwSignal::new(String::new());
    let is_unconfirmed = Signal::derive(move || typed.with(|typed| !typed.trim().eq_ignore_ascii_case(CONFIRMATION)));
    let is_pending = Signal::derive(move || is_running.get() && step.error().with(Option::is_none));
    let status = move || {
        let calls = plural(i64::try_from(deleted.get()).unwrap_or(i64::MAX), "call");
        match (is_done.get(), is_running.get()) {
            (true, _) => format!("Done: the requests and responses of {calls} were deleted."),
            (false, true) => format!("Deleted those of {calls} so far. Keep this open until it is done."),
            (false, false) => String::new(),
        }
    };
    let close = move || open.set(false);
    let facts = StoredValue::new(facts);
    let fact = |(name, value): (&'static str, String)| view! { <dt>{name}</dt> <dd>{value}</dd> };
    view! {
        <div class="dialog-body">
            <FormError error=step.error() fields=&[]/>
            <p>
                "Deletes the stored requests and responses of all calls in this time range that match the filters. "
                "Calls, usage and costs stay. This can’t be undone."
            </p>
            <dl class="facts">{facts.get_value().into_iter().map(fact).collect_any()}</dl>
            <When when=move || !is_done.get()>
                <Field name="confirmation" label=format!("Type {CONFIRMATION} to confirm") value=typed/>
            </When>
            <p role="status">{status}</p>
        </div>
        <footer>
            <Button on_press=close>{move || if is_done.get() { "Close" } else { "Cancel" }}</Button>
            <When when=move || !is_done.get()>
                <Button style=ButtonStyle::Danger pending=is_pending disabled=is_unconfirmed on_press=start>"Delete"</Button>
            </When>
        </footer>
    }
}

/// Which calls are meant.
fn facts(address: &LogsAddress, organization: CurrentOrganization) -> Vec<(&'static str, String)> {
    let filters = untrack(|| {
        let projects = organization.projects.with(|projects| {
            let projects = projects.into_iter().flatten();
            projects.map(|project| ProjectRef { id: project.id, name: project.name.clone() }).collect()
        });
        let names = SearchNames { projects, ..SearchNames::default() };
        describe(&address.search(), &names)
    });
    let filters = if filters.is_empty() { "None: all calls".to_owned() } else { filters };
    let zone = address.time_zone.clone().unwrap_or_else(|| organization.time_zone());
    vec![("Time range", describe_range(address, &zone)), ("Time zone", zone_name(&zone)), ("Filters", filters)]
}
