//! State that the whole dashboard shares while it is open: session, location, live updates, queries.

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
mod session_query;
mod single_keys;
mod storage;
mod submission;
mod theme;

pub use self::debounce::{debounce, debounced};
pub use self::server_query::query;
pub use self::submission::{Submission, submission};
pub use activity::report_activity;
pub use boot::welcome;
pub use clock::{PageClock, browser_time_zone, now, use_clock};
pub use connection::{Connection, use_connection};
pub use go::{Go, use_address, use_go};
pub use inbox::{InboxList, InboxState, use_inbox};
pub use live::{Live, LiveStatus, use_live};
pub use load::{QueryProgress, QueryState, load, load_into, load_when};
pub use location::{Location, Navigation, Step, use_location};
pub use organization::{CurrentOrganization, use_organization};
pub use session::{CurrentSession, use_session};
pub use session_query::{mutate_as, query_as};
pub use single_keys::{SingleKeys, use_single_keys};
pub use theme::{Theme, ThemeChoice, use_theme};
