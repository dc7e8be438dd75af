//! What the dashboard's pages are called in the address bar.
//!
//! Both sides read addresses: the browser to show a page, the server to send the
//! page's first answers along. Nothing in an address is ever an error: what can't
//! be used is ignored, and the page shows what it would without.

mod key;
mod keys;
mod logs;
mod next;
mod notifications;
mod page;
mod part;
mod query;
mod usage;

pub use key::{KeyAddress, KeyTab};
pub use keys::KeysAddress;
pub use logs::LogsAddress;
pub use next::safe_next;
pub use notifications::NotificationsAddress;
pub use page::{Address, Page};
pub use part::Part;
pub use query::Query;
pub use usage::UsageAddress;
