//! Addresses of the dashboard's pages, as the address bar shows them.
//!
//! Both sides parse addresses: the browser to show a page, the server to send the page's first answers along.
//! Parsing ignores values that can't be used, but `invalid` names them: a page with other data than its address asks
//! for would be taken for the right one, so none is shown.

mod body_file;
mod call;
mod export;
mod key;
mod keys;
mod logs;
mod next;
mod notifications;
mod page;
mod part;
mod query;
mod query_reader;
mod saved_view;
mod usage;
mod validity;

pub use body_file::BodyFileAddress;
pub use call::CallAddress;
pub use export::ExportAddress;
pub use key::{KeyAddress, KeyTab};
pub use keys::KeysAddress;
pub use logs::LogsAddress;
pub use next::safe_next;
pub use notifications::NotificationsAddress;
pub use page::{Address, Page};
pub use part::CodePart;
pub use query::Query;
pub use saved_view::saved_view_href;
pub use usage::UsageAddress;
