use chrono::{NaiveDate, NaiveTime};
use domain::usage::Range;
use leptos::prelude::*;

use super::{controls::with_range, days::DaysDialog};
use crate::{
    addresses::UsageAddress,
    components::{CollectAny, Icon, IconView, Menu, MenuAct, MenuLink, TimeStyle, format_moment},
    state::{use_go, use_organization},
};

/// Which days are shown: presets, or any.
#[component]
pub(super) fn RangeMenu(address: Memo<UsageAddress>) -> impl IntoView {
    let (go, organization) = (use_go(), use_organization());
    let range = Memo::new(move |_| address.with(|address| address.query.range));
    let href = move |range| UsageAddress { query: with_range(address.get().query, range) }.href(&organization.slug());
    let choosing = RwSignal::new(false);
    let name = move || match range.get() {
        Range::Custom(days) if days.first() == days.last() => day(days.first()),
        Range::Custom(days) => format!("{} – {}", day(days.first()), day(days.last())),
        preset => preset.label().to_owned(),
    };
    let preset = move |preset: Range| {
        view! {
            <MenuLink href=Signal::derive(move || href(preset)) current=Signal::derive(move || range.get() == preset)>
                {preset.label()}
            </MenuLink>
        }
    };
    view! {
        <Menu
            label=Signal::derive(move || format!("Range: {}", name()))
            class="button"
            trigger=move || view! { <span>{name}</span> <IconView icon=Icon::ChevronDown/> }
        >
            {Range::PRESETS.into_iter().map(preset).collect_any()}
            <MenuAct
                on_press=move || choosing.set(true)
                current=Signal::derive(move || matches!(range.get(), Range::Custom(_)))
            >
                "Custom days…"
            </MenuAct>
        </Menu>
        <DaysDialog open=choosing range on_choose=move |(days,)| go.to(href(Range::Custom(days)))/>
    }
}

/// `17 Nov 2026`.
fn day(day: NaiveDate) -> String {
    format_moment(day.and_time(NaiveTime::MIN).and_utc().into(), "UTC", TimeStyle::Date)
}
