use domain::{
    api_keys::{ApiKey, KeyPage, KeySort, Status},
    usage::{Filter, UsageQuery},
};
use leptos::{html, prelude::*};

use super::Selection;
use crate::{
    addresses::{KeyAddress, KeyTab, KeysAddress, UsageAddress},
    components::{Badge, CollectAny, Column, DataTable, Icon, IconView, Menu, MenuAct, MenuLink, Place, Sort, Time},
    pages::api_keys::{
        actions::{Deed, Deeds},
        badges::{Expiry, GraceLeft, LastUsed, Month, StatusBadge, limits},
        hints::HintMenu,
        is_revocable, may_manage,
    },
    state::{use_go, use_organization, watch},
};

/// The columns that can be sorted by, and whether they then begin with the largest.
const SORTED: [(&str, KeySort, bool); 5] = [
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
    deeds: Deeds,
    selection: Selection,
) -> impl IntoView {
    let organization = use_organization();
    let slug = StoredValue::new(organization.slug());
    let row_href = move |key: ApiKey| page_of(slug, &key);
    view! {
        <DataTable
            caption="API keys"
            columns=columns(slug, deeds, selection)
            rows=move || page.with(|page| page.keys.clone())
            row_href
            sort=sort(address)
        />
    }
}

/// The server sorts: a header asks for another order, pressed again for the other way round.
fn sort(address: Memo<KeysAddress>) -> Sort {
    let (go, organization) = (use_go(), use_organization());
    let current = Memo::new(move |_| {
        address.with(|address| {
            let (header, _, descending) = SORTED.into_iter().find(|(_, sort, _)| *sort == address.query.sort)?;
            Some((header.to_owned(), descending != address.query.reversed))
        })
    });
    Sort::new(current, move |header| {
        let Some((_, sort, _)) = SORTED.into_iter().find(|(name, ..)| *name == header) else { return };
        let before = address.get_untracked();
        let address = before.narrowed(|query| {
            query.reversed = query.sort == sort && !query.reversed;
            query.sort = sort;
        });
        go.to(address.href(&organization.slug()));
    })
}

fn page_of(slug: StoredValue<String>, key: &ApiKey) -> String {
    slug.with_value(|slug| KeyAddress::new(key.id).href(slug))
}

fn usage_of(slug: StoredValue<String>, key: &ApiKey) -> String {
    let filter = Filter { api_key: Some(key.id), ..Filter::default() };
    slug.with_value(|slug| UsageAddress { query: UsageQuery { filter, ..UsageQuery::default() } }.href(slug))
}

fn columns(slug: StoredValue<String>, deeds: Deeds, selection: Selection) -> Vec<Column<ApiKey>> {
    vec![
        Column::new("Choose", move |key: &ApiKey| selection.may_choose(key).then(|| choice(key, selection)))
            .at(Place::Choice)
            .headed(move || view! { <ChooseAll selection/> }),
        Column::new("Name", move |key: &ApiKey| {
            let description = (!key.description.is_empty()).then(|| key.description.clone());
            view! {
                <a class="name" href=page_of(slug, key) title=description>{key.name.clone()}</a>
                <span class="sub mono">{key.masked.clone()}</span>
            }
        })
        .at(Place::Title)
        .sorted(),
        Column::new("Status", move |key: &ApiKey| {
            view! {
                <StatusBadge status=key.status/>
                <GraceLeft key=key.clone()/>
                <HintMenu key=key.clone() deeds/>
            }
        }),
        Column::new("Project", |key: &ApiKey| match &key.project {
            Some(project) => view! { <span class="clipped">{project.name.clone()}</span> }.into_any(),
            None => view! { <span class="faint">"All"</span> }.into_any(),
        }),
        Column::new("Access", |key: &ApiKey| {
            let limit = |(text, all): (String, String)| view! { <span class="sub clipped" title=all>{text}</span> };
            let (level, limits) = (key.level, limits(key).into_iter().map(limit).collect_any());
            view! { <Badge>{level.label()}</Badge> {limits} }
        })
        .spare(),
        Column::new("Created", |key: &ApiKey| {
            let by = key.created_by.as_ref().map(|creator| creator.name.clone());
            view! { <Time at=key.created_at/> {by.map(|by| view! { <span class="sub clipped">{by}</span> })} }
        })
        .spare()
        .sorted(),
        Column::new("Last used", |key: &ApiKey| view! { <LastUsed used=key.last_use.clone()/> }).sorted(),
        Column::new("Expires", |key: &ApiKey| view! { <Expiry at=key.expires_at/> }).sorted(),
        Column::new("This month", move |key: &ApiKey| {
            view! {
                <Month
                    spend=key.spend_this_month
                    calls=key.calls_this_month
                    by_day=key.calls_by_day.clone()
                    href=usage_of(slug, key)
                />
            }
        })
        .numeric()
        .at(Place::Value)
        .sorted(),
        Column::new("Acts", move |key: &ApiKey| view! { <Acts key=key.clone() slug deeds/> }).at(Place::Act),
    ]
}

fn choice(key: &ApiKey, selection: Selection) -> impl IntoView + use<> {
    let id = key.id;
    view! {
        <label class="choose">
            <input
                type="checkbox"
                aria-label=format!("Choose {}", key.name)
                prop:checked=move || selection.holds(id)
                on:click=move |event| selection.pressed(id, &event)
            />
        </label>
    }
}

/// Chooses all of the page, or none.
#[component]
fn ChooseAll(selection: Selection) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    watch(move || {
        if let Some(input) = input.get() {
            input.set_indeterminate(selection.all().is_none());
        }
    });
    view! {
        <label class="choose">
            <input
                node_ref=input
                type="checkbox"
                aria-label="Choose all on this page"
                disabled=move || !selection.offers_any()
                prop:checked=move || selection.all() == Some(true)
                on:click=move |_| selection.choose_all(untrack(|| selection.all()) != Some(true))
            />
        </label>
    }
}

/// What can be done to a key, as its status and one's role let it.
#[component]
fn Acts(key: ApiKey, slug: StoredValue<String>, deeds: Deeds) -> impl IntoView {
    let may_change = may_manage(use_organization(), key.level);
    let label = format!("Acts for {}", key.name);
    let calls = slug.with_value(|slug| KeyAddress { tab: KeyTab::Calls, ..KeyAddress::new(key.id) }.href(slug));
    let (page, usage) = (page_of(slug, &key), usage_of(slug, &key));
    let acts = may_change.then(|| acts(&key, deeds));
    view! {
        <Menu label class="button quiet bare" trigger=|| view! { <IconView icon=Icon::More/> }>
            <MenuLink href=page icon=Icon::Key>"Open"</MenuLink>
            <MenuLink href=calls icon=Icon::List>"Show calls"</MenuLink>
            <MenuLink href=usage icon=Icon::Usage>"Show usage"</MenuLink>
            {acts}
        </Menu>
    }
}

/// What changes a key, as entries of a menu.
fn acts(key: &ApiKey, deeds: Deeds) -> AnyView {
    let act = |icon: Icon, label: &'static str, deed: fn(ApiKey) -> Deed| {
        let (key, danger) = (key.clone(), icon == Icon::Revoke);
        view! { <MenuAct icon danger on_press=move || deeds.ask(deed(key.clone()))>{label}</MenuAct> }.into_any()
    };
    let mut acts = vec![view! { <hr/> }.into_any()];
    if key.status.is_usable() {
        acts.push(act(Icon::Edit, "Edit…", Deed::Edit));
    }
    match key.status {
        Status::Active => acts.push(act(Icon::Refresh, "Rotate…", Deed::Rotate)),
        Status::Rotating => {
            acts.push(act(Icon::Check, "End the old secret…", Deed::End));
            acts.push(act(Icon::Clock, "Let the old secret live longer…", Deed::Extend));
        }
        Status::Expired | Status::Revoked | Status::Disabled => {}
    }
    acts.push(act(Icon::Plus, "Create a successor…", Deed::Succeed));
    if is_revocable(key) {
        acts.push(view! { <hr/> }.into_any());
        acts.push(act(Icon::Revoke, "Revoke…", |key| Deed::Revoke(vec![key])));
    }
    acts.into_any()
}
