//! Recent uses of keys: the programs that break when a key is revoked.

use domain::{
    api_keys::{ApiKey, KeyClient, MAX_CLIENTS_SHOWN, RecentUse},
    ids::ApiKeyId,
};
use leptos::prelude::*;

use super::refresh::follow_uses;
use crate::{
    api,
    components::{AsyncView, Notice, Skeleton, Time, Tone},
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

/// The list of programs that used the key.
#[component]
pub(super) fn RecentUses(answer: QueryState<Vec<RecentUse>>) -> impl IntoView {
    view! {
        <AsyncView answer skeleton=|| view! { <Skeleton lines=2/> } let:uses>
            {move || uses.with(|uses| uses.iter().map(summary).collect_any())}
        </AsyncView>
    }
}

fn summary(used: &RecentUse) -> AnyView {
    if used.calls == 0 && used.clients.is_empty() {
        return view! { <Notice tone=Tone::Good>"Not used in the last 24 hours."</Notice> }.into_any();
    }
    let clients = used.clients.iter().cloned().map(client_row).collect_any();
    let more = (used.clients.len() >= MAX_CLIENTS_SHOWN)
        .then(|| view! { <p class="faint">"Only the latest clients are listed."</p> });
    let unknown = used.clients.is_empty().then(|| view! { <p class="faint">"Clients unknown."</p> });
    view! {
        <div class="recent-uses">
            <p><b>{plural(used.calls, "call")} " in the last 24 hours, from:"</b></p>
            // Focusable, so that a long list can be scrolled by keyboard.
            <ul role="list" tabindex="0" aria-label="Clients"><li>{clients} {more} {unknown}</li></ul>
        </div>
    }
    .into_any()
}

pub(super) fn client_row(KeyClient { ip, agent, last_used_at }: KeyClient) -> AnyView {
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
