//! Formatting of moments for people: relative with the exact time on hover, or in a given time zone.

use std::{cell::RefCell, collections::HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use domain::{time::Timestamp, usage::parse_day};
use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::state::{use_clock, use_zone};

/// Day before month, and 24 hours: understood wherever English is read.
const LOCALE: &str = "en-GB";
/// Number of days, before and after now, within which moments are shown relative to it.
const RELATIVE_DAYS: i64 = 30;

/// The precision and form of a formatted moment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TimeStyle {
    /// `17 Nov`
    Day,
    /// `Tue 17 Nov`
    Weekday,
    /// `17 Nov 2026`
    Date,
    /// `November 2026`
    Month,
    /// `14:32`
    Minute,
    /// `14:32:07`
    Second,
    /// `17 Nov, 14:32`
    DayMinute,
    /// `17 Nov, 14:32 CET`
    DayMinuteZone,
    /// `17 Nov 2026, 14:32:07 CET`
    Exact,
    /// `17/11/2026, 14:32:07`, to be read by programs.
    Digits,
}

impl TimeStyle {
    /// The options of `Intl.DateTimeFormat` (ECMA-402, section 11).
    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Day => &[("day", "numeric"), ("month", "short")],
            Self::Weekday => &[("weekday", "short"), ("day", "numeric"), ("month", "short")],
            Self::Date => &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
            Self::Month => &[("month", "long"), ("year", "numeric")],
            Self::Minute => &[("hour", "2-digit"), ("minute", "2-digit")],
            Self::Second => &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")],
            Self::DayMinute => &[("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")],
            Self::DayMinuteZone => &[
                ("day", "numeric"),
                ("month", "short"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("timeZoneName", "short"),
            ],
            Self::Exact => &[
                ("day", "numeric"),
                ("month", "short"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("second", "2-digit"),
                ("timeZoneName", "short"),
            ],
            Self::Digits => &[
                ("day", "2-digit"),
                ("month", "2-digit"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("second", "2-digit"),
            ],
        }
    }
}

thread_local! {
    // Making a formatter takes far longer than using one.
    static FORMATTERS: RefCell<HashMap<(String, TimeStyle), Option<Function>>> = RefCell::new(HashMap::new());
}

/// Formats `moment` in `zone`, an IANA time zone; in UTC if the browser doesn't know the zone.
pub fn format_moment(moment: Timestamp, zone: &str, style: TimeStyle) -> String {
    FORMATTERS.with_borrow_mut(|formatters| {
        formatters
            .entry((zone.to_owned(), style))
            .or_insert_with(|| formatter(zone, style).or_else(|| formatter("UTC", style)))
            .as_ref()
            .and_then(|format| format.call1(&JsValue::NULL, &millis(moment).into()).ok())
            .and_then(|text| text.as_string())
            .unwrap_or_else(|| moment.to_string())
    })
}

fn formatter(zone: &str, style: TimeStyle) -> Option<Function> {
    let options = Object::new();
    for (name, value) in style.options().iter().copied().chain([("timeZone", zone), ("hourCycle", "h23")]) {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    // The constructor throws for a zone that it doesn't know, which js_sys's own doesn't catch.
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let class: Function = Reflect::get(&intl, &"DateTimeFormat".into()).ok()?.dyn_into().ok()?;
    let formatter = Reflect::construct(&class, &Array::of2(&LOCALE.into(), &options)).ok()?;
    Reflect::get(&formatter, &"format".into()).ok()?.dyn_into().ok()
}

/// The moment as JavaScript counts time, in milliseconds, which are exact until the year 287396.
#[expect(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
fn millis(moment: Timestamp) -> f64 {
    moment.millis() as f64
}

/// What clocks in `zone` show at `moment`.
fn local_time(moment: Timestamp, zone: &str) -> Option<NaiveDateTime> {
    let text = format_moment(moment, zone, TimeStyle::Digits);
    let mut parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut next = || parts.next()?.parse::<u32>().ok();
    let (day, month, year) = (next()?, next()?, next()?);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    date.and_hms_opt(next()?, next()?, next()?)
}

/// The day that `moment` lies in, in `zone`, in the format of date inputs: `2026-11-17`.
pub fn local_day(moment: Timestamp, zone: &str) -> String {
    local_time(moment, zone).map(|local| local.date().to_string()).unwrap_or_default()
}

/// The last second of a day such as `2026-11-17` in `zone`.
pub fn end_of_day(day: &str, zone: &str) -> Option<Timestamp> {
    let end = parse_day(day)?.and_hms_opt(23, 59, 59)?;
    // Only formatting knows the zone: twice, since its offset may change in between.
    (0..2).try_fold(Timestamp::from(end.and_utc()), |guess, _| {
        let shown = local_time(guess, zone)?;
        Some(guess.plus_millis((end - shown).num_milliseconds()))
    })
}

/// Formats `moment` relative to `now`: `just now`, `3 min ago`, `in 9 days`.
pub fn format_relative(moment: Timestamp, now: Timestamp) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = (moment.millis() - now.millis()) / 1_000;
    let (count, unit) = match seconds.abs() {
        ..10 => return "just now".to_owned(),
        size @ ..MINUTE => (size, "s"),
        size @ ..HOUR => (size / MINUTE, "min"),
        size @ ..DAY => (size / HOUR, "h"),
        size if size < 2 * DAY => (1, "day"),
        size => (size / DAY, "days"),
    };
    if seconds > 0 { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
}

/// Whether a moment is so far from `now`, in the past or the future, that its date says more than the number of days.
pub fn is_far(moment: Timestamp, now: Timestamp) -> bool {
    moment < now.plus_days(-RELATIVE_DAYS) || moment > now.plus_days(RELATIVE_DAYS)
}

/// Formats the time until `moment`: `6 days`, `5 h 12 min`, `40 s`; `None` from that moment on.
pub fn time_left(moment: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = (moment.millis() - now.millis() + 999) / 1_000;
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    Some(match seconds {
        ..1 => return None,
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..172_800 if minutes % 60 == 0 => format!("{hours} h"),
        3_600..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days", hours / 24),
    })
}

/// A zone's readable name: `America/New York`.
pub fn zone_name(zone: &str) -> String {
    zone.replace('_', " ")
}

/// Names the time zone of the page's times, once for a page or a section.
#[component]
pub fn ZoneNote() -> impl IntoView {
    let zone = use_zone();
    view! { <p class="zone-note faint">"Times in " {move || zone.with(|zone| zone_name(zone))}</p> }
}

/// A moment, with the exact time on hover: relative and kept up to date, or as a date if it is [far](is_far) away.
#[component]
pub fn Time(
    at: Timestamp,
    /// IANA time zone of the exact time; by default the page's.
    #[prop(optional, into)]
    zone: Option<String>,
    /// Style to use instead of relative time.
    #[prop(optional, into)]
    style: Option<TimeStyle>,
) -> impl IntoView {
    let clock = use_clock();
    let zone = zone.map_or_else(|| use_zone().into(), Signal::stored);
    let in_style = move |style| zone.with(|zone| format_moment(at, zone, style));
    let text = move || match style {
        Some(style) => in_style(style),
        None if is_far(at, clock.now()) => in_style(TimeStyle::Date),
        None => format_relative(at, clock.now()),
    };
    view! {
        <time datetime=at.to_string() title=move || in_style(TimeStyle::Exact)>
            {text}
        </time>
    }
}
