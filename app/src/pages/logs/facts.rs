use domain::{
    calls::{Call, CallDetails, CountSource, Outcome},
    money::Tier,
    usage::{TagFilter, TagName},
};
use leptos::prelude::*;

use crate::{
    addresses::{LogsAddress, UsageAddress},
    components::{CopyButton, Name, format_count},
    lean::CollectAny,
    state::use_organization,
};

/// Why a call's outcome is unknown.
const STOPPED: &str = "The server stopped while this call ran, so what the client got isn't known.";

/// A call's IDs, project, endpoint, provider and usage.
#[component]
pub(super) fn Facts(details: CallDetails) -> impl IntoView {
    let slug = use_organization().slug();
    let CallDetails { call, member, client_request_id, .. } = details;
    let project = call.project.clone().map(|project| {
        let mut address = UsageAddress::default();
        address.query.filter.projects = vec![project.id];
        view! { <a href=address.href(&slug)><Name name=project.name/></a> }
    });
    let member = member.map(|member| view! { <Name name=member/> });
    let provider = (!call.provider.is_empty()).then(|| call.provider.clone());
    let id = call.id.to_string();
    let stopped = call.known_status().is_none().then(|| view! { <dt>"Outcome"</dt> <dd>{STOPPED}</dd> }.into_any());
    let times = (call.times > 1).then(|| {
        let count = format!("{}, within a minute", format_count(call.times.into()));
        view! { <dt>"Calls in this row"</dt> <dd>{count}</dd> }.into_any()
    });
    let request = client_request_id.map(|id| {
        view! {
            <dt>"Client request ID"</dt>
            <dd><code>{id.clone()}</code> <CopyButton text=Signal::stored(id) name="client request ID" bare=true/></dd>
        }
        .into_any()
    });
    view! {
        <section class="call-details">
            <h3>"Details"</h3>
            <dl class="call-facts">
                <dt>"ID"</dt>
                <dd><code>{id.clone()}</code> <CopyButton text=Signal::stored(id) name="ID" bare=true/></dd>
                {request}
                {stopped}
                {times}
                <dt>"Project"</dt>
                <dd>{or_dash(project)}</dd>
                <dt>"Key created by"</dt>
                <dd>{or_dash(member)}</dd>
                <dt>"Endpoint"</dt>
                <dd class="mono">{call.endpoint.clone()}</dd>
                <dt>"Provider"</dt>
                <dd>{or_dash(provider)}</dd>
                <dt>"Streamed"</dt>
                <dd>{if call.streamed { "Yes" } else { "No" }}</dd>
                {(call.outcome != Outcome::Refused).then(|| token_counts(&call))}
                {rare_quantities(&call)}
                {tag_lines(&call, &slug)}
            </dl>
        </section>
    }
}

/// The view of a fact, or a dash if it is unknown.
fn or_dash(fact: Option<impl IntoView + 'static>) -> AnyView {
    fact.map_or_else(|| "—".into_any(), IntoAny::into_any)
}

/// The lines of a call's tokens.
fn token_counts(call: &Call) -> AnyView {
    let used = call.used;
    let lines =
        [("Input tokens", used.tokens_in), ("Cached", used.cached_tokens_in), ("Output tokens", used.tokens_out)];
    let line = |(name, count)| view! { <dt>{name}</dt> <dd>{tokens(call, count)}</dd> };
    lines.into_iter().map(line).collect_any().into_any()
}

/// The lines of a call's tags, each with a link to the calls that have it.
fn tag_lines(call: &Call, slug: &str) -> AnyView {
    let line = |(name, value): (&TagName, &str)| {
        let mut address = LogsAddress::default();
        address.filter.tags.push(TagFilter { name: name.clone(), value: value.to_owned() });
        view! { <dt>{format!("Tag {name}")}</dt> <dd><a href=address.href(slug)><Name name=value/></a></dd> }
    };
    call.tags.iter().map(line).collect_any().into_any()
}

/// The lines of quantities that few calls have.
fn rare_quantities(call: &Call) -> AnyView {
    let used = call.used;
    let thousandths = |count: i64, unit: i64| format!("{}.{:03}", count / unit, count % unit * 1000 / unit);
    let lines = [
        ("Written to cache", used.cache_write_tokens_in, format_count(used.cache_write_tokens_in)),
        ("Written to cache for 1 hour", used.cache_write_1h_tokens_in, format_count(used.cache_write_1h_tokens_in)),
        ("Audio input tokens", used.audio_tokens_in, format_count(used.audio_tokens_in)),
        ("Audio output tokens", used.audio_tokens_out, format_count(used.audio_tokens_out)),
        ("Reasoning tokens", used.reasoning_tokens_out, format_count(used.reasoning_tokens_out)),
        ("Searches", used.searches, format_count(used.searches)),
        ("Tool calls", used.tool_calls, format_count(used.tool_calls)),
        ("Characters spoken", used.characters, format_count(used.characters)),
        ("Service tier", i64::from(used.tier != Tier::Standard), used.tier.name().to_owned()),
        ("Images", used.images, format_count(used.images)),
        ("Seconds of audio or video", used.media_ms, thousandths(used.media_ms, 1_000)),
        ("GB hours stored", used.byte_hours, thousandths(used.byte_hours, 1_000_000_000)),
    ];
    let lines = lines.into_iter().filter(|(_, count, _)| *count > 0);
    lines.map(|(name, _, text)| view! { <dt>{name}</dt> <dd>{text}</dd> }).collect_any().into_any()
}

fn tokens(call: &Call, tokens: i64) -> String {
    match call.measured {
        CountSource::Reported => format_count(tokens),
        CountSource::Contradictory => format!("{} (the provider's counts contradict each other)", format_count(tokens)),
        CountSource::Estimated => format!("about {} (estimated; the provider reported none)", format_count(tokens)),
        CountSource::Unknown if call.known_status().is_none() => "Unknown".to_owned(),
        CountSource::Unknown => "Unknown (the provider reported none)".to_owned(),
    }
}
