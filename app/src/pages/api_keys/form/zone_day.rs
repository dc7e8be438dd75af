//! Days in a time zone, by the browser's own tables.

use domain::time::Timestamp;
use js_sys::{Date, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The last second of a day such as `2026-11-17` in `zone`.
pub(super) fn end_of_day(day: &str, zone: &str) -> Option<Timestamp> {
    let end = parse(&format!("{day}T23:59:59Z"))?;
    // Where clocks change on that day, the first guess may have another offset than the end itself.
    let guess = end.plus_millis(-zone_offset(end, zone));
    Some(end.plus_millis(-zone_offset(guess, zone)))
}

/// The day in `zone` that `moment` lies in, in the format of date inputs.
pub(super) fn format_day(moment: Timestamp, zone: &str) -> String {
    let mut text = moment.plus_millis(zone_offset(moment, zone)).to_string();
    text.truncate("2026-11-17".len());
    text
}

/// Milliseconds by which clocks in `zone` are ahead of UTC; 0 if the browser doesn't know the zone.
fn zone_offset(moment: Timestamp, zone: &str) -> i64 {
    read_clock(moment, zone).map_or(0, |clock| clock.millis() - moment.millis())
}

/// The time that clocks in `zone` show at `moment`, as if it were UTC.
fn read_clock(moment: Timestamp, zone: &str) -> Option<Timestamp> {
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &zone.into()).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
    let date = Date::new(&JsValue::from_f64(moment.millis() as f64));
    // The method throws for a zone that it doesn't know, which js_sys's own doesn't catch.
    let format: Function = Reflect::get(&date, &"toLocaleString".into()).ok()?.dyn_into().ok()?;
    // Swedish has ISO 8601's form: `2026-11-17 14:32:07`.
    let text = format.call2(&date, &"sv".into(), &options).ok()?.as_string()?;
    parse(&format!("{}Z", text.replace(' ', "T")))
}

/// Parses a moment such as `2026-11-17T14:32:07Z`.
fn parse(text: &str) -> Option<Timestamp> {
    let millis = Date::parse(text);
    if !millis.is_finite() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a moment in milliseconds fits 53 bits")]
    Some(Timestamp::from_millis(millis as i64))
}
