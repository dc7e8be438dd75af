//! What the whole dashboard shares while it is open: who looks at it, where, and what the server told.

mod activity;
mod boot;
mod clock;
mod connection;
mod debounce;
mod go;
mod inbox;
mod json;
mod live;
mod load;
mod location;
mod organization;
mod server_query;
mod session;
mod single_keys;
mod storage;
mod submission;
mod theme;
mod watch;

pub use self::debounce::{after_pause, settled};
pub use self::server_query::{ask, ask_as, change_as};
pub use self::submission::{Act, act};
pub use activity::report_activity;
pub use boot::welcome;
pub use clock::{Clock, browser_time_zone, now, use_clock};
pub use connection::{Connection, use_connection};
pub use go::{Go, use_address, use_go};
pub use inbox::{Inbox, InboxList, use_inbox};
pub use live::{Live, LiveStatus, use_live};
pub use load::{Answer, Progress, load, load_into, load_when};
pub use location::{Arrival, Location, Step, use_location};
pub use organization::{Organization, use_organization};
pub use session::{Session, use_session};
pub use single_keys::{SingleKeys, use_single_keys};
pub use theme::{Theme, ThemeChoice, use_theme};
pub use watch::watch;
