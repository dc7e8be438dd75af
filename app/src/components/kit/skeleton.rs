use leptos::prelude::*;

use crate::lean::CollectAny;

/// Gray lines in the shape of content that is loading; they appear after 150 ms.
#[component]
pub fn Skeleton(
    /// Number of lines.
    lines: usize,
    /// A class that gives the lines their height and layout: `rows`, `tiles`, `chart`, `form`.
    #[prop(default = "rows")]
    shape: &'static str,
) -> impl IntoView {
    view! {
        <div class=format!("skeleton {shape}") role="status" aria-label="Loading">
            {(0..lines).map(|_| view! { <i></i> }).collect_any()}
        </div>
    }
}
