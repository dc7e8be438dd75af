use domain::api_keys::{ApiKey, Level};
use leptos::prelude::*;

use crate::{
    components::{CopyButton, Fold, Name, Time, TimeStyle, format_count},
    lean::{CollectAny, upper_case},
    pages::api_keys::badges::{Expiry, LastUsed},
};

/// A setting of a key: its value, or what its default means.
struct Setting {
    label: &'static str,
    /// `None` for the default.
    value: Option<AnyView>,
    /// The default in a few words, in lower case.
    default: &'static str,
}

impl Setting {
    fn items(label: &'static str, items: Vec<String>, default: &'static str) -> Self {
        let item = |item: String| view! { <span class="fact-item">{item}</span> };
        let value = (!items.is_empty()).then(|| items.into_iter().map(item).collect_any().into_any());
        Self { label, value, default }
    }

    fn text(label: &'static str, value: Option<String>, default: &'static str) -> Self {
        Self { label, value: value.map(|value| value.into_any()), default }
    }
}

/// A key's settings, those at their defaults folded.
#[component]
pub(super) fn Facts(key: ApiKey) -> impl IntoView {
    let project = match &key.project {
        Some(project) => view! { <Name name=project.name.clone()/> }.into_any(),
        None => view! { <span class="dim">"All"</span> }.into_any(),
    };
    let (set, defaults): (Vec<_>, Vec<_>) = settings(&key).into_iter().partition(|setting| setting.value.is_some());
    let set = set.into_iter().map(|Setting { label, value, .. }| view! { <dt>{label}</dt> <dd>{value}</dd> });
    let id = key.id.to_string();
    let by = key.created_by.map(|creator| view! { <span class="sub">"by " <Name name=creator.name/></span> });
    let rotated = (key.rotated_at != key.created_at).then(|| {
        view! { <dt>"Last rotated"</dt> <dd><Time at=key.rotated_at/></dd> }
    });
    view! {
        <section class="card key-facts" aria-labelledby="settings">
            <h2 id="settings">"Settings"</h2>
            <dl>
                <dt>"Type"</dt>
                <dd>{key.level.label()}</dd>
                <dt>"Project"</dt>
                <dd>{project}</dd>
                {set.collect_any()}
                <dt>"Expiration"</dt>
                <dd><Expiry at=key.expires_at/></dd>
                <dt>"Last used"</dt>
                <dd><LastUsed used=key.last_use/></dd>
                {rotated}
                <dt>"Created"</dt>
                <dd><Time at=key.created_at style=TimeStyle::Date/> {by}</dd>
                <dt>"ID"</dt>
                <dd class="fact-id"><code>{id.clone()}</code> <CopyButton text=id name="ID" bare=true/></dd>
            </dl>
            {(!defaults.is_empty()).then(|| view! { <Defaults settings=defaults/> })}
        </section>
    }
}

/// The settings that a key can leave at their defaults.
fn settings(key: &ApiKey) -> Vec<Setting> {
    let scopes = key.scopes.iter().map(|scope| scope.label().to_owned()).collect();
    let networks = key.ip_allowlist.iter().map(ToString::to_string).collect();
    let limit = |limit: Option<u32>| limit.map(|limit| format_count(limit.into()));
    let reminder = key.rotate_every_days.map(|days| format!("Every {days} days"));
    let all_scopes = match key.level {
        Level::Read => "read usage",
        Level::Standard | Level::Admin => "all permissions",
    };
    let mut settings = vec![Setting::items("Permissions", scopes, all_scopes)];
    if key.level.may_call_models() {
        settings.push(Setting::items("Models", key.models.clone(), "all models"));
    }
    settings.push(Setting::items("Allowed IPs", networks, "any IP"));
    if key.level.may_call_models() {
        let limits = key.rate_limits;
        settings.push(Setting::text("Requests per minute", limit(limits.calls_per_minute), "no key limit"));
        settings.push(Setting::text("Tokens per minute", limit(limits.tokens_per_minute), "no key limit"));
        // As the organization has it is no default of the key's own, so that only the exception is shown.
        if key.metadata_only {
            settings.push(Setting::text("Bodies of calls", Some("Metadata only".to_owned()), ""));
        }
    }
    settings.push(Setting::text("Rotation reminder", reminder, "no reminder"));
    settings
}

/// The settings at their defaults, behind one line that sums them up.
#[component]
fn Defaults(settings: Vec<Setting>) -> impl IntoView {
    let mut texts: Vec<_> = settings.iter().map(|setting| setting.default).collect();
    texts.dedup();
    let rows = settings.into_iter().map(|setting| {
        view! { <dt>{setting.label}</dt> <dd class="dim">{capitalize(setting.default)}</dd> }
    });
    view! {
        <Fold title="Defaults" summary=capitalize(&texts.join(", "))>
            <dl>{rows.collect_any()}</dl>
        </Fold>
    }
}

fn capitalize(text: &str) -> String {
    text.split_at_checked(1).map_or_else(String::new, |(first, rest)| upper_case(first) + rest)
}
