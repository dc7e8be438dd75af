//! The marked bars above the list: one that is pointed at or focused, or a range that is dragged over.

use leptos::prelude::*;

/// The bars from one to another, in whichever direction they were marked.
#[derive(Clone, Copy)]
pub(super) struct BarRange {
    /// The first bar that was marked, and the last one.
    ends: RwSignal<Option<(usize, usize)>>,
    /// The bar on which a pointer was pressed, until it is released.
    pressed: StoredValue<Option<usize>>,
    /// Whether a range was begun by keyboard, which the next focus extends.
    is_extending: StoredValue<bool>,
}

impl BarRange {
    pub(super) fn new() -> Self {
        Self { ends: RwSignal::new(None), pressed: StoredValue::new(None), is_extending: StoredValue::new(false) }
    }

    /// The marked bars among `count`, the first and the last.
    pub(super) fn marked(&self, count: usize) -> Option<(usize, usize)> {
        let (start, end) = self.ends.get()?;
        let (first, last) = (start.min(end), start.max(end));
        // The bars may have become fewer.
        (last < count).then_some((first, last))
    }

    /// The bar that was marked last, for what follows it.
    pub(super) fn end_now(&self) -> Option<usize> {
        self.ends.get().map(|(_, end)| end)
    }

    /// The bar that was marked last.
    pub(super) fn end(&self) -> Option<usize> {
        self.ends.get_untracked().map(|(_, end)| end)
    }

    /// Whether more than one bar is marked.
    pub(super) fn is_wide(&self) -> bool {
        self.ends.get_untracked().is_some_and(|(start, end)| start != end)
    }

    /// Whether more than one bar is marked, for what follows it.
    pub(super) fn is_wide_now(&self) -> bool {
        self.ends.get().is_some_and(|(start, end)| start != end)
    }

    /// Marks one bar.
    pub(super) fn mark(&self, index: usize) {
        self.set(Some((index, index)));
    }

    /// Marks one bar, unless a range is being made.
    pub(super) fn mark_alone(&self, index: usize) {
        if self.pressed.get_value().is_none() && !self.is_extending.get_value() {
            self.mark(index);
        }
    }

    /// Begins a range by keyboard at a bar, unless one has begun.
    pub(super) fn begin(&self, index: usize) {
        self.is_extending.set_value(true);
        if self.ends.get_untracked().is_none() {
            self.mark(index);
        }
    }

    /// Extends the range to a bar.
    pub(super) fn extend(&self, index: usize) {
        self.is_extending.set_value(false);
        let start = self.ends.get_untracked().map_or(index, |(start, _)| start);
        self.set(Some((start, index)));
    }

    /// Begins to drag at a bar.
    pub(super) fn press(&self, index: usize) {
        self.pressed.set_value(Some(index));
    }

    /// Extends the range to the bar to which a pressed pointer has moved; returns whether it has left the first.
    pub(super) fn drag(&self, index: usize) -> bool {
        let Some(start) = self.pressed.get_value() else { return false };
        self.set(Some((start, index)));
        start != index
    }

    /// Ends dragging; returns whether it went over more than one bar.
    pub(super) fn release(&self) -> bool {
        let was_pressed = self.pressed.get_value().is_some();
        self.pressed.set_value(None);
        was_pressed && self.is_wide()
    }

    /// Marks none after the focus has left a bar; a range stays, so that its calls can be shown.
    pub(super) fn blur(&self) {
        if !self.is_extending.get_value() && !self.is_wide() {
            self.set(None);
        }
    }

    /// Marks none.
    pub(super) fn clear(&self) {
        self.pressed.set_value(None);
        self.set(None);
    }

    fn set(&self, ends: Option<(usize, usize)>) {
        if self.ends.get_untracked() != ends {
            self.ends.set(ends);
        }
    }
}
