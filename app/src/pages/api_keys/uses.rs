//! What used keys lately: what breaks when they end.

use domain::{
    api_keys::{ApiKey, Client, MOST_CLIENTS, RecentUse},
    ids::ApiKeyId,
};
use leptos::prelude::*;

use super::key::follow_uses;
use crate::{
    api,
    components::{AsyncView, CollectAny, Notice, Skeleton, Time, Tone},
    pages::usage::plural,
    state::{Answer, load, use_organization},
};

/// Asks what used these keys in the last 24 hours, and again whenever they may have been used since.
pub(super) fn recent_uses(keys: &[ApiKey]) -> Answer<Vec<RecentUse>> {
    let organization = use_organization();
    let ids: Vec<ApiKeyId> = keys.iter().map(|key| key.id).collect();
    let uses = load(move || api::api_keys::RecentUseQuestion { organization: organization.slug(), ids: ids.clone() });
    follow_uses(move || uses.refresh());
    uses
}

/// Names the programs that used them.
#[component]
pub(super) fn RecentUses(answer: Answer<Vec<RecentUse>>) -> impl IntoView {
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
        let nothing =
            if one { "Nothing used it in the last 24 hours." } else { "Nothing used them in the last 24 hours." };
        return view! { <Notice tone=Tone::Good>{nothing}</Notice> }.into_any();
    }
    let head = if one {
        format!("{} in the last 24 hours, by:", plural(calls, "call"))
    } else {
        let those = i64::try_from(used.len()).unwrap_or(i64::MAX);
        format!("{} in the last 24 hours, with {}:", plural(calls, "call"), plural(those, "key"))
    };
    let rows = used.into_iter().map(|used| of_key(used, one)).collect_any();
    view! {
        <div class="recent-uses">
            <p><b>{head}</b></p>
            // Scrolls where it is long, so it must be reachable by keyboard.
            <ul role="list" tabindex="0" aria-label="What used it">{rows}</ul>
        </div>
    }
    .into_any()
}

fn of_key(used: &RecentUse, alone: bool) -> AnyView {
    let name = (!alone).then(|| {
        view! { <p class="used-key"><b>{used.name.clone()}</b> <span class="mono faint">{used.masked.clone()}</span> <span>{plural(used.calls, "call")}</span></p> }
    });
    let clients = used.clients.iter().cloned().map(client).collect_any();
    let more =
        (used.clients.len() >= MOST_CLIENTS).then(|| view! { <p class="faint">"Only the latest are named."</p> });
    let unknown = used.clients.is_empty().then(|| view! { <p class="faint">"From where isn’t known."</p> });
    view! { <li>{name} {clients} {more} {unknown}</li> }.into_any()
}

fn client(Client { ip, agent, last_used_at }: Client) -> AnyView {
    let agent = if agent.is_empty() { "A program without a name".to_owned() } else { agent };
    view! {
        <div class="used-by">
            <span class="used-agent" title=agent.clone()>{agent.clone()}</span>
            <span class="mono faint">{ip}</span>
            <Time at=last_used_at/>
        </div>
    }
    .into_any()
}
