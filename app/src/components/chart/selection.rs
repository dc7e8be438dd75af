//! Selected buckets, which the page zooms to: by dragging a mouse over the plot, or by arrow keys with Shift.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{backend::Px, data::ChartData, geometry::Rect, scene::Scene};
use crate::lean::When;

/// The selected buckets of a chart that can be zoomed.
#[derive(Clone, Copy)]
pub(super) struct BarSelection {
    /// Gets the first and the last bucket to zoom to; `None` if the chart can't be zoomed.
    on_zoom: Option<Callback<(usize, usize)>>,
    /// The bucket where the selection began, and the one where it ends so far.
    ends: RwSignal<Option<(usize, usize)>>,
    /// The bucket on which the mouse was pressed.
    pressed: StoredValue<Option<usize>>,
    /// Whether the click that follows belongs to a drag.
    has_dragged: StoredValue<bool>,
}

impl BarSelection {
    pub(super) fn new(on_zoom: Option<Callback<(usize, usize)>>) -> Self {
        Self {
            on_zoom,
            ends: RwSignal::new(None),
            pressed: StoredValue::new(None),
            has_dragged: StoredValue::new(false),
        }
    }

    pub(super) fn is_enabled(self) -> bool {
        self.on_zoom.is_some()
    }

    /// The first and the last selected bucket.
    fn buckets(self) -> Option<(usize, usize)> {
        self.ends.get().map(|(from, to)| (from.min(to), from.max(to)))
    }

    /// Selects nothing. A link that is removed with its page loses the focus when the page's signals are already disposed.
    pub(super) fn clear(self) {
        if self.ends.try_with_untracked(Option::is_some) == Some(true) {
            self.ends.set(None);
        }
    }

    /// Extends the selection by the keyboard, from `bucket` if there is none yet.
    pub(super) fn extend(self, bucket: usize, next: usize) {
        let from = self.ends.get_untracked().map_or(bucket, |(from, _)| from);
        self.ends.set(Some((from, next)));
    }

    /// Zooms to the selected buckets; returns `false` if there are none.
    pub(super) fn zoom(self) -> bool {
        let Some((first, last)) = untrack(|| self.buckets()) else { return false };
        self.clear();
        if let Some(on_zoom) = self.on_zoom {
            on_zoom.run((first, last));
        }
        true
    }

    /// Remembers the bucket on which a mouse is pressed. What was selected by the keyboard isn't what the press is about.
    pub(super) fn press(self, event: &ev::PointerEvent, bucket: Option<usize>) {
        self.clear();
        self.has_dragged.set_value(false);
        let begins = self.is_enabled() && event.pointer_type() == "mouse" && event.button() == 0;
        self.pressed.set_value(bucket.filter(|_| begins));
    }

    /// Selects up to the bucket that a pressed mouse has reached.
    pub(super) fn drag(self, event: &ev::PointerEvent, bucket: Option<usize>) {
        let Some((from, to)) = self.pressed.get_value().zip(bucket) else { return };
        if event.buttons() & 1 == 0 {
            self.pressed.set_value(None);
            return self.clear();
        }
        let is_begun = self.ends.with_untracked(Option::is_some);
        if from == to && !is_begun {
            return;
        }
        if !is_begun
            && let Some(area) = event.current_target().and_then(|area| area.dyn_into::<web_sys::Element>().ok())
        {
            // Without it, a drag that leaves the plot would never end; a browser may refuse.
            let _ = area.set_pointer_capture(event.pointer_id());
        }
        self.has_dragged.set_value(true);
        self.ends.set(Some((from, to)));
    }

    /// Zooms when the mouse is released after a drag.
    pub(super) fn lift(self) {
        if self.pressed.get_value().is_some() {
            self.pressed.set_value(None);
            self.zoom();
        }
    }

    /// Forgets a drag that the browser has ended.
    pub(super) fn cancel(self) {
        self.pressed.set_value(None);
        self.clear();
    }

    /// Whether a click ends a drag instead of opening what is under it.
    pub(super) fn take_drag(self) -> bool {
        let has_dragged = self.has_dragged.get_value();
        self.has_dragged.set_value(false);
        has_dragged
    }
}

/// The band over the selected buckets, and its name for screen readers.
#[component]
pub(super) fn SelectionBand(data: Memo<ChartData>, scene: Memo<Scene>, selection: BarSelection) -> impl IntoView {
    let band = move || {
        let (first, last) = selection.buckets()?;
        scene.with(|scene| Some((*scene.columns.get(first)?, *scene.columns.get(last)?)))
    };
    let pixels = move |length: fn(Rect, Rect) -> i32| {
        move || band().map(|(first, last)| format!("{}px", Px(length(first, last)))).unwrap_or_default()
    };
    let name = move || {
        let (first, last) = selection.buckets()?;
        let titles =
            data.with(|data| Some((data.buckets.get(first)?.title.clone(), data.buckets.get(last)?.title.clone())));
        titles.map(|(first, last)| format!("Selected from {first} to {last}. Enter zooms, Escape cancels."))
    };
    view! {
        <When when=move || selection.buckets().is_some()>
            <div
                class="chart-selection"
                aria-hidden="true"
                style:left=pixels(|first, _| first.left)
                style:top=pixels(|first, _| first.top)
                style:width=pixels(|first, last| last.right - first.left)
                style:height=pixels(|first, _| first.height())
            ></div>
        </When>
        <p class="visually-hidden" role="status">{name}</p>
    }
}
