//! Texts for the bars above the list of calls.

use domain::calls::{CallActivity, CallCounts};

use crate::{
    components::{TimeStyle, format_count, format_moment, zone_name},
    pages::usage::plural,
};

/// The sum of counts.
pub(super) fn sum(counts: &[CallCounts]) -> CallCounts {
    counts.iter().fold(CallCounts::default(), |sum, counts| CallCounts {
        succeeded: sum.succeeded + counts.succeeded,
        errors: sum.errors + counts.errors,
        rejected: sum.rejected + counts.rejected,
    })
}

/// The counts as text, such as `1,204 calls · 12 errors · 3 rejected`. Rejected calls aren't among the calls, as in
/// usage.
pub(super) fn describe_counts(counts: CallCounts) -> String {
    let calls = plural(counts.succeeded + counts.errors, "call");
    let errors = (counts.errors > 0).then(|| format!(" · {}", plural(counts.errors, "error")));
    let rejected = (counts.rejected > 0).then(|| format!(" · {} rejected", format_count(counts.rejected)));
    format!("{calls}{}{}", errors.unwrap_or_default(), rejected.unwrap_or_default())
}

/// The time from one bar to another: `Tue 17 Nov, 14:00 – 15:00`, or its days.
pub(super) fn describe_bars(activity: &CallActivity, first: usize, last: usize, zone: &str) -> String {
    let (from, to) = (activity.span(first).0, activity.span(last).1);
    let in_style = |moment, style| format_moment(moment, zone, style);
    let last = to.plus_millis(-1);
    let (first_day, last_day) = (in_style(from, TimeStyle::Weekday), in_style(last, TimeStyle::Weekday));
    let midnight = |moment| in_style(moment, TimeStyle::Second) == "00:00:00";
    if midnight(from) && midnight(to) {
        return if first_day == last_day { first_day } else { format!("{first_day} – {last_day}") };
    }
    if first_day != last_day {
        return format!("{} – {}", in_style(from, TimeStyle::DayMinute), in_style(to, TimeStyle::DayMinute));
    }
    let style = if (to.millis() - from.millis()) % 60_000 == 0 { TimeStyle::Minute } else { TimeStyle::Second };
    format!("{first_day}, {} – {}", in_style(from, style), in_style(to, style))
}

/// The time of all bars, with the zone.
pub(super) fn describe_all(activity: &CallActivity, zone: &str) -> String {
    let Some(first) = activity.starts.first() else { return String::new() };
    let in_style = |moment, style| format_moment(moment, zone, style);
    let last = activity.end.plus_millis(-1);
    let (from, to) = (in_style(*first, TimeStyle::Day), in_style(last, TimeStyle::Day));
    let days = if from == to {
        format!("{from}, {} – {}", in_style(*first, TimeStyle::Minute), in_style(activity.end, TimeStyle::Minute))
    } else {
        format!("{from} – {to}")
    };
    format!("{days}, {}", zone_name(zone))
}
