//! The list of the keys that are about to be revoked together.

use domain::{
    api_keys::{ApiKey, RecentUse},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    components::Time,
    lean::{CollectAny, sorted_indices},
    pages::{api_keys::uses::client_row, usage::plural},
    state::QueryState,
};

/// All keys with their last use, the latest used first, and what used them in the last 24 hours.
#[component]
pub(super) fn KeysToRevoke(keys: Vec<ApiKey>, answer: QueryState<Vec<RecentUse>>) -> impl IntoView {
    // The keys are listed even if their recent use can't be loaded.
    move || answer.with(|uses| list(&keys, uses.map(Vec::as_slice)))
}

fn list(keys: &[ApiKey], uses: Option<&[RecentUse]>) -> AnyView {
    let head = uses.map_or_else(|| "Keys to revoke:".to_owned(), summary);
    let uses = uses.unwrap_or_default();
    let rows: Vec<_> = keys.iter().map(|key| (key, uses.iter().find(|used| used.id == key.id))).collect();
    let last_use = |index: usize| last_use(rows[index].0, rows[index].1);
    let order = sorted_indices(rows.len(), &|a, b| last_use(b).cmp(&last_use(a)));
    let rows = order.into_iter().map(|index| row(rows[index].0, rows[index].1)).collect_any();
    view! {
        <div class="recent-uses">
            <p><b>{head}</b></p>
            // Focusable, so that a long list can be scrolled by keyboard.
            <ul role="list" tabindex="0" aria-label="Keys to revoke">{rows}</ul>
        </div>
    }
    .into_any()
}

fn summary(uses: &[RecentUse]) -> String {
    let calls: i64 = uses.iter().map(|used| used.calls).sum();
    let used = uses.iter().filter(|used| used.calls > 0 || !used.clients.is_empty()).count();
    match i64::try_from(used).unwrap_or(i64::MAX) {
        0 => "None was used in the last 24 hours.".to_owned(),
        used => format!("{} in the last 24 hours, with {}:", plural(calls, "call"), plural(used, "key")),
    }
}

/// The key's last use. Clients are newer than the list that the key comes from.
fn last_use(key: &ApiKey, used: Option<&RecentUse>) -> Option<Timestamp> {
    let listed = key.last_use.as_ref().map(|used| used.at);
    let clients = used.into_iter().flat_map(|used| &used.clients).map(|client| client.last_used_at);
    listed.into_iter().chain(clients).max()
}

fn row(key: &ApiKey, used: Option<&RecentUse>) -> AnyView {
    let at = match last_use(key, used) {
        Some(at) => view! { "used " <Time at/> }.into_any(),
        None => "never used".into_any(),
    };
    let calls = used.filter(|used| used.calls > 0).map(|used| format!(" · {}", plural(used.calls, "call")));
    let clients = used.into_iter().flat_map(|used| used.clients.iter().cloned()).map(client_row).collect_any();
    view! {
        <li>
            <p class="used-key">
                <b>{key.name.clone()}</b> <span class="mono faint">{key.masked.clone()}</span> <span>{at} {calls}</span>
            </p>
            {clients}
        </li>
    }
    .into_any()
}
