use domain::{
    calls::{Call, CallDetails, CountSource, Outcome},
    money::Tier,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::outcome::label;
use crate::{
    addresses::{KeyAddress, LogsAddress, UsageAddress},
    components::{TimeStyle, format_count, format_moment},
    lean::CollectAny,
    state::use_organization,
};

/// Why a call's outcome is unknown.
const STOPPED: &str = "The server stopped while this call ran. What the client was told isn't known.";

/// A call's key, project, model, endpoint, time, outcome and usage.
#[component]
pub(super) fn Facts(details: CallDetails, zone: String) -> impl IntoView {
    let organization = use_organization();
    let slug = organization.slug();
    let CallDetails { call, member, .. } = details;
    let or_dash = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };

    let key = call.api_key.as_ref().map(|key| {
        let mut address = LogsAddress::default();
        address.filter.api_key = Some(key.id);
        // Members who don't see all keys may not open this one's page; their link leads to its calls.
        let sees_all_keys = organization.reach(Permission::ViewApiKeys).is_some_and(Reach::is_organization_wide);
        let href = if sees_all_keys { KeyAddress::new(key.id).href(&slug) } else { address.href(&slug) };
        view! { <a href=href>{key.name.clone()}</a> <span class="sub mono">{key.masked.clone()}</span> }
    });
    let project = call.project.as_ref().map(|project| {
        let mut address = UsageAddress::default();
        address.query.filter.project = Some(project.id);
        view! { <a href=address.href(&slug)>{project.name.clone()}</a> }
    });
    let status = call.known_status().map(|status| format!("{status} · "));
    let result = match (call.outcome, call.error_code.as_str()) {
        (outcome, "") => label(outcome).into_any(),
        (outcome, code) => view! { {label(outcome)} <span class="sub mono">{code.to_owned()}</span> }.into_any(),
    };
    let streamed = if call.streamed { "yes" } else { "no" };
    let times = (call.times > 1)
        .then(|| format!("{} within a minute, of which this is the sum", format_count(call.times.into())));
    let used = call.used;
    // Rare quantities have a line only if they were used.
    let rare = [
        ("of them written to the cache", used.cache_write_tokens_in, format_count(used.cache_write_tokens_in)),
        ("of those for an hour", used.cache_write_1h_tokens_in, format_count(used.cache_write_1h_tokens_in)),
        ("Audio tokens in", used.audio_tokens_in, format_count(used.audio_tokens_in)),
        ("Audio tokens out", used.audio_tokens_out, format_count(used.audio_tokens_out)),
        ("Reasoning tokens out", used.reasoning_tokens_out, format_count(used.reasoning_tokens_out)),
        ("Searches", used.searches, format_count(used.searches)),
        ("Tool calls", used.tool_calls, format_count(used.tool_calls)),
        ("Characters spoken", used.characters, format_count(used.characters)),
        ("Service tier", i64::from(used.tier != Tier::Standard), used.tier.name().to_owned()),
        ("Images", used.images, format_count(used.images)),
        ("Seconds of audio or video", used.media_ms, format!("{}.{:03}", used.media_ms / 1000, used.media_ms % 1000)),
        (
            "GB hours stored",
            used.byte_hours,
            format!("{}.{:03}", used.byte_hours / 1_000_000_000, used.byte_hours / 1_000_000 % 1000),
        ),
    ];
    let rare = rare.into_iter().filter(|(_, count, _)| *count > 0);
    let rare = rare.map(|(name, _, text)| view! { <dt>{name}</dt> <dd>{text}</dd> }).collect_any();
    view! {
        <dl class="call-facts">
            <dt>"When"</dt>
            <dd>{moment(&call, &zone)}</dd>
            <dt>"Key"</dt>
            <dd>{key.map_or_else(|| "—".into_any(), IntoAny::into_any)}</dd>
            <dt>"Project"</dt>
            <dd>{project.map_or_else(|| "—".into_any(), IntoAny::into_any)}</dd>
            <dt>"Key made by"</dt>
            <dd>{member.unwrap_or_else(|| "—".to_owned())}</dd>
            <dt>"Model"</dt>
            <dd>{or_dash(&call.model)}</dd>
            <dt>"Endpoint"</dt>
            <dd class="mono">{call.endpoint.clone()}</dd>
            <dt>"Provider"</dt>
            <dd>{or_dash(&call.provider)}</dd>
            <dt>"Outcome"</dt>
            <dd>
                {status} {result}
                {call.known_status().is_none().then(|| view! { <span class="sub">{STOPPED}</span> }.into_any())}
            </dd>
            {times.map(|times| view! { <dt>"Times"</dt> <dd>{times}</dd> }.into_any())}
            <dt>"Streamed"</dt>
            <dd>{streamed}</dd>
            <dt>"Tokens in"</dt>
            <dd>{tokens(&call, call.used.tokens_in)}</dd>
            <dt>"of them cached"</dt>
            <dd>{tokens(&call, call.used.cached_tokens_in)}</dd>
            <dt>"Tokens out"</dt>
            <dd>{tokens(&call, call.used.tokens_out)}</dd>
            {rare}
        </dl>
    }
}

/// The call's time to the millisecond: `17 Nov 2026, 14:32:07.412 CET`.
fn moment(call: &Call, zone: &str) -> impl IntoView + use<> {
    let at = call.started_at;
    let seconds = format_moment(at, zone, TimeStyle::Second);
    let precise = format!("{seconds}.{:03}", at.millis().rem_euclid(1000));
    let exact = format_moment(at, zone, TimeStyle::Exact).replace(&seconds, &precise);
    view! { <time datetime=at.to_string() title=at.to_string()>{exact}</time> }
}

fn tokens(call: &Call, tokens: i64) -> String {
    match (call.measured, call.outcome) {
        (CountSource::Reported, _) => format_count(tokens),
        (CountSource::Contradictory, _) => {
            format!("{}, though what the provider counted contradicts itself", format_count(tokens))
        }
        (CountSource::Estimated, _) => {
            format!("about {}: an estimate, since the provider reported none", format_count(tokens))
        }
        (CountSource::Unknown, Outcome::Refused) => "—".to_owned(),
        (CountSource::Unknown, _) if call.known_status().is_none() => "unknown".to_owned(),
        (CountSource::Unknown, _) => "unknown: the provider reported none".to_owned(),
    }
}
