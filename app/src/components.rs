//! The components of pages. Pages own queries and submissions; components take plain data and callbacks.
//!
//! | component | purpose |
//! | --- | --- |
//! | [`PageHead`] | heading, description and actions of a page, some of them in a menu on phones; sets the document's title |
//! | [`Filters`] | a page's filters: a row, or on phones a sheet that the page's head opens |
//! | [`AsyncView`] | a [`QueryState`](crate::state::QueryState): skeleton, data (dimmed while reloading), error with retry |
//! | [`Awaited`] | [`AsyncView`] for a page that combines several answers |
//! | [`EmptyState`], [`ErrorView`], [`Notice`], [`Skeleton`] | the designed states |
//! | [`DataTable`] of [`Column`]s | a table whose columns give way by the [`Room`] that it has, and which becomes cards on phones; sorts with [`Sort`], opens rows by `row_href` |
//! | [`Field`], [`TextArea`], [`Select`], [`RadioCards`], [`CheckList`], [`SearchField`] | labeled controls with hint and error |
//! | [`Fold`] | a part of a form or page, folded behind a line that says what is in it |
//! | [`FormError`] | a form's error beyond single fields |
//! | [`Button`], [`ButtonLink`], [`CopyButton`] | actions; a pending button can't be pressed again |
//! | [`Sections`] of [`Section`]s | a page of forms, with an index at the side |
//! | [`Dialog`], [`Confirm`] | native modal dialogs; `sheet=true` slides in from the right |
//! | [`Sheet`] with [`SheetLink`] | what phones show from below; closed by a choice, Esc or a tap beside it |
//! | [`focus`], [`focus_soon`], [`focus_if_removed`] | the keyboard focus, also after its element was removed |
//! | [`Menu`] with [`MenuLink`], [`MenuAction`], [`MenuLabel`] | popovers with arrow keys |
//! | [`Segmented`], [`Tabs`] | a choice between few values; several views of one thing |
//! | [`Toasts`] | short messages about actions: `use_toasts().show_success("Key revoked.")` |
//! | [`Tiles`], [`FilterChips`], [`LiveSign`] | a strip of figures; the filters of a page; whether the page follows new calls |
//! | [`Name`] | a name that people chose: never wider than its container, whatever its script |
//! | [`Badge`] with a [`Tone`], [`Icon`] | small labels |
//! | [`Time`], [`format_moment`], [`format_relative`] | moments, relative or in the page's time zone, which a [`ZoneNote`] names |
//! | [`Count`], [`Amount`], [`format_count`], [`format_compact`], [`format_money`], [`format_dollars`], [`format_percent`], [`format_duration`] | numbers |
//! | [`Snippets`] | a first call in several shells and languages, ready to paste |

#[cfg(feature = "chart")]
pub mod chart;
pub mod figures;
#[cfg(feature = "csr")]
mod kit;

pub use figures::format_duration;
#[cfg(feature = "csr")]
pub use kit::*;
