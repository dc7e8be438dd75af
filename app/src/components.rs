//! The kit that pages are made of. Pages own questions and acts; parts take plain data and callbacks.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`PageHead`] | heading, description and acts of a page; sets the document's title |
//! | [`AsyncView`] | an [`Answer`](crate::state::Answer): skeleton, data (dimmed while a newer one comes), error with retry |
//! | [`Awaited`] | the same for what a page puts together from several answers itself |
//! | [`EmptyState`], [`ErrorView`], [`Notice`], [`Skeleton`] | the designed states |
//! | [`DataTable`] of [`Column`]s | a table that becomes cards on phones; sorts with [`Sort`], opens rows by `row_href` |
//! | [`Field`], [`TextArea`], [`Select`], [`RadioCards`], [`CheckList`], [`SearchField`] | labelled controls with hint and error |
//! | [`FormError`] | what went wrong beyond single fields |
//! | [`Button`], [`ButtonLink`], [`CopyButton`] | acts; a pending button can't be pressed again |
//! | [`Export`] | a page's figures as a file |
//! | [`Dialog`], [`Confirm`] | native modal dialogs; `sheet=true` comes from the right |
//! | [`focus`], [`focus_soon`], [`keep_focus`] | where the keyboard is, and stays when what had it goes |
//! | [`Menu`] with [`MenuLink`], [`MenuAct`], [`MenuLabel`] | popovers with arrow keys |
//! | [`Segmented`], [`Tabs`] | one of few; several views of one thing |
//! | [`Toasts`] | what has been done, told in passing: `use_toasts().done("Key revoked.")` |
//! | [`Tiles`], [`FilterChips`], [`LiveSign`] | a strip of figures; what narrows a page; whether it follows the calls |
//! | [`Badge`] with a [`Tone`], [`Icon`] | small signs |
//! | [`Time`], [`format_moment`], [`relative`] | moments, relative or in a zone |
//! | [`Count`], [`Amount`], [`format_count`], [`format_compact`], [`format_money`], [`format_percent`], [`format_duration`] | numbers |
//! | [`lower_case`], [`upper_case`] | letters, by the browser's tables |
//! | [`Snippets`] | a first call in several languages, ready to paste |

#[cfg(feature = "chart")]
pub mod chart;
#[cfg(feature = "csr")]
mod kit;

#[cfg(feature = "csr")]
pub use kit::*;
