//! API keys.

mod commands;
pub mod directory;
mod queries;
mod search_texts;
pub mod uses;

pub use self::commands::create::{create, create_once};
pub use self::commands::edit::edit;
pub use self::commands::remind::remind;
pub use self::commands::report_leaks::{LeakReport, LeakVerdict, MAX_REPORTS, report_leaks};
pub use self::commands::revoke::{revoke, revoke_with_descendants};
pub use self::commands::rotate::{rotate, set_grace};
pub(crate) use self::queries::alerts::alerts;
pub use self::queries::descendants::{descendants, revocable_descendants};
pub use self::queries::get::{find_organization_of, get};
pub use self::queries::history::history;
pub(crate) use self::queries::list::count_active;
pub use self::queries::list::{export, list};
pub use self::queries::location;
pub use self::queries::owners::{Owner, owners};
pub use self::queries::recent_use::recent_use;
pub(crate) use self::search_texts::{FOLD_TEXTS, INDEX_TEXTS};

/// Maximum number of keys revoked at once, or asked about before that, without their descendants.
pub const MAX_REVOKED_AT_ONCE: usize = 500;
