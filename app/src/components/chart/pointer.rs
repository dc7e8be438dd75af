//! The bucket being read, by mouse, finger or keyboard.

use leptos::{ev, html::Div, prelude::*};

/// Distance in pixels beyond which a moving finger reads values instead of opening a link.
const MIN_SLIDE_PIXELS: i32 = 8;
/// Time in milliseconds after which a resting finger reads values instead of opening a link.
const MIN_REST_MILLIS: f64 = 350.0;

/// The bucket whose values are being read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    bucket: RwSignal<Option<usize>>,
    /// Whether the bucket stays shown while nothing points at it.
    pinned: RwSignal<bool>,
    finger: StoredValue<Option<Finger>>,
    links: NodeRef<Div>,
}

#[derive(Clone, Copy)]
struct Finger {
    down_at: f64,
    x: i32,
    slid: bool,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self {
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

    pub(super) fn press(&self, event: &ev::PointerEvent, count: usize) {
        let touch = event.pointer_type() == "touch";
        self.finger.set_value(touch.then(|| Finger { down_at: event.time_stamp(), x: event.client_x(), slid: false }));
        if touch {
            self.pinned.set(false);
            self.show(self.bucket_at(event.client_x(), count));
        }
    }

    pub(super) fn follow(&self, event: &ev::PointerEvent, count: usize) {
        self.finger.update_value(|finger| {
            if let Some(finger) = finger {
                finger.slid |= (event.client_x() - finger.x).abs() > MIN_SLIDE_PIXELS;
            }
        });
        if event.pointer_type() == "mouse" {
            self.pinned.set(false);
        }
        self.show(self.bucket_at(event.client_x(), count));
    }

    pub(super) fn handle_pointer_leave(&self, event: &ev::PointerEvent) {
        if event.pointer_type() == "mouse" {
            self.leave();
        }
    }

    /// Pins the bucket that a finger slid to or rested on.
    pub(super) fn lift(&self, event: &ev::PointerEvent) {
        if self.is_reading(event.time_stamp()) {
            self.pinned.set(true);
        }
    }

    /// Whether the press that ended in this click was for reading.
    pub(super) fn has_read(&self, event: &ev::MouseEvent) -> bool {
        self.is_reading(event.time_stamp())
    }

    fn is_reading(&self, now: f64) -> bool {
        self.finger.get_value().is_some_and(|finger| finger.slid || now - finger.down_at > MIN_REST_MILLIS)
    }

    /// The bucket at `x`, in the window's pixels.
    fn bucket_at(&self, x: i32, count: usize) -> Option<usize> {
        let area = self.links.get_untracked()?.get_bounding_client_rect();
        let share = (f64::from(x) - area.left()) / area.width();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small count")]
        let bucket = (share.clamp(0.0, 1.0) * count as f64) as usize;
        (count > 0).then(|| bucket.min(count - 1))
    }
}
