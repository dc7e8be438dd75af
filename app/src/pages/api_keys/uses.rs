//! Recent uses of keys: the programs that break when the keys are revoked.

use domain::{
    api_keys::{ApiKey, KeyClient, MAX_CLIENTS_SHOWN, RecentUse},
    ids::ApiKeyId,
};
use leptos::prelude::*;

use super::refresh::follow_uses;
use crate::{
    api,
    components::{AsyncView, Name, Notice, Skeleton, Time, Tone},
    lean::CollectAny,
    pages::usage::plural,
    state::{QueryState, load, use_organization},
};

/// Loads the uses of these keys in the last 24 hours, and reloads them at live updates.
pub(super) fn recent_uses(keys: &[ApiKey]) -> QueryState<Vec<RecentUse>> {
    let organization = use_organization();
    let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.id).collect();
    let uses = load(move || api::api_keys::RecentUseRequest { organization: organization.slug(), ids: ids.clone() });
    follow_uses(move || uses.refresh());
    uses
}

/// The list of programs that used the keys.
#[component]
pub(super) fn RecentUses(answer: QueryState<Vec<RecentUse>>) -> impl IntoView {
    view! {
        <AsyncView answer skeleton=|| view! { <Skeleton lines=2/> } let:uses>
            {move || uses.with(|uses| summary(uses))}
        </AsyncView>
    }
}

fn summary(uses: &[RecentUse]) -> AnyView {
    let is_used = |used: &&RecentUse| used.calls > 0 || !used.clients.is_empty();
    let mut used: Vec<_> = uses.iter().filter(is_used).collect();
    used.sort_by_key(|used| std::cmp::Reverse(used.calls));
    let (one, calls) = (uses.len() == 1, used.iter().map(|used| used.calls).sum());
    if used.is_empty() {
        let nothing = if one { "Not used in the last 24 hours." } else { "None were used in the last 24 hours." };
        return view! { <Notice tone=Tone::Good>{nothing}</Notice> }.into_any();
    }
    let head = if one {
        format!("{} in the last 24 hours, from:", plural(calls, "call"))
    } else {
        let count = i64::try_from(used.len()).unwrap_or(i64::MAX);
        format!("{} in the last 24 hours, with {}:", plural(calls, "call"), plural(count, "key"))
    };
    let rows = used.into_iter().map(|used| key_row(used, one)).collect_any();
    view! {
        <div class="recent-uses">
            <p><b>{head}</b></p>
            // Focusable, so that a long list can be scrolled by keyboard.
            <ul role="list" tabindex="0" aria-label="Clients">{rows}</ul>
        </div>
    }
    .into_any()
}

fn key_row(used: &RecentUse, is_only_key: bool) -> AnyView {
    let name = (!is_only_key).then(|| {
        view! {
            <p class="used-key">
                <b><Name name=used.name.clone()/></b>
                " "
                <span class="mono faint">{used.masked.clone()}</span>
                " "
                <span>{plural(used.calls, "call")}</span>
            </p>
        }
    });
    let clients = used.clients.iter().cloned().map(client_row).collect_any();
    let more = (used.clients.len() >= MAX_CLIENTS_SHOWN)
        .then(|| view! { <p class="faint">"Only the latest clients are listed."</p> });
    let unknown = used.clients.is_empty().then(|| view! { <p class="faint">"Clients unknown."</p> });
    view! { <li>{name} {clients} {more} {unknown}</li> }.into_any()
}

fn client_row(KeyClient { ip, agent, last_used_at }: KeyClient) -> AnyView {
    let agent = if agent.is_empty() { "Unknown client".to_owned() } else { agent };
    view! {
        <div class="used-by">
            <span class="used-agent" title=agent.clone()>{agent.clone()}</span>
            <span class="mono faint">{ip}</span>
            <Time at=last_used_at/>
        </div>
    }
    .into_any()
}
