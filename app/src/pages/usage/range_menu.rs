use chrono::{NaiveDate, NaiveTime};
use domain::usage::Range;
use leptos::prelude::*;

use super::days::DaysDialog;
use crate::{
    components::{Icon, IconView, Menu, MenuAction, MenuLink, TimeStyle, format_moment},
    lean::CollectAny,
    state::use_go,
};

/// A menu of ranges: presets, or custom dates.
#[component]
pub(crate) fn RangeMenu(
    /// The current range; `None` if it isn't given in days.
    range: Memo<Option<Range>>,
    /// The button's name of the current range.
    name: Memo<String>,
    /// The page's address with another range; with any time for `None`.
    href: Callback<(Option<Range>,), String>,
    /// Whether the menu offers any time.
    #[prop(optional)]
    any_time: bool,
) -> impl IntoView {
    let go = use_go();
    let dialog_open = RwSignal::new(false);
    let preset = move |preset: Option<Range>| {
        // A range given in moments is neither any time nor a preset.
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
            <MenuAction
                on_press=move || dialog_open.set(true)
                current=Signal::derive(move || matches!(range.get(), Some(Range::Custom(_) | Range::Between(_))))
            >
                "Custom range…"
            </MenuAction>
        </Menu>
        <DaysDialog open=dialog_open range on_choose=move |(days,)| go.to(href.run((Some(Range::Custom(days)),)))/>
    }
}

/// Name of the range without bounds.
pub(crate) const ANY_TIME: &str = "Any time";

/// A range's name, where times are in `zone`: `Last 7 days`, `Tue 17 Nov, 14:00 – 15:00`.
pub(crate) fn range_name_in(range: Range, zone: &str) -> String {
    let Range::Between(minutes) = range else { return range_name(range) };
    let in_style = |moment, style| format_moment(moment, zone, style);
    let (from, to) = (minutes.from(), minutes.to());
    let same_day = in_style(from, TimeStyle::Date) == in_style(to.plus_millis(-1), TimeStyle::Date);
    if same_day {
        let [begin, end] = [from, to].map(|moment| in_style(moment, TimeStyle::Minute));
        return format!("{}, {begin} – {end}", in_style(from, TimeStyle::Weekday));
    }
    format!("{} – {}", in_style(from, TimeStyle::DayMinute), in_style(to, TimeStyle::DayMinute))
}

/// A range's name: `Last 7 days`, `1 Nov 2026 – 17 Nov 2026`.
pub(crate) fn range_name(range: Range) -> String {
    match range {
        Range::Custom(days) if days.first() == days.last() => format_day(days.first()),
        Range::Custom(days) => format!("{} – {}", format_day(days.first()), format_day(days.last())),
        preset => preset.label().to_owned(),
    }
}

/// Formats a day as `17 Nov 2026`.
fn format_day(day: NaiveDate) -> String {
    format_moment(day.and_time(NaiveTime::MIN).and_utc().into(), "UTC", TimeStyle::Date)
}
