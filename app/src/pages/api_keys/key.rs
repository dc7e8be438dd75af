//! A key's own page.

mod calls;
mod change_labels;
mod facts;
mod history;
mod overview;
mod rotating;

use std::time::Duration;

use domain::{
    api_keys::{ApiKey, Status},
    ids::ApiKeyId,
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

pub(crate) use self::{calls::KeyCalls, history::KeyHistory};
use self::{history::Done, overview::Overview, rotating::Rotating};
use super::{
    actions::{Deed, Deeds, Dialogs},
    badges::StatusBadge,
    hints::HintNotices,
    is_revocable, may_manage,
};
use crate::{
    addresses::{KeyAddress, KeyTab, Page, Part},
    api,
    components::{AsyncView, Button, CollectAny, Icon, IconView, LiveSign, Notice, PageHead, Skeleton, Time, Tone},
    layout::Later,
    state::{load, now, use_clock, use_live, use_location, use_organization, watch},
};

#[component]
pub(super) fn KeyPage(id: ApiKeyId) -> impl IntoView {
    let organization = use_organization();
    let search = use_location().search;
    let address = Memo::new(move |_| search.with(|search| KeyAddress::parse(id, search)));
    let key = load(move || api::api_keys::Get { organization: organization.slug(), id });
    follow_uses(move || key.refresh());
    refresh_when_due(move || key.with(|key| key.into_iter().cloned().collect()), move || key.refresh());

    // Counts what was done here, after which the history is longer.
    let done = RwSignal::new(0_u32);
    let deeds = Deeds::about(key, None, move || done.update(|done| *done += 1));
    let title = Memo::new(move |_| key.with(|key| key.map_or_else(|| "API key".to_owned(), |key| key.name.clone())));
    view! {
        <div class="key-head">
            <a class="back" href=Page::ApiKeys.path(&organization.slug())>
                <IconView icon=Icon::ChevronLeft/> {Page::ApiKeys.label()}
            </a>
            <PageHead title description=move || view! { {move || key.with(|key| key.cloned().map(|key| view! { <Masked key/> }))} }>
                <LiveSign/>
                {move || key.with(|key| key.cloned().map(|key| view! { <Acts key deeds/> }))}
            </PageHead>
        </div>
        <div class="key-page">
            <AsyncView answer=key skeleton=|| view! { <div class="card"><Skeleton lines=8/></div> } let:key>
                <Parts key address deeds done/>
            </AsyncView>
        </div>
        <Dialogs deeds/>
    }
}

#[component]
fn Masked(key: ApiKey) -> impl IntoView {
    view! {
        <StatusBadge status=key.status/>
        " "
        <span class="mono">{key.masked}</span>
        {(!key.description.is_empty()).then(|| view! { <span class="key-description">{key.description}</span> })}
    }
}

/// What can be done to it, as its status and one's role let it.
#[component]
fn Acts(key: ApiKey, deeds: Deeds) -> impl IntoView {
    if !may_manage(use_organization(), key.level) {
        return ().into_any();
    }
    let act = |icon: Icon, label: &'static str, deed: fn(ApiKey) -> Deed| {
        let key = key.clone();
        view! { <Button icon on_press=move || deeds.ask(deed(key.clone()))>{label}</Button> }.into_any()
    };
    let usable = key.status.is_usable();
    [
        usable.then(|| act(Icon::Edit, "Edit", Deed::Edit)),
        (key.status == Status::Active).then(|| act(Icon::Refresh, "Rotate", Deed::Rotate)),
        (!usable).then(|| act(Icon::Plus, "Create a successor", Deed::Succeed)),
        is_revocable(&key).then(|| act(Icon::Revoke, "Revoke", |key| Deed::Revoke(vec![key]))),
    ]
    .into_iter()
    .flatten()
    .collect_any()
    .into_any()
}

/// What should be known of it first, then what the address asks for.
#[component]
fn Parts(key: ReadSignal<ApiKey>, address: Memo<KeyAddress>, deeds: Deeds, done: RwSignal<u32>) -> impl IntoView {
    let tab = Memo::new(move |_| address.with(|address| address.tab));
    provide_context(address);
    provide_context(Done(done));
    view! {
        {move || view! { <End key=key.get()/> }}
        {move || view! { <Rotating key=key.get() deeds/> }}
        {move || view! { <HintNotices key=key.get() deeds/> }}
        <TabLinks address/>
        {move || match tab.get() {
            KeyTab::Overview => view! { <Overview key address/> }.into_any(),
            // Their code is what few visits need: that of the logs page, and what puts the audit log into words.
            KeyTab::Calls => view! { <Later part=Part::KeyCalls wanted=true/> }.into_any(),
            KeyTab::History => view! { <Later part=Part::KeyHistory wanted=true/> }.into_any(),
        }}
    }
}

/// The parts of the page, each with an address of its own.
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

/// Why it doesn't work any more.
#[component]
fn End(key: ApiKey) -> impl IntoView {
    let (tone, text, at) = match key.status {
        Status::Disabled => (
            Tone::Danger,
            "This key was reported as leaked and stopped. It can’t be brought back: create a successor. Stopped ",
            key.disabled_at?,
        ),
        Status::Revoked => (Tone::Neutral, "Its secret is refused for good. Revoked ", key.revoked_at?),
        Status::Expired => (Tone::Neutral, "Its secret is refused for good. Expired ", key.expires_at?),
        Status::Active | Status::Rotating => return None,
    };
    Some(view! { <Notice tone><p>{text} <Time at/> "."</p></Notice> })
}

/// Asks again when there is news of calls, and once more when it is written who made them.
pub(super) fn follow_uses(refresh: impl Fn() + Copy + Send + Sync + 'static) {
    /// Uses are written once a second.
    const WRITTEN: Duration = Duration::from_millis(1_500);
    let later = StoredValue::new(None::<TimeoutHandle>);
    let forget = move || {
        if let Some(waiting) = later.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
    };
    use_live().follow(move || {
        refresh();
        forget();
        later.set_value(set_timeout_with_handle(refresh, WRITTEN).ok());
    });
    on_cleanup(forget);
}

/// Asks again when a grace period or a life is over, which no call tells.
pub(super) fn refresh_when_due(keys: impl Fn() -> Vec<ApiKey> + Send + Sync + 'static, refresh: impl Fn() + 'static) {
    let due = Memo::new(move |_| {
        let usable = keys().into_iter().filter(|key| key.status.is_usable());
        usable.flat_map(|key| [key.old_secret.map(|old| old.ends_at), key.expires_at]).flatten().min()
    });
    let clock = use_clock();
    watch(move || {
        if due.get().is_some_and(|due| due <= clock.now().max(now())) {
            refresh();
        }
    });
}
