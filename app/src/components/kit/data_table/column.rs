use std::{cmp::Ordering, sync::Arc};

use leptos::prelude::*;

/// The position of a column's value when its row is a card.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CardPosition {
    /// First, on the left.
    Title,
    /// First, on the right.
    Value,
    /// Below, after the column's name.
    #[default]
    Detail,
    /// A menu or button at the end of the first line; its header is only for screen readers.
    Action,
    /// A checkbox before all else.
    Choice,
    /// Not shown.
    Hidden,
}

/// A column's header and layout.
#[derive(Clone, Copy)]
pub(super) struct ColumnHead {
    pub(super) header: &'static str,
    pub(super) numeric: bool,
    pub(super) position: CardPosition,
    pub(super) spare: bool,
    pub(super) sortable: bool,
}

/// A column of a table of `T`.
#[derive(Clone)]
pub struct Column<T: 'static> {
    pub(super) head: ColumnHead,
    pub(super) order: Option<fn(&T, &T) -> Ordering>,
    /// Control that replaces the header's text.
    pub(super) control: Option<ViewFn>,
    pub(super) show: Arc<dyn Fn(&T) -> AnyView + Send + Sync>,
}

impl<T: 'static> Column<T> {
    /// A column of texts or views.
    pub fn new<V: IntoView + 'static>(header: &'static str, show: impl Fn(&T) -> V + Send + Sync + 'static) -> Self {
        let show = Arc::new(move |row: &T| show(row).into_any());
        let head =
            ColumnHead { header, numeric: false, position: CardPosition::default(), spare: false, sortable: false };
        Self { head, order: None, control: None, show }
    }

    /// Aligns the values to the right, in digits of one width.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.head.numeric = true;
        self
    }

    #[must_use]
    pub fn at(mut self, position: CardPosition) -> Self {
        self.head.position = position;
        self
    }

    /// Hides the column in rows on tablets, which have room only for the others.
    #[must_use]
    pub fn spare(mut self) -> Self {
        self.head.spare = true;
        self
    }

    /// Puts a control into the header, in place of its text.
    #[must_use]
    pub fn with_header_control(mut self, control: impl Into<ViewFn>) -> Self {
        self.control = Some(control.into());
        self
    }

    /// Lets users sort by the column where the server sorts.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.head.sortable = true;
        self
    }

    /// Lets users sort by the column.
    #[must_use]
    pub fn sorted_by(mut self, order: fn(&T, &T) -> Ordering) -> Self {
        self.head.sortable = true;
        self.order = Some(order);
        self
    }
}
