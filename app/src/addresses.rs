//! Addresses of the dashboard's pages, as the address bar shows them.
//!
//! Both sides parse addresses: the browser to show a page, the server to send the page's first answers along.
//! An address is never an error: values that can't be used are ignored, as if they were missing.

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
pub use part::CodePart;
pub use query::Query;
pub use usage::UsageAddress;
