use domain::{
    calls::{CallDetails, RejectionRule},
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::summary::may_open_key;
use crate::{
    addresses::{KeyAddress, Page, Query},
    components::{CopyButton, Name},
    state::{CurrentOrganization, use_organization},
};

/// The place where something can be changed so that such calls are allowed.
#[derive(Clone, Copy, PartialEq)]
enum Remedy {
    /// The page of the call's key, for this.
    Key(&'static str),
    /// Another key.
    NewKey,
    /// The rate limits of projects and the organization.
    RateLimits,
    /// Nothing in the dashboard.
    None,
}

/// Why a call was rejected: the message that the client got, the model it asked for, the rule, and a link to what would
/// allow it.
#[component]
pub(super) fn RejectionSection(details: CallDetails) -> impl IntoView {
    let organization = use_organization();
    let model = details.call.model.clone();
    let model = if model.is_empty() {
        "Unknown: the call was rejected before its body was read".into_any()
    } else {
        view! { <Name name=model/> }.into_any()
    };
    let rejection = details.rejection.clone();
    let (reason, remedy) = explain(rejection.as_ref().map_or(RejectionRule::Other, |rejection| rejection.rule));
    let times = details.call.times;
    let repeated = (times > 1).then(|| {
        let text = format!("The first of {times} such calls within a minute.");
        view! { <p class="faint">{text}</p> }
    });
    let message = rejection.map(|rejection| {
        let copied = rejection.message.clone();
        view! {
            <header>
                <h3>"Message to the client"</h3>
                <CopyButton text=Signal::stored(copied) name="message" bare=true/>
            </header>
            <blockquote>{rejection.message}</blockquote>
        }
    });
    view! {
        <section class="call-rejection" aria-label="Why the call was rejected">
            {message}
            <dl>
                <dt>"Rejected by"</dt>
                <dd>{reason}</dd>
                <dt>"Requested model"</dt>
                <dd>{model}</dd>
            </dl>
            {repeated}
            {remedy_view(organization, &details, remedy)}
        </section>
    }
}

/// The rule as a sentence, and what can be done about it.
const fn explain(rule: RejectionRule) -> (&'static str, Remedy) {
    match rule {
        RejectionRule::Revoked => ("The key was revoked.", Remedy::NewKey),
        RejectionRule::Expired => ("The key's expiration.", Remedy::Key("Create a replacement on the key's page")),
        RejectionRule::Leaked => ("The key was disabled after a leak.", Remedy::NewKey),
        RejectionRule::Network => ("The key's allowed IPs.", Remedy::Key("Change the key's allowed IPs")),
        RejectionRule::Scope => ("The key's permissions.", Remedy::Key("Change the key's permissions")),
        RejectionRule::Level => ("The key's type, which can't have this permission.", Remedy::NewKey),
        RejectionRule::Model => ("The key's models.", Remedy::Key("Change the key's models")),
        RejectionRule::UnknownModel => ("No model of this name is available.", Remedy::None),
        RejectionRule::ArchivedProject => ("The key's project is archived.", Remedy::NewKey),
        RejectionRule::KeyRate => ("The key's rate limit.", Remedy::Key("Change the key's rate limits")),
        RejectionRule::ProjectRate => ("The project's rate limit.", Remedy::RateLimits),
        RejectionRule::OrganizationRate => ("The organization's rate limit.", Remedy::RateLimits),
        RejectionRule::Concurrency => ("The server's limit on simultaneous calls and uploads.", Remedy::None),
        RejectionRule::Request => ("The request is invalid.", Remedy::None),
        RejectionRule::Server => ("The server couldn't take the call.", Remedy::None),
        RejectionRule::Other => ("No explanation was recorded.", Remedy::None),
    }
}

/// The link to the remedy, or the sentence that says who can apply it.
fn remedy_view(organization: CurrentOrganization, details: &CallDetails, remedy: Remedy) -> Option<AnyView> {
    let slug = organization.slug();
    let link = match remedy {
        Remedy::None => return None,
        Remedy::Key(label) => {
            let key = details.call.api_key.as_ref().filter(|_| may_open_key(organization, details));
            key.map(|key| (label, KeyAddress::new(key.id).href(&slug)))
        }
        Remedy::NewKey => organization.may(Permission::ManageApiKeys).then(|| {
            let keys = Page::ApiKeys.path(&slug);
            ("Create a key", Query::default().with("new", Some("key")).append_to(&keys))
        }),
        Remedy::RateLimits => {
            let reach = organization.reach(Permission::ManageSettings);
            let settings = format!("{}#rate-limits", Page::Settings.path(&slug));
            reach.is_some_and(Reach::is_organization_wide).then_some(("Change rate limits in settings", settings))
        }
    };
    Some(match link {
        Some((label, href)) => view! { <p><a class="button" href=href>{label}</a></p> }.into_any(),
        None => view! { <p class="faint">"An admin or owner of the organization can change this."</p> }.into_any(),
    })
}
