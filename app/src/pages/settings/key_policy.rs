use domain::{
    api_keys::{HintKind, KeyPolicy, KeyQuery},
    organizations::{Settings, SettingsChanges},
};
use leptos::prelude::*;

use super::section::{Section, save};
use crate::{
    addresses::KeysAddress,
    api,
    components::{Choice, Field, Notice, RadioCards, Segmented, Tone},
    layout::Unsaved,
    pages::usage::plural,
    state::{load, use_organization},
};

/// The lives that are offered, in days; any other number can be typed.
const LIVES: [(&str, &str); 5] =
    [("", "No limit"), ("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "1 year")];
const OPTIONAL: &str = "optional";
const REQUIRED: &str = "required";

/// How long keys may live.
#[component]
pub(super) fn KeyPolicySection(saved: RwSignal<Settings>, unsaved: Unsaved) -> impl IntoView {
    let kept = move || saved.with(|saved| saved.key_policy);
    let days_of = |policy: KeyPolicy| policy.longest_life_days.map(|days| days.to_string()).unwrap_or_default();
    let required = RwSignal::new(untrack(kept).expiry_required);
    let days = RwSignal::new(days_of(untrack(kept)));
    let save = save(saved);
    let chosen = Signal::derive(move || {
        let longest_life_days = days.with(|days| {
            let days = days.trim();
            // What is no number is no number of days that is allowed.
            (!days.is_empty()).then(|| days.parse().unwrap_or_default())
        });
        let key_policy = KeyPolicy { expiry_required: required.get(), longest_life_days };
        SettingsChanges { key_policy: Some(key_policy), ..SettingsChanges::default() }
    });
    let expiry = vec![
        Choice::new(OPTIONAL, "Optional").described("A key may be made that never expires."),
        Choice::new(REQUIRED, "Required").described("Every new key must have an end."),
    ];
    let lives: Vec<_> = LIVES.into_iter().map(|(days, label)| Choice::new(days, label)).collect();
    view! {
        <Section
            title="API keys"
            description="How long keys may live. It counts for those that are made from now on; what exists goes on working."
            save
            saved
            chosen
            fields=&["longest_life_days"]
            unsaved
            on_discard=move || {
                let policy = kept();
                required.set(policy.expiry_required);
                days.set(days_of(policy));
            }
        >
            <RadioCards
                name="expiry"
                legend="Expiry"
                value=Signal::derive(move || if required.get() { REQUIRED } else { OPTIONAL }.to_owned())
                choices=expiry
                on_change=move |name: String| required.set(name == REQUIRED)
            />
            <Segmented label="Common lives" value=days choices=lives on_change=move |life: String| days.set(life)/>
            <Field
                name="longest_life_days"
                label="Longest life in days"
                kind="number"
                value=days
                optional=true
                hint="Of keys that expire: from their making to their end."
                error=save.field("longest_life_days")
            />
            <Breaking saved/>
        </Section>
    }
}

/// How many keys break the policy that is saved.
#[component]
fn Breaking(saved: RwSignal<Settings>) -> impl IntoView {
    let slug = StoredValue::new(use_organization().slug());
    let breaking = KeyQuery { hint: Some(HintKind::BreaksPolicy), ..KeyQuery::default() };
    let href = KeysAddress { query: breaking.clone(), ..KeysAddress::default() }.href(&slug.get_value());
    let policy = Memo::new(move |_| saved.with(|saved| saved.key_policy));
    let keys = load(move || {
        policy.track();
        api::api_keys::List { organization: slug.get_value(), query: breaking.clone() }
    });
    let total = Memo::new(move |_| keys.with(|page| page.map_or(0, |page| page.total)));
    move || {
        let (count, break_it) = match total.get() {
            0 => return None,
            1 => (plural(1, "key"), " breaks this policy"),
            many => (plural(many, "key"), " break this policy"),
        };
        let href = href.clone();
        Some(view! {
            <Notice tone=Tone::Warning>
                <a class="link" href=href>{count} {break_it}</a>
                ", made before it was decided."
            </Notice>
        })
    }
}
