use domain::{audit::AuditEntry, time::Timestamp};
use leptos::prelude::*;
use serde_json::{Map, Value};

use super::change_labels::{field_label, field_order, format_value};
use crate::{
    addresses::KeyAddress,
    api,
    components::{AsyncView, EmptyState, Icon, Skeleton, Time, TimeStyle},
    lean::{CollectAny, When, sorted_indices},
    state::{load, use_organization, use_zone},
};

/// The field that an entry about a grace period changes.
const GRACE_END: &str = "old_secret_ends_at";

/// Counts changes made on the key's page, after each of which the history is reloaded.
#[derive(Clone, Copy)]
pub(super) struct HistoryRevision(pub(super) RwSignal<u32>);

/// The changes of a key from the audit log, latest first.
#[component]
pub fn KeyHistory() -> impl IntoView {
    let organization = use_organization();
    let zone = use_zone();
    let id = expect_context::<Memo<KeyAddress>>().with_untracked(|address| address.id);
    let HistoryRevision(revision) = expect_context();
    let entries = load(move || {
        revision.track();
        api::api_keys::History { organization: organization.slug(), id }
    });
    let rows = move |entries: ReadSignal<Vec<AuditEntry>>| {
        let zone = zone.get();
        entries.with(|entries| entries.iter().map(|entry| row(entry, &zone)).collect_any())
    };
    view! {
        <AsyncView answer=entries skeleton=|| view! { <div class="card"><Skeleton lines=5/></div> } let:entries>
            <When
                when=move || entries.with(|entries| !entries.is_empty())
                fallback=|| view! {
                    <div class="card">
                        <EmptyState icon=Icon::Clock title="No history yet"><p>"Changes to the key will appear here."</p></EmptyState>
                    </div>
                }
            >
                <ol class="card history" role="list">{move || rows(entries)}</ol>
            </When>
        </AsyncView>
    }
}

/// A change with its action, actor, address and time; moments are in `zone`.
fn row(entry: &AuditEntry, zone: &str) -> impl IntoView + use<> {
    let from = (!entry.ip.is_empty()).then(|| format!(" from {}", entry.ip));
    let zone_text = zone.to_owned();
    view! {
        <li>
            <div class="history-what">
                <b>{action_label(entry)}</b>
                <span>"by " {entry.actor.clone()} {from}</span>
            </div>
            <div class="history-when">
                <Time at=entry.at/>
                <span class="sub"><Time at=entry.at zone=zone_text style=TimeStyle::Exact/></span>
            </div>
            {changes(entry, zone)}
        </li>
    }
}

fn action_label(entry: &AuditEntry) -> String {
    match entry.action.as_str() {
        "api_key.created" => "Created".to_owned(),
        "api_key.edited" => "Edited".to_owned(),
        "api_key.rotated" => "Rotated".to_owned(),
        "api_key.grace_changed" if has_ended_at_once(entry) => "Old secret ended".to_owned(),
        "api_key.grace_changed" => "Grace period changed".to_owned(),
        "api_key.revoked" => "Revoked".to_owned(),
        "api_key.leaked" => "Reported as leaked, and disabled".to_owned(),
        other => other.to_owned(),
    }
}

/// Whether the change ended the old secret then and there, so that its end is the time of the change itself.
fn has_ended_at_once(entry: &AuditEntry) -> bool {
    let end = entry.after.get(GRACE_END).and_then(Value::as_i64).map(Timestamp::from_millis);
    entry.action == "api_key.grace_changed" && end.is_some_and(|end| end <= entry.at)
}

/// Old and new values, field by field. Added fields have no old value, removed ones no new value.
fn changes(entry: &AuditEntry, zone: &str) -> Option<AnyView> {
    let none = Map::new();
    let before = entry.before.as_object().unwrap_or(&none);
    let after = entry.after.as_object().filter(|_| !has_ended_at_once(entry)).unwrap_or(&none);
    let removed = before.keys().filter(|field| !after.contains_key(*field));
    let fields: Vec<&String> = after.keys().chain(removed).collect();
    let order = sorted_indices(fields.len(), &|a, b| field_order(fields[a]).cmp(&field_order(fields[b])));
    let rows = order.into_iter().map(|index| {
        let field = fields[index];
        let old = before.get(field).map(|value| format_value(field, value, zone));
        let new = after.get(field).map(|value| format_value(field, value, zone));
        let arrow =
            (old.is_some() && new.is_some()).then(|| view! { <span class="faint" aria-label="became">" → "</span> });
        view! {
            <dt>{if has_ended_at_once(entry) { "Was to end".to_owned() } else { field_label(field) }}</dt>
            <dd>{old.map(|old| view! { <span class="old-value">{old}</span> })} {arrow} {new}</dd>
        }
    });
    let rows = rows.collect_any();
    (!rows.is_empty()).then(|| view! { <dl class="history-changes">{rows}</dl> }.into_any())
}
