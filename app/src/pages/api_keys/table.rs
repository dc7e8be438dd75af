use domain::{
    api_keys::{ApiKey, Status},
    permissions::Permission,
    usage::{Filter, UsageQuery},
};
use leptos::prelude::*;

use super::{
    expiry::{Expiry, by_expiry},
    filters::{capitalized, matches},
};
use crate::{
    addresses::{LogsAddress, Query, UsageAddress},
    components::{
        Amount, Badge, Column, DataTable, EmptyState, Icon, IconView, Menu, MenuAct, MenuLink, Place, Sort, Time, Tone,
        format_count,
    },
    state::use_organization,
};

/// The keys that the address asks for.
#[component]
pub(super) fn KeysTable(
    keys: ReadSignal<Vec<ApiKey>>,
    query: Memo<Query>,
    #[prop(into)] on_revoke: Callback<(ApiKey,)>,
) -> impl IntoView {
    let organization = use_organization();
    let slug = StoredValue::new(organization.slug());
    let rows = Memo::new(move |_| {
        let query = query.get();
        keys.with(|keys| keys.iter().filter(|key| matches(&query, key)).cloned().collect::<Vec<_>>())
    });
    let none = Memo::new(move |_| rows.with(Vec::is_empty));
    let may_revoke = organization.may(Permission::ManageApiKeys);
    let row_href = move |key: ApiKey| slug.with_value(|slug| calls_of(slug, &key));
    let sort = Sort::in_address();
    view! {
        <div class="card table-card">
            {move || {
                if none.get() {
                    view! {
                        <EmptyState icon=Icon::Search title="No key matches">
                            <p>"Change the search or the filters above."</p>
                        </EmptyState>
                    }
                        .into_any()
                } else {
                    let columns = columns(slug, may_revoke, on_revoke);
                    view! { <DataTable caption="API keys" columns rows=move || rows.get() row_href sort/> }.into_any()
                }
            }}
        </div>
    }
}

fn calls_of(slug: &str, key: &ApiKey) -> String {
    let filter = Filter { api_key: Some(key.id), ..Filter::default() };
    LogsAddress { filter, ..LogsAddress::default() }.href(slug)
}

fn usage_of(slug: &str, key: &ApiKey) -> String {
    let filter = Filter { api_key: Some(key.id), ..Filter::default() };
    UsageAddress { query: UsageQuery { filter, ..UsageQuery::default() } }.href(slug)
}

fn columns(slug: StoredValue<String>, may_revoke: bool, on_revoke: Callback<(ApiKey,)>) -> Vec<Column<ApiKey>> {
    let calls = move |key: &ApiKey| slug.with_value(|slug| calls_of(slug, key));
    let usage = move |key: &ApiKey| slug.with_value(|slug| usage_of(slug, key));
    vec![
        Column::new("Name", move |key: &ApiKey| {
            let description = (!key.description.is_empty()).then(|| key.description.clone());
            view! {
                <a class="name" href=calls(key) title=description>{key.name.clone()}</a>
                <span class="sub mono">{key.masked.clone()}</span>
            }
        })
        .at(Place::Title)
        .sorted_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase())),
        Column::new("Status", |key: &ApiKey| {
            let status = key.status;
            view! { <Badge tone=tone(status)>{capitalized(status.name())}</Badge> }
        })
        .sorted_by(|a, b| a.status.name().cmp(b.status.name())),
        Column::new("Project", |key: &ApiKey| match &key.project {
            Some(project) => project.name.clone().into_any(),
            None => view! { <span class="faint">"All"</span> }.into_any(),
        })
        .sorted_by(|a, b| project_name(a).cmp(project_name(b))),
        Column::new("Level", |key: &ApiKey| {
            let level = key.level;
            view! { <Badge>{level.name()}</Badge> }
        })
        .spare(),
        Column::new("Models", |key: &ApiKey| models(&key.models)).spare(),
        Column::new("Last used", |key: &ApiKey| match key.last_used_at {
            Some(at) => view! { <Time at/> }.into_any(),
            None => view! { <span class="faint">"never"</span> }.into_any(),
        })
        .sorted_by(|a, b| a.last_used_at.cmp(&b.last_used_at)),
        Column::new("Expires", |key: &ApiKey| view! { <Expiry at=key.expires_at/> }).sorted_by(by_expiry),
        Column::new("This month", move |key: &ApiKey| {
            let calls = format!("{} calls", format_count(key.calls_this_month));
            view! {
                <a class="door-link" href=usage(key)><Amount value=key.spend_this_month/></a>
                <span class="sub">{calls}</span>
            }
        })
        .numeric()
        .at(Place::Value)
        .sorted_by(|a, b| a.spend_this_month.cmp(&b.spend_this_month)),
        Column::new("Acts", move |key: &ApiKey| acts(key, calls(key), usage(key), may_revoke, on_revoke))
            .at(Place::Act),
    ]
}

fn project_name(key: &ApiKey) -> &str {
    key.project.as_ref().map(|project| project.name.as_str()).unwrap_or_default()
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Active => Tone::Good,
        Status::Rotating => Tone::Accent,
        Status::Expired | Status::Disabled => Tone::Warning,
        Status::Revoked => Tone::Neutral,
    }
}

/// One model by its name, more as a number with the names on hover.
fn models(models: &[String]) -> AnyView {
    match models {
        [] => view! { <span class="faint">"All"</span> }.into_any(),
        [model] => view! { <span class="clipped">{model.clone()}</span> }.into_any(),
        several => {
            let (names, count) = (several.join(", "), several.len());
            view! { <span title=names>{count} " models"</span> }.into_any()
        }
    }
}

fn acts(key: &ApiKey, calls: String, usage: String, may_revoke: bool, on_revoke: Callback<(ApiKey,)>) -> AnyView {
    let revocable = may_revoke && key.status != Status::Revoked;
    let label = format!("Acts for {}", key.name);
    let key = key.clone();
    view! {
        <Menu label class="button quiet bare" trigger=|| view! { <IconView icon=Icon::More/> }>
            <MenuLink href=calls icon=Icon::List>"Show calls"</MenuLink>
            <MenuLink href=usage icon=Icon::Usage>"Show usage"</MenuLink>
            {revocable
                .then(|| {
                    view! {
                        <hr/>
                        <MenuAct icon=Icon::Revoke danger=true on_press=move || on_revoke.run((key.clone(),))>
                            "Revoke…"
                        </MenuAct>
                    }
                })}
        </Menu>
    }
    .into_any()
}
