use std::{cmp::Ordering, sync::Arc};

use leptos::prelude::*;

/// The position of a column's value when its row is a card.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CardPosition {
    /// First, before the title.
    Lead,
    /// First, on the left.
    Title,
    /// First, on the right.
    Value,
    /// On the second line, below the title.
    Below,
    /// On the second line, after [`Below`](Self::Below).
    BelowAside,
    /// On the second line, on the right.
    BelowValue,
    /// After that, with the column's name.
    #[default]
    Detail,
    /// A menu or button at the end; its header is only for screen readers. In rows it stays in sight where others are
    /// scrolled.
    Action,
    /// A checkbox before all else.
    Choice,
    /// Not shown.
    Hidden,
}

impl CardPosition {
    const fn class(self) -> &'static str {
        match self {
            Self::Lead => "at-lead",
            Self::Title => "at-title",
            Self::Value => "at-value",
            Self::Below => "at-below",
            Self::BelowAside => "at-below-aside",
            Self::BelowValue => "at-below-value",
            Self::Detail => "at-detail",
            Self::Action => "at-act",
            Self::Choice => "at-choice",
            Self::Hidden => "at-hidden",
        }
    }
}

/// The width that a table needs before a column takes a part of it. In a narrower table the column gives way to the
/// others; the page or panel that the row opens shows its value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Room {
    /// Any width: the column gives way to none.
    #[default]
    Any,
    /// 48 rem.
    Medium,
    /// 60 rem.
    Large,
    /// 70 rem.
    Wide,
}

impl Room {
    const fn class(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Medium => "needs-medium",
            Self::Large => "needs-large",
            Self::Wide => "needs-wide",
        }
    }
}

/// A column's header and layout.
#[derive(Clone, Copy)]
pub(super) struct ColumnHead {
    pub(super) header: &'static str,
    pub(super) numeric: bool,
    pub(super) position: CardPosition,
    pub(super) room: Room,
    pub(super) sortable: bool,
}

impl ColumnHead {
    /// The classes of the column's cells, of which its header is one.
    pub(super) fn classes(self) -> String {
        let numeric = if self.numeric { "numeric" } else { "" };
        [self.position.class(), numeric, self.room.class()].join(" ")
    }
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
        let (position, room) = (CardPosition::default(), Room::default());
        let head = ColumnHead { header, numeric: false, position, room, sortable: false };
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

    /// Shows the column only in rows of a table that has this room.
    #[must_use]
    pub fn needs(mut self, room: Room) -> Self {
        self.head.room = room;
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
