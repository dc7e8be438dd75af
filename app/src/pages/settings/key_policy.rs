use domain::{
    api_keys::{HintKind, KeyPolicy, KeyQuery},
    organizations::{OrganizationSettings, SettingsChanges},
};
use leptos::prelude::*;

use super::section::{Section, save_settings};
use crate::{
    addresses::KeysAddress,
    api,
    components::{Field, Notice, RadioCards, Segmented, SelectOption, Tone},
    layout::Unsaved,
    pages::usage::plural,
    state::{load, use_organization},
};

/// Suggested lifetimes, in days; any other number can be typed.
const LIFE_OPTIONS: [(&str, &str); 5] =
    [("", "No limit"), ("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "1 year")];
const OPTIONAL: &str = "optional";
const REQUIRED: &str = "required";

/// The policy for how long keys may live.
#[component]
pub(super) fn KeyPolicySection(saved: RwSignal<OrganizationSettings>, unsaved: Unsaved) -> impl IntoView {
    let saved_policy = move || saved.with(|saved| saved.key_policy);
    let days_of = |policy: KeyPolicy| policy.longest_life_days.map(|days| days.to_string()).unwrap_or_default();
    let required = RwSignal::new(untrack(saved_policy).expiry_required);
    let days = RwSignal::new(days_of(untrack(saved_policy)));
    let save = save_settings(saved);
    let changes = Signal::derive(move || {
        let longest_life_days = days.with(|days| {
            let days = days.trim();
            // Text that isn't a number becomes 0, which validation rejects.
            (!days.is_empty()).then(|| days.parse().unwrap_or_default())
        });
        let key_policy = KeyPolicy { expiry_required: required.get(), longest_life_days };
        SettingsChanges { key_policy: Some(key_policy), ..SettingsChanges::default() }
    });
    let expiry_options = vec![
        SelectOption::new(OPTIONAL, "Optional").with_description("A key may be made that never expires."),
        SelectOption::new(REQUIRED, "Required").with_description("Every new key must have an end."),
    ];
    let life_options: Vec<_> = LIFE_OPTIONS.into_iter().map(|(days, label)| SelectOption::new(days, label)).collect();
    view! {
        <Section
            title="API keys"
            description="How long keys may live. It counts for those that are made from now on; what exists goes on working."
            save
            saved
            changes
            fields=&["longest_life_days"]
            unsaved
            on_discard=move || {
                let policy = saved_policy();
                required.set(policy.expiry_required);
                days.set(days_of(policy));
            }
        >
            <RadioCards
                name="expiry"
                legend="Expiry"
                value=Signal::derive(move || if required.get() { REQUIRED } else { OPTIONAL }.to_owned())
                choices=expiry_options
                on_change=move |name: String| required.set(name == REQUIRED)
            />
            <Segmented label="Common lives" value=days choices=life_options on_change=move |life: String| days.set(life)/>
            <Field
                name="longest_life_days"
                label="Longest life in days"
                kind="number"
                value=days
                optional=true
                hint="Of keys that expire: from their making to their end."
                error=save.field("longest_life_days")
            />
            <KeysBreakingPolicy saved/>
        </Section>
    }
}

/// The number of keys that break the saved policy.
#[component]
fn KeysBreakingPolicy(saved: RwSignal<OrganizationSettings>) -> impl IntoView {
    let slug = StoredValue::new(use_organization().slug());
    let query = KeyQuery { hint: Some(HintKind::BreaksPolicy), ..KeyQuery::default() };
    let href = KeysAddress { query: query.clone(), ..KeysAddress::default() }.href(&slug.get_value());
    let policy = Memo::new(move |_| saved.with(|saved| saved.key_policy));
    let keys = load(move || {
        policy.track();
        api::api_keys::List { organization: slug.get_value(), query: query.clone() }
    });
    let total = Memo::new(move |_| keys.with(|page| page.map_or(0, |page| page.total)));
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
                ", made before it was decided."
            </Notice>
        })
    }
}
