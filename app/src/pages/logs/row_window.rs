//! The rows of a long list that are in the document: those in view, and some around them.

use leptos::{ev, html, leptos_dom::helpers::WindowListenerHandle, prelude::*};

use super::call_list::CallList;
use crate::lean::watch;

/// Number of rows around those in view, so that they are there before they are seen.
const AROUND: usize = 12;
/// The window moves by this number of rows, so that few frames of a scroll change the document.
const STEP: usize = 8;
/// Number of rows at first, before their place is known: those of a high screen.
const FIRST_ROWS: usize = 48;
/// Height of a row in pixels, until one can be measured.
const ROW_HEIGHT: f64 = 38.0;
/// Height of what stays at the top of the window while the page is scrolled, in pixels.
const HEADER_HEIGHT: f64 = 64.0;
/// Maximum number of rows on paper: what is out of sight on a screen belongs to the page too, but not a hundred thousand.
const MAX_PRINTED: usize = 1_000;

/// The window over a list's rows, which all have one height.
#[derive(Clone, Copy)]
pub(super) struct RowWindow {
    list: CallList,
    /// The element of the rows; its top is that of the first one, also while that isn't in the document.
    body: NodeRef<html::Tbody>,
    /// The first row in the document, and the one after the last.
    range: RwSignal<(usize, usize)>,
    /// Whether a measurement is due at the next frame.
    is_due: StoredValue<bool>,
}

impl RowWindow {
    /// A window that follows the scroll position until the owner ends, and loads more calls near the end of the list.
    pub(super) fn new(list: CallList) -> Self {
        let window =
            Self { list, body: NodeRef::new(), range: RwSignal::new((0, FIRST_ROWS)), is_due: StoredValue::new(false) };
        let listeners = [
            window_event_listener(ev::scroll, move |_| window.measure_soon()),
            window_event_listener(ev::resize, move |_| window.measure_soon()),
            window_event_listener(ev::beforeprint, move |_| window.range.set((0, MAX_PRINTED))),
            window_event_listener(ev::afterprint, move |_| window.measure_soon()),
        ];
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
        watch(move || {
            // The rows are there, are more, or are others.
            list.len();
            if window.body.get().is_some() {
                window.measure_soon();
            }
        });
        watch(move || {
            let (start, end) = window.range.get();
            // A list whose top is seen is loaded further only where the window has room for more.
            let ahead = if start == 0 { 0 } else { end - start };
            if end + ahead > list.len() && list.has_more() && !list.is_loading() && list.error().is_none() {
                list.load_more();
            }
        });
        watch(move || {
            // A list that was left further down is shown there again once it has rows.
            let Some(scrolled) = list.restoring() else { return };
            if window.body.get().is_some() {
                request_animation_frame(move || window.restore(scrolled));
            }
        });
        window
    }

    /// The element that has the rows.
    pub(super) fn body(&self) -> NodeRef<html::Tbody> {
        self.body
    }

    /// The rows in the document: the first one, and the one after the last, in a list of `len` rows.
    pub(super) fn range(&self, len: usize) -> (usize, usize) {
        let (start, end) = self.range.get();
        let end = end.min(len);
        (start.min(end), end)
    }

    /// Scrolls the page so that a row is in view, and no further than needed.
    pub(super) fn reveal(&self, index: usize) {
        let Some((top, height)) = self.geometry() else { return };
        let row_top = top + as_float(index) * height;
        let bottom = window_height();
        let offset = if row_top < HEADER_HEIGHT {
            row_top - HEADER_HEIGHT
        } else if row_top + height > bottom {
            row_top + height - bottom
        } else {
            return;
        };
        window().scroll_by_with_x_and_y(0.0, offset);
        // The row is in the document at once, for the focus.
        self.measure();
    }

    /// The first row that is wholly in view.
    pub(super) fn first_in_view(&self) -> usize {
        let Some((top, height)) = self.geometry() else { return 0 };
        as_count(((HEADER_HEIGHT - top) / height).ceil())
    }

    /// Scrolls the page so that this number of pixels of the list is above the window, as when the list was left.
    fn restore(&self, scrolled: f64) {
        // The page may have been left.
        let Some((top, _)) = self.geometry() else { return };
        window().scroll_by_with_x_and_y(0.0, top + scrolled);
        self.measure();
        // Browsers report the scroll with the next frame, before its callbacks: until then nothing takes the top for seen.
        let list = self.list;
        request_animation_frame(move || list.set_restored());
    }

    fn measure_soon(&self) {
        if self.is_due.try_update_value(|is_due| std::mem::replace(is_due, true)) != Some(false) {
            return;
        }
        let window = *self;
        request_animation_frame(move || {
            // The page may have been left.
            if window.is_due.try_update_value(|is_due| *is_due = false).is_some() {
                window.measure();
            }
        });
    }

    /// Moves the window to what is in view.
    fn measure(&self) {
        let Some((top, height)) = self.geometry() else { return };
        if untrack(|| self.list.restoring()).is_none() {
            self.list.set_scrolled(-top);
        }
        let first = as_count((-top / height).floor());
        let count = as_count((window_height() / height).ceil());
        let start = first.saturating_sub(AROUND) / STEP * STEP;
        let end = (first + count + AROUND).div_ceil(STEP) * STEP;
        if self.range.get_untracked() != (start, end) {
            self.range.set((start, end));
        }
    }

    /// The top of the first row, relative to the window, and the height of a row; `None` without rows on the screen.
    fn geometry(&self) -> Option<(f64, f64)> {
        let body = self.body.try_get_untracked().flatten()?;
        let row = body.query_selector("tr[aria-rowindex]").ok().flatten();
        let height = row.map_or(ROW_HEIGHT, |row| row.get_bounding_client_rect().height());
        (height > 0.0).then(|| (body.get_bounding_client_rect().top(), height))
    }
}

fn window_height() -> f64 {
    window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default()
}

/// A place in the list as a number of pixels or rows; negative ones are 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no list is that long, and `as` saturates")]
fn as_count(number: f64) -> usize {
    number as usize
}

#[expect(clippy::cast_precision_loss, reason = "no list is that long")]
fn as_float(count: usize) -> f64 {
    count as f64
}
