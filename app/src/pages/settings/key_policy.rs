use domain::{
    api_keys::{HintKind, KeyPolicy, KeyQuery, MAX_LIFE_DAYS},
    organizations::SettingsChanges,
};
use leptos::prelude::*;
use serde::Deserialize;

use super::{
    form::SettingsForm,
    preset_field::{PresetDraft, PresetField, Presets},
};
use crate::{
    addresses::KeysAddress,
    api,
    components::{Notice, RadioCards, Section, SelectOption, Tone},
    pages::usage::plural,
    state::{load_part_when, use_organization},
};

/// Common lifetimes, in days.
const PRESETS: Presets =
    &[("", "No limit"), ("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "1 year")];
const OPTIONAL: &str = "optional";
const REQUIRED: &str = "required";

/// The policy for how long keys may live.
#[component]
pub(super) fn KeyPolicySection(form: SettingsForm) -> impl IntoView {
    let saved_policy = move || form.saved().with_untracked(|saved| saved.key_policy);
    let days_of = |policy: KeyPolicy| policy.longest_life_days.map(|days| days.to_string()).unwrap_or_default();
    let required = RwSignal::new(saved_policy().expiry_required);
    let days = PresetDraft::new(PRESETS, days_of(saved_policy()));
    let changes = Signal::derive(move || {
        let key_policy = KeyPolicy { expiry_required: required.get(), longest_life_days: days.number() };
        SettingsChanges { key_policy: Some(key_policy), ..SettingsChanges::default() }
    });
    form.add(changes, move || {
        let policy = saved_policy();
        required.set(policy.expiry_required);
        days.set(days_of(policy));
    });
    let choices = vec![
        SelectOption::new(OPTIONAL, "Optional").with_description("Keys may never expire."),
        SelectOption::new(REQUIRED, "Required").with_description("New keys must expire."),
    ];
    view! {
        <Section
            id="api-keys"
            title="API keys"
            description="Expiration rules for new keys. Existing keys aren't affected."
        >
            <RadioCards
                name="expiration"
                legend="Expiration"
                value=Signal::derive(move || if required.get() { REQUIRED } else { OPTIONAL }.to_owned())
                choices
                on_change=move |name: String| required.set(name == REQUIRED)
            />
            <PresetField
                name="longest_life_days"
                label="Maximum lifetime"
                custom_label="Maximum lifetime (days)"
                draft=days
                hint=format!("1 to {MAX_LIFE_DAYS} days.")
                error=form.field("longest_life_days")
            />
            <KeysBreakingPolicy form/>
        </Section>
    }
}

/// The number of keys, of all that the answer says.
#[derive(Deserialize)]
struct KeyCount {
    total: i64,
}

/// The number of keys that break the saved policy.
#[component]
fn KeysBreakingPolicy(form: SettingsForm) -> impl IntoView {
    let slug = StoredValue::new(use_organization().slug());
    let query = KeyQuery { hint: Some(HintKind::BreaksPolicy), ..KeyQuery::default() };
    let href = KeysAddress { query: query.clone(), ..KeysAddress::default() }.href(&slug.get_value());
    let policy = Memo::new(move |_| form.saved().with(|saved| saved.key_policy));
    let keys = load_part_when::<_, KeyCount>(move || {
        policy.track();
        Some(api::api_keys::List { organization: slug.get_value(), query: query.clone() })
    });
    let total = Memo::new(move |_| keys.with(|count| count.map_or(0, |count| count.total)));
    move || {
        let (count, text) = match total.get() {
            0 => return None,
            1 => (plural(1, "key"), " breaks this policy"),
            count => (plural(count, "key"), " break this policy"),
        };
        let href = href.clone();
        Some(view! {
            <Notice tone=Tone::Warning>
                <a class="link" href=href>{count} {text}</a>
                ", created before this policy."
            </Notice>
        })
    }
}
