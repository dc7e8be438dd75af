use domain::{api_keys::ApiKey, time::Timestamp};
use leptos::prelude::*;

use crate::{
    components::{Time, TimeStyle},
    state::use_clock,
};

/// From so few days left on, it is pointed out.
const SOON_DAYS: i64 = 14;

/// When a key expires, and how long that is.
#[component]
pub(super) fn Expiry(at: Option<Timestamp>) -> impl IntoView {
    let clock = use_clock();
    let Some(at) = at else { return view! { <span class="faint">"never"</span> }.into_any() };
    let soon = move || {
        let now = clock.now();
        at > now && at < now.plus_days(SOON_DAYS)
    };
    view! {
        <span class:warn=soon><Time at/></span>
        <span class="sub"><Time at style=TimeStyle::Date/></span>
    }
    .into_any()
}

/// The earlier expiry first, `never` last.
pub(super) fn by_expiry(a: &ApiKey, b: &ApiKey) -> std::cmp::Ordering {
    let rank = |key: &ApiKey| (key.expires_at.is_none(), key.expires_at);
    rank(a).cmp(&rank(b))
}
