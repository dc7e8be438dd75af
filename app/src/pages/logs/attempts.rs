use domain::calls::{CallAttempt, CallAttemptOutcome};
use leptos::prelude::*;

use crate::{
    components::{Name, bar_width, format_duration},
    lean::CollectAny,
};

/// The providers that were asked, one after the other, for a call that took several attempts.
#[component]
pub(super) fn Attempts(attempts: Vec<CallAttempt>) -> impl IntoView {
    let count = attempts.iter().filter(|attempt| attempt.outcome != CallAttemptOutcome::Skipped).count();
    let end = attempts.iter().map(|attempt| attempt.begin_us + attempt.duration_us).max().unwrap_or_default().max(1);
    let rows = attempts.into_iter().map(|attempt| row(attempt, end));
    view! {
        <section class="call-attempts">
            <h3>"Attempts" <span>{count}</span></h3>
            <ol role="list">{rows.collect_any()}</ol>
        </section>
    }
}

fn row(attempt: CallAttempt, end: i64) -> impl IntoView {
    let result = result_text(&attempt);
    let CallAttempt { provider, outcome, status, begin_us, duration_us } = attempt;
    let has_failed = outcome != CallAttemptOutcome::Answered || status.is_none_or(|status| status >= 400);
    let time = (outcome != CallAttemptOutcome::Skipped)
        .then(|| format!("after {}, for {}", format_duration(begin_us), format_duration(duration_us)));
    view! {
        <li class:failed=has_failed>
            <span><Name name=provider/> " " <b>{result}</b></span>
            <span class="faint">{time}</span>
            <div class="timing-bar" aria-hidden="true">
                <i style:width=bar_width(begin_us, end)></i>
                <i class="wait" style:width=bar_width(duration_us, end)></i>
            </div>
        </li>
    }
}

fn result_text(attempt: &CallAttempt) -> String {
    match (attempt.outcome, attempt.status) {
        (CallAttemptOutcome::Answered, Some(status)) => status.to_string(),
        (CallAttemptOutcome::Answered, None) => "answered".to_owned(),
        (CallAttemptOutcome::Unreached, _) => "not reached".to_owned(),
        (CallAttemptOutcome::Silent, _) => "no answer".to_owned(),
        (CallAttemptOutcome::Skipped, _) => "not asked: it failed too often".to_owned(),
        (CallAttemptOutcome::Interrupted, _) => "cut off: the key leaked".to_owned(),
        (CallAttemptOutcome::Other, _) => "unknown".to_owned(),
    }
}
