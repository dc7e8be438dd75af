use domain::{
    api_keys::{ApiKey, KeyPage, KeySort, Status},
    ids::ProjectId,
    usage::{Filter, UsageQuery},
};
use leptos::{html, prelude::*};

use super::selection::KeySelection;
use crate::{
    addresses::{KeyAddress, KeyTab, KeysAddress, UsageAddress},
    components::{CardPosition, Column, DataTable, Icon, IconView, Menu, MenuAction, MenuLink, Name, Room, Sort, Time},
    lean::watch,
    pages::api_keys::{
        actions::{KeyAction, KeyActions},
        badges::{Access, Expiry, GraceLeft, LastUsed, Month, StatusBadge},
        hints::HintMenu,
        is_revocable, may_manage,
    },
    state::{use_go, use_organization, use_project},
};

/// The sortable columns, and whether their order is descending.
const SORTABLE: [(&str, KeySort, bool); 5] = [
    ("Name", KeySort::Name, false),
    ("Created", KeySort::Created, true),
    ("Last used", KeySort::LastUsed, true),
    ("Expires", KeySort::Expires, false),
    ("This month", KeySort::Spend, true),
];

#[component]
pub(super) fn KeysTable(
    page: ReadSignal<KeyPage>,
    address: Memo<KeysAddress>,
    actions: KeyActions,
    selection: KeySelection,
) -> impl IntoView {
    let organization = use_organization();
    let slug = StoredValue::new(organization.slug());
    let project = use_project();
    let row_href = move |key: ApiKey| key_href(slug, &key, project.get_untracked());
    view! {
        <DataTable
            caption="API keys"
            columns=columns(slug, project, actions, selection)
            rows=move || page.with(|page| page.keys.clone())
            row_href
            sort=sort(address)
        />
    }
}

/// Sorting by the server: a header requests its order, and pressed again the reverse.
fn sort(address: Memo<KeysAddress>) -> Sort {
    let (go, organization) = (use_go(), use_organization());
    let current = Memo::new(move |_| {
        address.with(|address| {
            let (header, _, descending) = SORTABLE.into_iter().find(|(_, sort, _)| *sort == address.query.sort)?;
            Some((header.to_owned(), descending != address.query.reversed))
        })
    });
    Sort::new(current, move |header| {
        let Some((_, sort, _)) = SORTABLE.into_iter().find(|(name, ..)| *name == header) else { return };
        let before = address.get_untracked();
        let address = before.narrowed(|query| {
            query.reversed = query.sort == sort && !query.reversed;
            query.sort = sort;
        });
        go.to(address.href(&organization.slug()));
    })
}

/// The address of a key's page, from which links lead back to the list of `project`.
fn key_href(slug: StoredValue<String>, key: &ApiKey, project: Option<ProjectId>) -> String {
    slug.with_value(|slug| KeyAddress::new(key.id).within(project).href(slug))
}

fn usage_href(slug: StoredValue<String>, key: &ApiKey) -> String {
    let filter = Filter { api_keys: vec![key.id], ..Filter::default() };
    slug.with_value(|slug| UsageAddress::from(UsageQuery { filter, ..UsageQuery::default() }).href(slug))
}

fn columns(
    slug: StoredValue<String>,
    project: Memo<Option<ProjectId>>,
    actions: KeyActions,
    selection: KeySelection,
) -> Vec<Column<ApiKey>> {
    vec![
        Column::new("Select", move |key: &ApiKey| selection.may_choose(key).then(|| choice(key, selection)))
            .at(CardPosition::Choice)
            .with_header_control(move || view! { <ChooseAll selection/> }),
        Column::new("Name", move |key: &ApiKey| {
            let description = (!key.description.is_empty()).then(|| key.description.clone());
            let href = {
                let key = key.clone();
                move || key_href(slug, &key, project.get())
            };
            view! {
                <a href=href title=description><Name name=key.name.clone()/></a>
                <span class="sub mono">{key.masked.clone()}</span>
            }
        })
        .at(CardPosition::Title)
        .sorted(),
        // One line below the status, so that all rows are of one height.
        Column::new("Status", move |key: &ApiKey| {
            let below = if key.hints.is_empty() {
                view! { <GraceLeft key=key.clone()/> }.into_any()
            } else {
                view! { <HintMenu key=key.clone() actions/> }.into_any()
            };
            view! {
                <StatusBadge status=key.status/>
                {below}
            }
        })
        .at(CardPosition::Below),
        Column::new("Project", |key: &ApiKey| match &key.project {
            Some(project) => view! { <Name name=project.name.clone()/> }.into_any(),
            None => view! { <span class="faint">"All"</span> }.into_any(),
        })
        .at(CardPosition::Hidden)
        .needs(Room::Medium),
        Column::new("Access", |key: &ApiKey| view! { <Access key=key.clone()/> })
            .at(CardPosition::Hidden)
            .needs(Room::Wide),
        Column::new("Created", |key: &ApiKey| {
            let by = key.created_by.as_ref().map(|creator| creator.name.clone());
            view! { <Time at=key.created_at/> {by.map(|name| view! { <span class="sub"><Name name/></span> })} }
        })
        .at(CardPosition::Hidden)
        .needs(Room::Large)
        .sorted(),
        Column::new("Last used", |key: &ApiKey| view! { <LastUsed used=key.last_use.clone()/> })
            .at(CardPosition::BelowValue)
            .sorted(),
        Column::new("Expires", |key: &ApiKey| view! { <Expiry at=key.expires_at/> }).at(CardPosition::Hidden).sorted(),
        Column::new("This month", move |key: &ApiKey| {
            view! {
                <Month
                    spend=key.spend_this_month
                    calls=key.calls_this_month
                    by_day=key.calls_by_day.clone()
                    href=usage_href(slug, key)
                />
            }
        })
        .numeric()
        .at(CardPosition::Value)
        .sorted(),
        Column::new("Actions", move |key: &ApiKey| view! { <ActionMenu key=key.clone() slug actions/> })
            .at(CardPosition::Action),
    ]
}

fn choice(key: &ApiKey, selection: KeySelection) -> impl IntoView + use<> {
    let id = key.id;
    view! {
        <label class="choose">
            <input
                type="checkbox"
                aria-label=format!("Select {}", key.name)
                prop:checked=move || selection.contains(id)
                on:click=move |event| selection.toggle(id, &event)
            />
        </label>
    }
}

/// A checkbox that selects all keys of the page, or none.
#[component]
fn ChooseAll(selection: KeySelection) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    watch(move || {
        if let Some(input) = input.get() {
            input.set_indeterminate(selection.all_chosen().is_none());
        }
    });
    view! {
        <label class="choose">
            <input
                node_ref=input
                type="checkbox"
                aria-label="Select all on this page"
                disabled=move || !selection.has_selectable()
                prop:checked=move || selection.all_chosen() == Some(true)
                on:click=move |_| selection.choose_all(untrack(|| selection.all_chosen()) != Some(true))
            />
        </label>
    }
}

/// A key's menu, with the actions that its status and the member's role allow.
#[component]
fn ActionMenu(key: ApiKey, slug: StoredValue<String>, actions: KeyActions) -> impl IntoView {
    let may_change = may_manage(use_organization(), key.level);
    let label = format!("Actions for {}", key.name);
    let project = use_project();
    let calls_of = KeyAddress { tab: KeyTab::Calls, ..KeyAddress::new(key.id) };
    let calls = Signal::derive(move || slug.with_value(|slug| calls_of.clone().within(project.get()).href(slug)));
    let usage = usage_href(slug, &key);
    let page = {
        let key = key.clone();
        Signal::derive(move || key_href(slug, &key, project.get()))
    };
    let entries = may_change.then(|| action_entries(&key, actions));
    view! {
        <Menu label class="button quiet bare" trigger=|| view! { <IconView icon=Icon::More/> }>
            <MenuLink href=page icon=Icon::Key>"Open"</MenuLink>
            <MenuLink href=calls icon=Icon::List>"Show calls"</MenuLink>
            <MenuLink href=usage icon=Icon::Usage>"Show usage"</MenuLink>
            {entries}
        </Menu>
    }
}

/// Menu entries for the actions on a key.
fn action_entries(key: &ApiKey, actions: KeyActions) -> AnyView {
    let entry = |icon: Icon, label: &'static str, action: fn(ApiKey) -> KeyAction| {
        let (key, danger) = (key.clone(), icon == Icon::Revoke);
        view! { <MenuAction icon danger on_press=move || actions.open(action(key.clone()))>{label}</MenuAction> }
            .into_any()
    };
    let mut entries = vec![view! { <hr/> }.into_any()];
    if key.status.is_usable() {
        entries.push(entry(Icon::Edit, "Edit…", KeyAction::Edit));
    }
    match key.status {
        Status::Active => entries.push(entry(Icon::Refresh, "Rotate…", KeyAction::Rotate)),
        Status::Rotating => {
            entries.push(entry(Icon::Check, "End the old secret…", KeyAction::EndOldSecret));
            entries.push(entry(Icon::Clock, "Extend the old secret…", KeyAction::ChangeGrace));
        }
        Status::Expired | Status::Revoked | Status::Disabled => {}
    }
    entries.push(entry(Icon::Plus, "Create replacement…", KeyAction::CreateReplacement));
    if is_revocable(key) {
        entries.push(view! { <hr/> }.into_any());
        entries.push(entry(Icon::Revoke, "Revoke…", |key| KeyAction::Revoke(vec![key])));
    }
    entries.into_any()
}
