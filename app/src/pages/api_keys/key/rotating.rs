use domain::api_keys::ApiKey;
use leptos::prelude::*;

use crate::{
    components::{Button, Icon, IconView, Time, TimeStyle, format_moment, time_left},
    pages::api_keys::{
        actions::{KeyAction, KeyActions},
        badges::old_secret_used_at,
        may_manage,
    },
    state::{use_clock, use_organization, use_zone},
};

/// The state of a rotation: time left for the old secret, its last use, and the actions on it.
#[component]
pub(super) fn Rotating(key: ApiKey, actions: KeyActions) -> impl IntoView {
    let clock = use_clock();
    let old = key.old_secret.clone()?;
    let may_change = may_manage(use_organization(), key.level);
    let left =
        move || time_left(old.ends_at, clock.now()).map_or_else(|| "ended".to_owned(), |left| format!("{left} left"));
    let zone = use_zone();
    let end = move || zone.with(|zone| format_moment(old.ends_at, zone, TimeStyle::DayMinuteZone));
    let used = old_secret_used_at(&key, &old);
    let use_of_old = match used {
        Some(at) => view! { "is still in use, last " <Time at/> "." }.into_any(),
        None => "hasn't been used since the rotation.".into_any(),
    };
    let (key_to_end, key_to_extend) = (key.clone(), key);
    Some(view! {
        <section class="card rotating" class:warning=used.is_some() aria-labelledby="rotating">
            <IconView icon=Icon::Refresh/>
            <h2 id="rotating">"Rotating: " {left}</h2>
            <p>
                "Both secrets work until " {end} ". The old one, " <span class="mono">{old.masked.clone()}</span> ", "
                {use_of_old}
            </p>
            {may_change.then(|| view! {
                <div class="rotating-actions">
                    <Button icon=Icon::Clock on_press=move || actions.open(KeyAction::ChangeGrace(key_to_extend.clone()))>"Extend"</Button>
                    <Button icon=Icon::Check on_press=move || actions.open(KeyAction::EndOldSecret(key_to_end.clone()))>"End now"</Button>
                </div>
            })}
        </section>
    })
}
