//! The components, one file each; [`components`](super) lists them.

mod async_view;
mod badge;
mod button;
mod check_list;
mod copy_button;
mod data_table;
mod dialog;
mod field;
mod filter_chips;
mod filters;
mod focus;
mod fold;
mod form_error;
mod icon;
mod live_sign;
mod menu;
mod name;
mod notice;
mod numbers;
mod option_list;
mod page_head;
mod radio_cards;
mod rate_fields;
mod section;
mod segmented;
mod select;
mod sheet;
mod skeleton;
mod snippets;
mod tabs;
mod tiles;
mod time;
mod toasts;

pub use async_view::{AsyncView, Awaited, ErrorView};
pub use badge::{Badge, Tone};
pub use button::{Button, ButtonLink, ButtonStyle};
pub use check_list::CheckList;
pub use copy_button::CopyButton;
pub use data_table::{CardPosition, Column, DataTable, Room, Sort};
pub use dialog::{Confirm, Dialog};
pub(crate) use dialog::{closest, is_beside};
pub use field::{Field, SearchField, TextArea};
pub use filter_chips::{Chip, FilterChips};
pub use filters::{Filters, PageFilters};
pub use focus::{HEADING, focus, focus_heading_soon, focus_if_removed, focus_soon};
pub use fold::Fold;
pub use form_error::FormError;
pub use icon::{Icon, IconView, Logo};
pub use live_sign::LiveSign;
pub(crate) use menu::place_beside;
pub use menu::{Menu, MenuAction, MenuLabel, MenuLink};
pub use name::Name;
pub use notice::{EmptyState, Notice};
pub use numbers::{
    Amount, Count, bar_width, format_compact, format_count, format_dollars, format_money, format_money_exact,
    format_percent,
};
pub use option_list::{ListedOption, OptionField, OptionList, OptionListView};
pub use page_head::PageHead;
pub use radio_cards::RadioCards;
pub use rate_fields::{RATE_FIELDS, RateDraft, RateFields};
pub use section::{Section, Sections};
pub use segmented::Segmented;
pub use select::{Select, SelectOption};
pub use sheet::{Sheet, SheetLink};
pub use skeleton::Skeleton;
pub use snippets::{SnippetKey, Snippets};
pub use tabs::{Tab, Tabs};
pub use tiles::{Tile, Tiles, Trend};
pub use time::{
    Time, TimeStyle, ZoneNote, end_of_day, format_moment, format_relative, is_far, local_day, time_left, zone_name,
};
pub use toasts::{ToastRegion, Toasts, use_toasts};

/// Creates an id that no other element has.
pub fn unique_id(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
