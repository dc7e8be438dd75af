use domain::{
    calls::CallDetails,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::outcome::{StatusBadge, cost_text, duration_text};
use crate::{
    addresses::{KeyAddress, LogsAddress},
    components::{Name, TimeStyle, format_moment},
    state::{CurrentOrganization, use_organization},
};

/// What matters of a call: status, model, cost, time and key.
#[component]
pub(super) fn Summary(details: CallDetails, zone: String) -> impl IntoView {
    let organization = use_organization();
    let key = details.call.api_key.clone().map(|key| {
        let address = key_address(organization, &details);
        view! {
            <a href=address><Name name=key.name/></a>
            <span class="sub mono">{key.masked}</span>
        }
    });
    let call = details.call;
    let code = (!call.error_code.is_empty()).then(|| view! { <code>{call.error_code.clone()}</code> });
    let model = if call.model.is_empty() { "Unknown model".to_owned() } else { call.model.clone() };
    let (cost, duration) = (cost_text(&call), duration_text(&call));
    let at = call.started_at;
    // To the millisecond: `17 Nov 2026, 14:32:07.412 CET`.
    let second = format_moment(at, &zone, TimeStyle::Second);
    let millisecond = format!("{second}.{:03}", at.millis().rem_euclid(1000));
    let time = format_moment(at, &zone, TimeStyle::Exact).replace(&second, &millisecond);
    view! {
        <p class="call-result">
            <StatusBadge status=call.known_status() outcome=call.outcome times=call.times/>
            <span>{call.outcome.label()}</span>
            {code}
        </p>
        <p class="call-model"><Name name=model/></p>
        <dl class="call-summary">
            <div><dt>"Cost"</dt> <dd>{cost}</dd></div>
            <div><dt>"Duration"</dt> <dd>{duration}</dd></div>
            <div><dt>"Time"</dt> <dd><time datetime=at.to_string() title=at.to_string()>{time}</time></dd></div>
            <div><dt>"Key"</dt> <dd>{key.map_or_else(|| "Unknown key".into_any(), IntoAny::into_any)}</dd></div>
        </dl>
    }
}

/// The address of the page of the call's key, or of the key's calls for members who may not open that page.
fn key_address(organization: CurrentOrganization, details: &CallDetails) -> String {
    let (slug, id) = (organization.slug(), details.call.api_key.as_ref().map(|key| key.id));
    match id.filter(|_| may_open_key(organization, details)) {
        Some(id) => KeyAddress::new(id).href(&slug),
        None => {
            let mut address = LogsAddress::default();
            address.filter.api_keys.extend(id);
            address.href(&slug)
        }
    }
}

/// Whether the member may open the page of the call's key.
pub(super) fn may_open_key(organization: CurrentOrganization, details: &CallDetails) -> bool {
    let reach = organization.reach(Permission::ViewApiKeys);
    reach.is_some_and(Reach::is_organization_wide) || reach.is_some() && details.is_own_key
}
