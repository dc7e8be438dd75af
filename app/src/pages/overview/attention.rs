use domain::{
    api_keys::{EXPIRES_SOON_DAYS, HintKind, KeyQuery, Status},
    calls::{Outcome, OutcomeFilter},
    overview::{KeyAlert, KeyAlertKind, Overview, RejectionReason},
    usage::{Filter, StatusFilter},
};
use leptos::prelude::*;

use crate::{
    addresses::{KeyAddress, KeysAddress, LogsAddress, Page},
    components::{Icon, IconView, Name, Time, TimeStyle, Tone, format_count, format_moment},
    lean::{CollectAny, When},
    pages::usage::plural,
    state::use_organization,
};

/// What the member should look into, each entry with a link to it; nothing where all is well.
#[component]
pub(super) fn Attention(overview: ReadSignal<Overview>) -> impl IntoView {
    let slug = StoredValue::new(use_organization().slug());
    let keys = Memo::new(move |_| overview.with(|overview| overview.attention.keys.clone()));
    let is_needed = move || overview.with(|overview| !overview.attention.is_empty());
    view! {
        <When when=is_needed>
            <section class="card attention" aria-labelledby="attention">
                <header><h2 id="attention">"Needs attention"</h2></header>
                <ul role="list">
                    {move || {
                        let entry = |alert: KeyAlert| view! { <KeyEntry alert slug=slug.get_value()/> };
                        keys.get().into_iter().map(entry).collect_any()
                    }}
                    <RejectedCalls overview slug=slug.get_value()/>
                    <CallDeletion overview slug=slug.get_value()/>
                </ul>
            </section>
        </When>
    }
}

/// An entry of the list, a link as a whole.
#[component]
fn Entry(
    icon: Icon,
    tone: Tone,
    #[prop(into)] href: Signal<String>,
    /// The next step, or details.
    #[prop(into)]
    text: Signal<String>,
    /// The entry's title.
    children: Children,
) -> impl IntoView {
    view! {
        <li>
            <a href=move || href.get()>
                <span class=format!("notification-sign {}", tone.class())><IconView icon/></span>
                <b>{children()}</b>
                <span>{move || text.get()}</span>
                <IconView icon=Icon::ChevronRight/>
            </a>
        </li>
    }
}

/// Keys that need the same action. A single one is named, and its page is linked to.
#[component]
fn KeyEntry(alert: KeyAlert, slug: String) -> impl IntoView {
    let KeyAlert { kind, count, key } = alert;
    let (icon, tone, text) = match kind {
        KeyAlertKind::Leaked => (Icon::Alert, Tone::Danger, "Create a replacement, then revoke the leaked key."),
        KeyAlertKind::ExpiresSoon => (Icon::Clock, Tone::Warning, "Create a replacement before calls are rejected."),
        KeyAlertKind::RotationDue => (Icon::Refresh, Tone::Neutral, "Rotate to get a new secret."),
    };
    if count == 1 {
        let state = match kind {
            KeyAlertKind::Leaked => " leaked and was disabled",
            KeyAlertKind::ExpiresSoon => " expires ",
            KeyAlertKind::RotationDue => " is due for rotation",
        };
        let at = key.expires_at.filter(|_| kind == KeyAlertKind::ExpiresSoon);
        let href = KeyAddress::new(key.id).href(&slug);
        return view! {
            <Entry icon tone href text><Name name=key.name/> {state} {at.map(|at| view! { <Time at/> })}</Entry>
        }
        .into_any();
    }
    let keys = plural(count, "key");
    let (title, query) = match kind {
        KeyAlertKind::Leaked => (
            format!("{keys} leaked and were disabled"),
            KeyQuery { status: Some(Status::Disabled), ..KeyQuery::default() },
        ),
        KeyAlertKind::ExpiresSoon => (
            format!("{keys} expire within {EXPIRES_SOON_DAYS} days"),
            KeyQuery { hint: Some(HintKind::ExpiresSoon), ..KeyQuery::default() },
        ),
        KeyAlertKind::RotationDue => (
            format!("{keys} are due for rotation"),
            KeyQuery { hint: Some(HintKind::RotationDue), ..KeyQuery::default() },
        ),
    };
    let href = KeysAddress { query, ..KeysAddress::default() }.href(&slug);
    view! { <Entry icon tone href text>{title}</Entry> }.into_any()
}

/// The calls that were rejected, with the reasons.
#[component]
fn RejectedCalls(overview: ReadSignal<Overview>, slug: String) -> impl IntoView {
    let rejections = move || overview.with(|overview| overview.attention.rejections.clone());
    let calls = Memo::new(move |_| rejections().calls);
    let are_any = move || calls.get() > 0;
    let text = Memo::new(move |_| rejections().reasons.iter().map(reason_text).collect::<Vec<_>>().join(" · "));
    // The day goes on, so the address changes without the rest.
    let href = Signal::derive(move || {
        let rejected = StatusFilter::Outcome(OutcomeFilter::Only(Outcome::Refused));
        let filter = Filter { statuses: vec![rejected], ..Filter::default() };
        LogsAddress { from: Some(rejections().since), filter, ..LogsAddress::default() }.href(&slug)
    });
    view! {
        <When when=are_any>
            <Entry icon=Icon::Revoke tone=Tone::Warning href text>
                {move || plural(calls.get(), "call")} " rejected in the last 24 hours"
            </Entry>
        </When>
    }
}

/// The deletion of old calls that begins unless a choice is made.
#[component]
fn CallDeletion(overview: ReadSignal<Overview>, slug: String) -> impl IntoView {
    let zone = StoredValue::new(use_organization().time_zone());
    let from = Memo::new(move |_| overview.with(|overview| overview.attention.call_deletion));
    let day = move || {
        from.get().map(|from| zone.with_value(|zone| format_moment(from, zone, TimeStyle::Date))).unwrap_or_default()
    };
    let href = StoredValue::new(format!("{}#calls", Page::Settings.path(&slug)));
    let href = Signal::derive(move || href.get_value());
    let text = Signal::derive(|| "Choose in Settings for how long calls are kept.".to_owned());
    view! {
        <When when=move || from.with(Option::is_some)>
            <Entry icon=Icon::Clock tone=Tone::Warning href text>
                "Calls older than 13 months are deleted from " {day}
            </Entry>
        </When>
    }
}

/// A reason and its number of calls: `rate limit exceeded: 41`.
fn reason_text(reason: &RejectionReason) -> String {
    let text = match reason.code.as_str() {
        "" => "no code".to_owned(),
        "ip_not_allowed" => "IP address not allowed".to_owned(),
        code => code.replace('_', " "),
    };
    format!("{text}: {}", format_count(reason.calls))
}
