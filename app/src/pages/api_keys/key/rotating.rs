use domain::api_keys::ApiKey;
use leptos::prelude::*;

use crate::{
    components::{Button, Icon, IconView, TimeStyle, format_moment, time_left},
    pages::api_keys::{
        actions::{KeyAction, KeyActions},
        may_manage,
        rotate::OldSecretUse,
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
    let (key_to_end, key_to_extend) = (key.clone(), key.clone());
    Some(view! {
        <section class="card rotating" aria-labelledby="rotating">
            <header>
                <IconView icon=Icon::Refresh/>
                <div>
                    <h2 id="rotating">"Rotating: " {left}</h2>
                    <p>
                        "Both secrets work until " {end} ": the new " <span class="mono">{key.masked.clone()}</span>
                        " and the old " <span class="mono">{old.masked.clone()}</span> "."
                    </p>
                </div>
            </header>
            <OldSecretUse key/>
            {may_change.then(|| view! {
                <footer>
                    <Button icon=Icon::Check on_press=move || actions.open(KeyAction::EndOldSecret(key_to_end.clone()))>"End now"</Button>
                    <Button icon=Icon::Clock on_press=move || actions.open(KeyAction::ChangeGrace(key_to_extend.clone()))>"Extend"</Button>
                </footer>
            })}
        </section>
    })
}
