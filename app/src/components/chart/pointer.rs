//! The bucket being read, by mouse, finger or keyboard.
//!
//! A mouse reads what it points at, and its click opens that. A finger's first tap shows the nearest bar's values and
//! its second opens them; sliding it goes from bar to bar.

use leptos::{ev, html::Div, prelude::*};
use wasm_bindgen::JsCast;

use super::data::ChartData;

/// Distance in pixels beyond which a moving finger slides.
const MIN_SLIDE_PIXELS: i32 = 8;
/// Distance in pixels within which a finger hits a bar: half the least size of targets (WCAG 2.5.8).
const FINGER_RADIUS: f64 = 12.0;
/// Time in milliseconds within which a click belongs to the finger that was lifted before it.
const MAX_CLICK_DELAY: f64 = 700.0;

/// The bucket whose values are being read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    data: Memo<ChartData>,
    bucket: RwSignal<Option<usize>>,
    /// Whether the bucket stays shown while nothing points at it.
    pinned: RwSignal<bool>,
    finger: StoredValue<Option<Finger>>,
    links: NodeRef<Div>,
}

#[derive(Clone, Copy)]
struct Finger {
    x: i32,
    /// Whether it is on the bucket that was pinned before.
    is_second: bool,
    slid: bool,
    /// Time of the latest event.
    at: f64,
}

/// The effect of a finger's tap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tap {
    /// It has shown the bucket's values.
    Read,
    /// It opens the calls behind the bucket.
    Open,
}

impl Reading {
    pub(super) fn new(data: Memo<ChartData>) -> Self {
        Self {
            data,
            bucket: RwSignal::new(None),
            pinned: RwSignal::new(false),
            finger: StoredValue::new(None),
            links: NodeRef::new(),
        }
    }

    /// The element that the buckets' links tile.
    pub(super) fn links(&self) -> NodeRef<Div> {
        self.links
    }

    pub(super) fn bucket(&self) -> Option<usize> {
        self.bucket.get()
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.pinned.get()
    }

    pub(super) fn show(&self, bucket: Option<usize>) {
        if self.bucket.get_untracked() != bucket {
            self.bucket.set(bucket);
        }
    }

    /// Stops showing the bucket, unless it is pinned.
    ///
    /// A link that is removed with its page loses the focus when the page's signals are already disposed.
    pub(super) fn leave(&self) {
        if self.pinned.try_get_untracked() == Some(false) {
            self.show(None);
        }
    }

    pub(super) fn close(&self) {
        self.pinned.set(false);
        self.show(None);
    }

    pub(super) fn press(&self, event: &ev::PointerEvent) {
        if event.pointer_type() == "mouse" {
            return self.finger.set_value(None);
        }
        let x = event.client_x();
        let is_second = self.is_on_pinned(x);
        self.finger.set_value(Some(Finger { x, is_second, slid: false, at: event.time_stamp() }));
        if !is_second {
            self.pinned.set(false);
            self.show(self.nearest_bar(x));
        }
    }

    pub(super) fn follow(&self, event: &ev::PointerEvent) {
        let x = event.client_x();
        if event.pointer_type() == "mouse" {
            self.pinned.set(false);
            return self.show(self.bucket_at(x));
        }
        let slid = self.finger.try_update_value(|finger| {
            let finger = finger.as_mut()?;
            finger.slid |= (x - finger.x).abs() > MIN_SLIDE_PIXELS;
            Some(finger.slid)
        });
        if slid.flatten() == Some(true) {
            self.show(self.bucket_at(x));
        }
    }

    /// Pins the bucket that a finger has tapped, slid to or rested on.
    pub(super) fn lift(&self, event: &ev::PointerEvent) {
        if event.pointer_type() == "mouse" {
            return;
        }
        self.pinned.set(true);
        self.finger.update_value(|finger| {
            if let Some(finger) = finger {
                finger.at = event.time_stamp();
            }
        });
    }

    /// Forgets the finger on the bars, whose tap may never end in a click.
    pub(super) fn forget_finger(&self) {
        self.finger.set_value(None);
    }

    /// Forgets a finger that scrolls the page instead.
    pub(super) fn cancel(&self) {
        self.forget_finger();
        self.leave();
    }

    pub(super) fn handle_pointer_leave(&self, event: &ev::PointerEvent) {
        if event.pointer_type() == "mouse" {
            self.leave();
        }
    }

    /// The effect of the tap that ended in this click; `None` for a click of a mouse or the keyboard.
    pub(super) fn take_tap(&self, event: &ev::MouseEvent) -> Option<Tap> {
        let finger = self.finger.try_update_value(Option::take).flatten()?;
        let pointer = event.dyn_ref::<ev::PointerEvent>().map(ev::PointerEvent::pointer_type);
        let is_fingers = match pointer.filter(|pointer| !pointer.is_empty()) {
            Some(pointer) => pointer != "mouse",
            // Clicks of older browsers don't say what they come from.
            None => event.time_stamp() - finger.at <= MAX_CLICK_DELAY,
        };
        if !is_fingers {
            return None;
        }
        Some(if finger.is_second && !finger.slid { Tap::Open } else { Tap::Read })
    }

    /// The bucket at `x`, in the window's pixels.
    pub(super) fn bucket_at(&self, x: i32) -> Option<usize> {
        let (count, position, _) = self.position(x)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small count")]
        let bucket = position.max(0.0) as usize;
        Some(bucket.min(count - 1))
    }

    /// The bar nearest to `x` that a finger hits there; the bucket at `x` if there is none.
    fn nearest_bar(&self, x: i32) -> Option<usize> {
        let (_, position, width) = self.position(x)?;
        self.data
            .with_untracked(|data| {
                let bars = (0..data.buckets.len()).filter(|bucket| data.has_bar(*bucket));
                let distances = bars.map(|bucket| (distance(position, bucket) * width, bucket));
                distances.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(distance, _)| *distance <= FINGER_RADIUS)
            })
            .map_or_else(|| self.bucket_at(x), |(_, bucket)| Some(bucket))
    }

    /// Whether a finger at `x` hits the column of the pinned bucket.
    fn is_on_pinned(&self, x: i32) -> bool {
        let Some((_, position, width)) = self.position(x) else { return false };
        let pinned = self.bucket.get_untracked().filter(|_| self.pinned.get_untracked());
        pinned.is_some_and(|bucket| {
            let from_center = (position - center(bucket)).abs() * width;
            distance(position, bucket) == 0.0 || from_center <= FINGER_RADIUS
        })
    }

    /// The number of buckets, the position of `x` counted in buckets, and a bucket's width in pixels.
    fn position(&self, x: i32) -> Option<(usize, f64, f64)> {
        let area = self.links.get_untracked()?.get_bounding_client_rect();
        let count = self.data.with_untracked(|data| data.buckets.len());
        let width = area.width() / count.max(1) as f64;
        (count > 0 && width > 0.0).then(|| (count, (f64::from(x) - area.left()) / width, width))
    }
}

/// The middle of a bucket, counted in buckets.
fn center(bucket: usize) -> f64 {
    bucket as f64 + 0.5
}

/// The distance of a position from a bucket, counted in buckets; 0 within it.
fn distance(position: f64, bucket: usize) -> f64 {
    ((position - center(bucket)).abs() - 0.5).max(0.0)
}
