//! A call's own page, whose address can be given to others.

use domain::ids::CallId;
use leptos::prelude::*;

use super::{call_content::CallContent, open_call::PanelCall};
use crate::{
    addresses::{Address, LogsAddress, Page},
    api,
    components::{PageHead, ZoneNote},
    state::{load, use_location, use_organization, use_project, use_zone},
};

/// The page of the call that the address names.
#[component]
pub fn CallPage() -> impl IntoView {
    let path = use_location().path;
    let call = Memo::new(move |before: Option<&Option<_>>| match path.with(|path| Address::parse(path)) {
        Some(Address::Call(_, id)) => Some(id),
        // While another page loads, this one stays as it is.
        _ => before.copied().flatten(),
    });
    move || call.get().map(|id| view! { <OneCall id/> })
}

#[component]
fn OneCall(id: CallId) -> impl IntoView {
    let (organization, project) = (use_organization(), use_project());
    let details = load(move || api::calls::Get { organization: organization.slug(), id });
    provide_context(PanelCall { details, zone: use_zone() });
    // The list with this call open, and the calls of an hour before and after.
    let around = move || {
        let start = details.with(|details| details.map(|details| details.call.started_at));
        let (from, to) = (start.map(|start| start.plus_minutes(-60)), start.map(|start| start.plus_minutes(60)));
        LogsAddress { from, to, call: Some(id), ..LogsAddress::default() }.href(&organization.slug())
    };
    view! {
        <PageHead
            title="Call"
            back=(Signal::derive(move || Page::Logs.href(&organization.slug(), project.get())), Page::Logs.label())
            secondary=move || view! { <a class="button" href=around>"Show in the log"</a> }
        />
        <div class="card call-page">
            <h2 class="visually-hidden">"Details"</h2>
            <CallContent/>
        </div>
        <ZoneNote/>
    }
}
