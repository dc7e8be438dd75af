use domain::api_keys::ApiKey;
use leptos::prelude::*;

use crate::{
    components::{Button, Icon, IconView, TimeStyle, format_moment, time_left},
    pages::api_keys::{
        actions::{Deed, Deeds},
        may_manage,
        rotate::OldSecretUse,
    },
    state::{browser_time_zone, use_clock, use_organization},
};

/// How far a rotation is: how long the old secret still works, who uses it, and what to do about it.
#[component]
pub(super) fn Rotating(key: ApiKey, deeds: Deeds) -> impl IntoView {
    let clock = use_clock();
    let old = key.old_secret.clone()?;
    let may_change = may_manage(use_organization(), key.level);
    let left =
        move || time_left(old.ends_at, clock.now()).map_or_else(|| "ended".to_owned(), |left| format!("{left} left"));
    let end = format_moment(old.ends_at, &browser_time_zone(), TimeStyle::DayMinute);
    let (ended, extended) = (key.clone(), key.clone());
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
                    <Button icon=Icon::Check on_press=move || deeds.ask(Deed::End(ended.clone()))>"End now"</Button>
                    <Button icon=Icon::Clock on_press=move || deeds.ask(Deed::Extend(extended.clone()))>"Extend"</Button>
                </footer>
            })}
        </section>
    })
}
