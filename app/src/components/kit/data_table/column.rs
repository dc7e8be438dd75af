use std::{cmp::Ordering, sync::Arc};

use leptos::prelude::*;

/// Where a column's value stands when its row is a card.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Place {
    /// First, on the left.
    Title,
    /// First, on the right.
    Value,
    /// Below, after the column's name.
    #[default]
    Detail,
    /// A menu or button at the end of the first line; its header is only for screen readers.
    Act,
    /// A checkbox before all else.
    Choice,
    /// Not at all.
    Hidden,
}

/// What a column is called, and how it is laid out.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) header: &'static str,
    pub(super) numeric: bool,
    pub(super) place: Place,
    pub(super) spare: bool,
    pub(super) sortable: bool,
}

/// A column of a table of `T`.
#[derive(Clone)]
pub struct Column<T: 'static> {
    pub(super) head: Head,
    pub(super) order: Option<fn(&T, &T) -> Ordering>,
    /// Stands in place of the header's text.
    pub(super) control: Option<ViewFn>,
    pub(super) show: Arc<dyn Fn(&T) -> AnyView + Send + Sync>,
}

impl<T: 'static> Column<T> {
    /// A column of texts or views.
    pub fn new<V: IntoView + 'static>(header: &'static str, show: impl Fn(&T) -> V + Send + Sync + 'static) -> Self {
        let show = Arc::new(move |row: &T| show(row).into_any());
        let head = Head { header, numeric: false, place: Place::default(), spare: false, sortable: false };
        Self { head, order: None, control: None, show }
    }

    /// Right-aligned, in figures of one width.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.head.numeric = true;
        self
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.head.place = place;
        self
    }

    /// Left out of rows on tablets, where there is room for the rest only.
    #[must_use]
    pub fn spare(mut self) -> Self {
        self.head.spare = true;
        self
    }

    /// Puts a control into the header, in place of its text.
    #[must_use]
    pub fn headed(mut self, control: impl Into<ViewFn>) -> Self {
        self.control = Some(control.into());
        self
    }

    /// Lets people sort by it where the server sorts.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.head.sortable = true;
        self
    }

    /// Lets people sort by it.
    #[must_use]
    pub fn sorted_by(mut self, order: fn(&T, &T) -> Ordering) -> Self {
        self.head.sortable = true;
        self.order = Some(order);
        self
    }
}
