use std::time::Duration;

use domain::time::Timestamp;
use leptos::prelude::*;

/// How often relative times are updated.
const TICK: Duration = Duration::from_secs(10);

/// The current time that relative times are computed from.
#[derive(Clone, Copy)]
pub struct PageClock(RwSignal<Timestamp>);

impl PageClock {
    pub fn provide() {
        let clock = Self(RwSignal::new(now()));
        set_interval(move || clock.0.set(now()), TICK);
        provide_context(clock);
    }

    pub fn now(&self) -> Timestamp {
        self.0.get()
    }
}

pub fn use_clock() -> PageClock {
    expect_context()
}

/// The current time by the browser's clock.
pub fn now() -> Timestamp {
    // An integer by definition (ECMA-262, section 21.4.1.1), so nothing is cut off.
    #[expect(clippy::cast_possible_truncation, reason = "a moment in milliseconds fits 53 bits")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// The browser's IANA time zone; UTC if unknown.
pub fn browser_time_zone() -> String {
    let options = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).resolved_options();
    js_sys::Reflect::get(&options, &"timeZone".into())
        .ok()
        .and_then(|zone| zone.as_string())
        .unwrap_or_else(|| "UTC".to_owned())
}
