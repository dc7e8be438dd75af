use chrono::{NaiveDate, NaiveTime};
use domain::usage::Range;
use leptos::prelude::*;

use super::days::DaysDialog;
use crate::{
    components::{CollectAny, Icon, IconView, Menu, MenuAct, MenuLink, TimeStyle, format_moment},
    state::use_go,
};

/// Which days are shown: presets, or any.
#[component]
pub(crate) fn RangeMenu(
    /// `None` where it isn't said in days.
    range: Memo<Option<Range>>,
    /// How the button calls what is shown.
    name: Memo<String>,
    /// The page for other days; for any time with `None`.
    href: Callback<(Option<Range>,), String>,
    /// Whether all times can be shown at once.
    #[prop(optional)]
    any_time: bool,
) -> impl IntoView {
    let go = use_go();
    let choosing = RwSignal::new(false);
    let preset = move |preset: Option<Range>| {
        // What is shown in moments is neither any time nor a preset.
        let current = move || range.get() == preset && (preset.is_some() || name.with(|name| name == ANY_TIME));
        view! {
            <MenuLink href=Signal::derive(move || href.run((preset,))) current=Signal::derive(current)>
                {preset.map_or(ANY_TIME, Range::label)}
            </MenuLink>
        }
    };
    let presets = any_time.then_some(None).into_iter().chain(Range::PRESETS.map(Some));
    view! {
        <Menu
            label=Signal::derive(move || format!("Range: {}", name.get()))
            class="button"
            trigger=move || view! { <span>{name}</span> <IconView icon=Icon::ChevronDown/> }
        >
            {presets.map(preset).collect_any()}
            <MenuAct
                on_press=move || choosing.set(true)
                current=Signal::derive(move || matches!(range.get(), Some(Range::Custom(_))))
            >
                "Custom days…"
            </MenuAct>
        </Menu>
        <DaysDialog open=choosing range on_choose=move |(days,)| go.to(href.run((Some(Range::Custom(days)),)))/>
    }
}

/// What a range that has no bounds is called.
pub(crate) const ANY_TIME: &str = "Any time";

/// `Last 7 days`, `1 Nov 2026 – 17 Nov 2026`.
pub(crate) fn range_name(range: Range) -> String {
    match range {
        Range::Custom(days) if days.first() == days.last() => day(days.first()),
        Range::Custom(days) => format!("{} – {}", day(days.first()), day(days.last())),
        preset => preset.label().to_owned(),
    }
}

/// `17 Nov 2026`.
fn day(day: NaiveDate) -> String {
    format_moment(day.and_time(NaiveTime::MIN).and_utc().into(), "UTC", TimeStyle::Date)
}
