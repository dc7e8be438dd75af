use domain::audit::AuditEntry;
use leptos::prelude::*;
use serde_json::{Map, Value};

use super::change_labels::{field_label, field_order, format_value};
use crate::{
    addresses::KeyAddress,
    api,
    components::{AsyncView, EmptyState, Icon, Skeleton, Time, TimeStyle},
    lean::{CollectAny, When},
    state::{load, use_organization},
};

/// Counts changes made on the key's page, after each of which the history is reloaded.
#[derive(Clone, Copy)]
pub(super) struct HistoryRevision(pub(super) RwSignal<u32>);

/// The changes of a key from the audit log, latest first.
#[component]
pub fn KeyHistory() -> impl IntoView {
    let organization = use_organization();
    let id = expect_context::<Memo<KeyAddress>>().with_untracked(|address| address.id);
    let HistoryRevision(revision) = expect_context();
    let entries = load(move || {
        revision.track();
        api::api_keys::History { organization: organization.slug(), id }
    });
    view! {
        <AsyncView answer=entries skeleton=|| view! { <div class="card"><Skeleton lines=5/></div> } let:entries>
            <When
                when=move || entries.with(|entries| !entries.is_empty())
                fallback=|| view! {
                    <div class="card">
                        <EmptyState icon=Icon::Clock title="Nothing is known"><p>"What is done to the key appears here."</p></EmptyState>
                    </div>
                }
            >
                <ol class="card history" role="list">{move || entries.with(|entries| entries.iter().map(entry).collect_any())}</ol>
            </When>
        </AsyncView>
    }
}

/// A change with its action, actor, address and time.
fn entry(entry: &AuditEntry) -> impl IntoView + use<> {
    let from = (!entry.ip.is_empty()).then(|| format!(" from {}", entry.ip));
    view! {
        <li>
            <div class="history-what">
                <b>{action_label(&entry.action)}</b>
                <span>"by " {entry.actor.clone()} {from}</span>
            </div>
            <div class="history-when">
                <Time at=entry.at/>
                <span class="sub"><Time at=entry.at style=TimeStyle::Exact/></span>
            </div>
            {changes(&entry.before, &entry.after)}
        </li>
    }
}

fn action_label(action: &str) -> String {
    match action {
        "api_key.created" => "Created".to_owned(),
        "api_key.edited" => "Edited".to_owned(),
        "api_key.rotated" => "Rotated".to_owned(),
        "api_key.grace_changed" => "Grace period changed".to_owned(),
        "api_key.revoked" => "Revoked".to_owned(),
        "api_key.leaked" => "Reported as leaked, and stopped".to_owned(),
        other => other.to_owned(),
    }
}

/// Old and new values, field by field. Added fields have no old value, removed ones no new value.
fn changes(before: &Value, after: &Value) -> Option<AnyView> {
    let none = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let removed = before.keys().filter(|field| !after.contains_key(*field));
    let mut fields: Vec<_> = after.keys().chain(removed).collect();
    fields.sort_by_key(|field| field_order(field));
    let rows = fields.into_iter().map(|field| {
        let old = before.get(field).map(|value| format_value(field, value));
        let new = after.get(field).map(|value| format_value(field, value));
        let arrow =
            (old.is_some() && new.is_some()).then(|| view! { <span class="faint" aria-label="became">" → "</span> });
        view! {
            <dt>{field_label(field)}</dt>
            <dd>{old.map(|old| view! { <span class="old-value">{old}</span> })} {arrow} {new}</dd>
        }
    });
    let rows = rows.collect_any();
    (!rows.is_empty()).then(|| view! { <dl class="history-changes">{rows}</dl> }.into_any())
}
