use domain::api_keys::{ApiKey, Level};
use leptos::prelude::*;

use crate::{
    components::{CopyButton, Time, TimeStyle, format_count},
    lean::CollectAny,
    pages::api_keys::badges::{Expiry, LastUsed},
};

/// A key's settings.
#[component]
pub(super) fn Facts(key: ApiKey) -> impl IntoView {
    let dim = |text: &'static str| view! { <span class="dim">{text}</span> }.into_any();
    let list = |items: Vec<String>, none: &'static str| match items.is_empty() {
        true => dim(none),
        false => items.into_iter().map(|item| view! { <span class="fact-item">{item}</span> }).collect_any().into_any(),
    };
    let all_scopes = match key.level {
        Level::Read => "Reading usage",
        Level::Standard => "All of inference",
        Level::Admin => "Everything",
    };
    let project = match &key.project {
        Some(project) => project.name.clone().into_any(),
        None => dim("All"),
    };
    let models = match key.level.may_call_models() {
        true => list(key.models.clone(), "All, also new ones"),
        false => dim("None"),
    };
    let reminder = match key.rotate_every_days {
        Some(days) => format!("every {days} days").into_any(),
        None => dim("none"),
    };
    let limit = |limit: Option<u32>| match limit {
        Some(limit) => format_count(limit.into()).into_any(),
        None => dim("No limit of its own"),
    };
    let id = key.id.to_string();
    let by = key.created_by.as_ref().map(|creator| view! { <span class="sub">"by " {creator.name.clone()}</span> });
    view! {
        <section class="card key-facts" aria-labelledby="settings">
            <h2 id="settings">"Settings"</h2>
            <dl>
                <dt>"Level"</dt>
                <dd>{key.level.label()}</dd>
                <dt>"Project"</dt>
                <dd>{project}</dd>
                <dt>"Scopes"</dt>
                <dd>{list(key.scopes.iter().map(|scope| scope.label().to_owned()).collect(), all_scopes)}</dd>
                <dt>"Models"</dt>
                <dd>{models}</dd>
                <dt>"Used from"</dt>
                <dd>{list(key.ip_allowlist.iter().map(ToString::to_string).collect(), "Anywhere")}</dd>
                <dt>"Calls a minute"</dt>
                <dd>{limit(key.rate_limits.calls_per_minute)}</dd>
                <dt>"Tokens a minute"</dt>
                <dd>{limit(key.rate_limits.tokens_per_minute)}</dd>
                <dt>"Expires"</dt>
                <dd><Expiry at=key.expires_at/></dd>
                <dt>"Created"</dt>
                <dd><Time at=key.created_at style=TimeStyle::Date/> {by}</dd>
                <dt>"Secret made"</dt>
                <dd><Time at=key.rotated_at/></dd>
                <dt>"Reminder to rotate"</dt>
                <dd>{reminder}</dd>
                <dt>"Last used"</dt>
                <dd><LastUsed used=key.last_use/></dd>
                <dt>"Id"</dt>
                <dd class="fact-id"><code>{id.clone()}</code> <CopyButton text=id name="id" bare=true/></dd>
            </dl>
        </section>
    }
}
