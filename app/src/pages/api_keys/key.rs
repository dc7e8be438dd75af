//! A key's own page.

mod calls;
mod change_labels;
mod facts;
mod history;
mod overview;
mod rotating;

use domain::{
    api_keys::{ApiKey, Status},
    ids::ApiKeyId,
};
use leptos::prelude::*;

pub(crate) use self::{calls::KeyCalls, history::KeyHistory};
use self::{history::HistoryRevision, overview::Overview, rotating::Rotating};
use super::{
    actions::{KeyAction, KeyActions},
    badges::StatusBadge,
    dialogs::Dialogs,
    hints::HintNotices,
    is_revocable, may_manage,
    refresh::{follow_uses, refresh_when_due},
};
use crate::{
    addresses::{CodePart, KeyAddress, KeyTab, Page},
    api,
    components::{AsyncView, Button, Icon, Notice, PageHead, Skeleton, Time, Tone, ZoneNote},
    layout::LazyPart,
    lean::CollectAny,
    state::{load, use_location, use_organization, use_project},
};

/// Whether the open key can be used, so that calls may still come.
#[derive(Clone, Copy)]
pub(super) struct KeyIsUsable(Memo<bool>);

#[component]
pub(super) fn KeyPage(id: ApiKeyId) -> impl IntoView {
    let organization = use_organization();
    let project = use_project();
    let search = use_location().search;
    let address = Memo::new(move |_| search.with(|search| KeyAddress::parse(id, search)));
    let key = load(move || api::api_keys::Get { organization: organization.slug(), id });
    follow_uses(move || key.refresh());
    refresh_when_due(move || key.with(|key| key.into_iter().cloned().collect()), move || key.refresh());

    // Counts changes made on this page, after which the history is reloaded.
    let revision = RwSignal::new(0_u32);
    let actions = KeyActions::new(key, None, move || revision.update(|revision| *revision += 1));
    let title = Memo::new(move |_| key.with(|key| key.map_or_else(|| "API key".to_owned(), |key| key.name.clone())));
    view! {
        <PageHead
            title
            back=(Signal::derive(move || Page::ApiKeys.href(&organization.slug(), project.get())), Page::ApiKeys.label())
            live=true
            secondary=move || view! {
                {move || key.with(|key| key.cloned().map(|key| view! { <ActionButtons key actions/> }))}
            }
        />
        <div class="key-line">{move || key.with(|key| key.cloned().map(|key| view! { <Masked key/> }))}</div>
        <div class="key-page">
            <AsyncView answer=key skeleton=|| view! { <div class="card"><Skeleton lines=8/></div> } let:key>
                <Content key address actions revision/>
            </AsyncView>
        </div>
        <Dialogs actions/>
    }
}

/// The key's status, masked secret and description.
#[component]
fn Masked(key: ApiKey) -> impl IntoView {
    view! {
        <StatusBadge status=key.status/>
        <span class="mono">{key.masked}</span>
        {(!key.description.is_empty()).then(|| view! { <p class="key-description">{key.description}</p> })}
    }
}

/// Buttons for the actions that the key's status and the member's role allow.
#[component]
fn ActionButtons(key: ApiKey, actions: KeyActions) -> impl IntoView {
    if !may_manage(use_organization(), key.level) {
        return ().into_any();
    }
    let button = |icon: Icon, label: &'static str, action: fn(ApiKey) -> KeyAction| {
        let key = key.clone();
        view! { <Button icon on_press=move || actions.open(action(key.clone()))>{label}</Button> }.into_any()
    };
    let usable = key.status.is_usable();
    [
        usable.then(|| button(Icon::Edit, "Edit", KeyAction::Edit)),
        (key.status == Status::Active).then(|| button(Icon::Refresh, "Rotate", KeyAction::Rotate)),
        (!usable).then(|| button(Icon::Plus, "Create replacement", KeyAction::CreateReplacement)),
        is_revocable(&key).then(|| button(Icon::Revoke, "Revoke", |key| KeyAction::Revoke(vec![key]))),
    ]
    .into_iter()
    .flatten()
    .collect_any()
    .into_any()
}

/// Notices about the key, then the tab that the address names.
#[component]
fn Content(
    key: ReadSignal<ApiKey>,
    address: Memo<KeyAddress>,
    actions: KeyActions,
    revision: RwSignal<u32>,
) -> impl IntoView {
    let tab = Memo::new(move |_| address.with(|address| address.tab));
    provide_context(address);
    provide_context(HistoryRevision(revision));
    provide_context(KeyIsUsable(Memo::new(move |_| key.with(|key| key.status.is_usable()))));
    view! {
        {move || view! { <EndNotice key=key.get()/> }}
        {move || view! { <Rotating key=key.get() actions/> }}
        {move || view! { <HintNotices key=key.get() actions/> }}
        <TabLinks address/>
        {move || match tab.get() {
            KeyTab::Overview => view! { <Overview key address/> }.into_any(),
            // Few visits need the code of these: the logs page, and the texts of the audit log.
            KeyTab::Calls => view! { <LazyPart part=CodePart::KeyCalls wanted=true/> }.into_any(),
            KeyTab::History => view! { <LazyPart part=CodePart::KeyHistory wanted=true/> }.into_any(),
        }}
        <ZoneNote/>
    }
}

/// The page's tabs, each with an address of its own.
#[component]
fn TabLinks(address: Memo<KeyAddress>) -> impl IntoView {
    let organization = use_organization();
    let link = move |tab: KeyTab| {
        let href = move || KeyAddress { tab, ..address.get() }.href(&organization.slug());
        let current = move || address.with(|address| address.tab == tab).then_some("page");
        view! { <a href=href aria-current=current>{tab.label()}</a> }
    };
    view! { <nav class="tab-list" aria-label="About this key">{KeyTab::ALL.iter().copied().map(link).collect_any()}</nav> }
}

/// The reason why the key doesn't work any more.
#[component]
fn EndNotice(key: ApiKey) -> impl IntoView {
    let (tone, text, at) = match key.status {
        Status::Disabled => (
            Tone::Danger,
            "This key was reported as leaked and no longer works. Create a replacement. Disabled ",
            key.disabled_at?,
        ),
        Status::Revoked => (Tone::Neutral, "This key no longer works. Revoked ", key.revoked_at?),
        Status::Expired => (Tone::Neutral, "This key no longer works. Expired ", key.expires_at?),
        Status::Active | Status::Rotating => return None,
    };
    Some(view! { <Notice tone><p>{text} <Time at/> "."</p></Notice> })
}
