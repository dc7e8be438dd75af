//! Notifications of members: the inbox of the dashboard.

mod store;

use serde::{Deserialize, Serialize};

use crate::{
    exports::{ExportSource, KEPT_HOURS},
    ids::{ApiKeyId, ExportId, NotificationId},
    time::Timestamp,
};

pub use self::store::{InboxFilter, InboxStore, MarkNumber};

/// Maximum number of notifications on a page of the inbox.
pub const PAGE_SIZE: u32 = 30;

/// An event of which members are notified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A key was reported as leaked, and disabled.
    KeyLeaked {
        api_key: ApiKeyId,
        name: String,
        /// Location of the leaked secret, as reported; empty where it wasn't.
        place: String,
    },
    /// A key expires within `days` days.
    KeyExpiresSoon { api_key: ApiKeyId, name: String, at: Timestamp, days: u32 },
    /// A key's secret has reached the age at which its owner wants to rotate it.
    KeyRotationDue { api_key: ApiKeyId, name: String, since: Timestamp },
    /// A key's old secret is still used and soon stops working.
    KeyGraceEnds { api_key: ApiKeyId, name: String, at: Timestamp },
    /// A file that the member has exported is ready.
    ExportReady {
        export: ExportId,
        source: ExportSource,
        rows: u64,
        /// The time until which it can be downloaded.
        until: Timestamp,
    },
}

/// The thing that a notice is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeSubject {
    ApiKey(ApiKeyId),
    Export(ExportId),
}

impl Notice {
    /// The thing that the notice is about.
    pub const fn subject(&self) -> NoticeSubject {
        match self {
            Self::KeyLeaked { api_key, .. }
            | Self::KeyExpiresSoon { api_key, .. }
            | Self::KeyRotationDue { api_key, .. }
            | Self::KeyGraceEnds { api_key, .. } => NoticeSubject::ApiKey(*api_key),
            Self::ExportReady { export, .. } => NoticeSubject::Export(*export),
        }
    }

    /// The notice's title: what happened, in one line.
    pub fn title(&self) -> String {
        match self {
            Self::KeyLeaked { name, .. } => format!("“{name}” leaked and was disabled"),
            Self::KeyExpiresSoon { name, days: 1, .. } => format!("“{name}” expires within a day"),
            Self::KeyExpiresSoon { name, days, .. } => format!("“{name}” expires within {days} days"),
            Self::KeyRotationDue { name, .. } => format!("“{name}” is due for rotation"),
            Self::KeyGraceEnds { name, .. } => format!("The old secret of “{name}” ends soon and is still in use"),
            Self::ExportReady { source, .. } => {
                format!("The export of {} is ready", source.label().to_ascii_lowercase())
            }
        }
    }

    /// The notice's text: the consequences, and the advised action. `format_time` writes a moment in the
    /// reader's time zone, such as `17 Nov 2026, 14:32`.
    pub fn text(&self, format_time: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::KeyLeaked { place, .. } => {
                let seen = if place.is_empty() { String::new() } else { format!("Its secret was seen at {place}. ") };
                format!("{seen}It no longer works. Create a new key and replace it wherever it is used.")
            }
            Self::KeyExpiresSoon { at, .. } => {
                let end = format_time(*at);
                format!("It stops working on {end}. The expiration can't be changed; create a new key before then.")
            }
            Self::KeyRotationDue { since, .. } => format!(
                "Its secret was due for rotation on {}. After a rotation, the old secret keeps working for a while.",
                format_time(*since)
            ),
            Self::KeyGraceEnds { at, .. } => format!(
                "It stops working on {}. Switch its clients to the new secret, or extend the old one.",
                format_time(*at)
            ),
            Self::ExportReady { rows, until, .. } => format!(
                "The file has {rows} row{}. Download it within {KEPT_HOURS} hours, until {}.",
                if *rows == 1 { "" } else { "s" },
                format_time(*until)
            ),
        }
    }
}

/// A notice in a member's inbox.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Notification {
    pub id: NotificationId,
    pub at: Timestamp,
    pub read: bool,
    pub notice: Notice,
}

/// The number of unread notifications of an inbox at a version of it.
///
/// Each notice that arrives and each mark adds 1 to the version, so of two answers the one with the higher
/// version is newer, in whichever order they arrive.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Unread {
    pub version: i64,
    pub count: i64,
}

/// A page of a member's inbox, newest first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct InboxPage {
    /// Unread notifications on all pages. The page is at least as new as this count.
    pub unread: Unread,
    pub notifications: Vec<Notification>,
    /// Whether there are older notifications.
    pub more: bool,
}

impl InboxPage {
    /// Puts this newest page on top of `older` rows; drops those where a gap may lie in between.
    #[must_use]
    pub fn on_top_of(mut self, older: Self) -> Self {
        let Some(last) = self.notifications.last().map(|last| last.id).filter(|_| self.more) else { return self };
        if older.notifications.iter().any(|row| row.id >= last) {
            let before = self.notifications.len();
            self.notifications.extend(older.notifications.into_iter().filter(|row| row.id < last));
            if self.notifications.len() > before {
                self.more = older.more;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn key() -> ApiKeyId {
        ApiKeyId::new(uuid::Uuid::from_u128(7))
    }

    fn name() -> String {
        "Web".to_owned()
    }

    fn all() -> [Notice; 4] {
        [
            Notice::KeyLeaked { api_key: key(), name: name(), place: "github.com/acme/web".to_owned() },
            Notice::KeyExpiresSoon { api_key: key(), name: name(), at: AT, days: 14 },
            Notice::KeyRotationDue { api_key: key(), name: name(), since: AT },
            Notice::KeyGraceEnds { api_key: key(), name: name(), at: AT },
        ]
    }

    #[test]
    fn every_notice_names_its_key_and_says_when_or_where() {
        for notice in all() {
            assert_eq!(notice.subject(), NoticeSubject::ApiKey(key()));
            assert!(notice.title().contains("“Web”"), "{notice:?}");
            let text = notice.text(&|at| format!("<{at}>"));
            let expected = if matches!(notice, Notice::KeyLeaked { .. }) {
                "github.com/acme/web".to_owned()
            } else {
                format!("<{AT}>")
            };
            assert!(text.contains(&expected), "{text}");
            assert!(text.ends_with('.') && !notice.title().ends_with('.'));
        }
    }

    #[test]
    fn a_file_that_is_ready_says_until_when() {
        let export = ExportId::new(uuid::Uuid::from_u128(8));
        let ready = |rows| Notice::ExportReady { export, source: ExportSource::Calls, rows, until: AT };
        assert_eq!(ready(1).subject(), NoticeSubject::Export(export));
        assert_eq!(ready(1).title(), "The export of calls is ready");
        let text = |rows| ready(rows).text(&|at| format!("<{at}>"));
        assert_eq!(text(1), format!("The file has 1 row. Download it within 24 hours, until <{AT}>."));
        assert!(text(250_000).starts_with("The file has 250000 rows."));
        assert_eq!(serde_json::to_value(ready(1)).unwrap()["kind"], "export_ready");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let leaked = Notice::KeyLeaked { api_key: key(), name: name(), place: String::new() };
        assert!(leaked.text(&|_| String::new()).starts_with("It no longer works."));
    }

    #[test]
    fn a_single_day_is_no_number() {
        let expires = |days| Notice::KeyExpiresSoon { api_key: key(), name: name(), at: AT, days }.title();
        assert_eq!(expires(1), "“Web” expires within a day");
        assert_eq!(expires(3), "“Web” expires within 3 days");
    }

    #[test]
    fn notices_are_stored_under_plain_names() {
        let written: Vec<String> =
            all().iter().map(|notice| serde_json::to_value(notice).unwrap()["kind"].to_string()).collect();
        let kinds = [r#""key_leaked""#, r#""key_expires_soon""#, r#""key_rotation_due""#, r#""key_grace_ends""#];
        assert_eq!(written, kinds);
    }

    /// A page of notifications with these numbers, newest first.
    fn page(numbers: impl IntoIterator<Item = u128>, more: bool) -> InboxPage {
        let row = |number| Notification {
            id: NotificationId::new(uuid::Uuid::from_u128(number)),
            at: AT,
            read: false,
            notice: Notice::KeyRotationDue { api_key: key(), name: name(), since: AT },
        };
        InboxPage { unread: Unread::default(), notifications: numbers.into_iter().map(row).collect(), more }
    }

    #[test]
    fn a_newer_page_keeps_the_older_rows_that_follow_it() {
        let older = page((1..=6).rev(), false);
        assert_eq!(page([8, 7, 6, 5], true).on_top_of(older.clone()), page((1..=8).rev(), false));
        // Applying the rows a second time changes nothing.
        assert_eq!(page([6, 5, 4, 3], true).on_top_of(older.clone()), older);
    }

    #[test]
    fn a_newer_page_that_holds_everything_or_leaves_a_gap_stands_alone() {
        let older = page((1..=6).rev(), true);
        for newest in [page([7, 6], false), page([12, 11, 10, 9], true), page([], false)] {
            assert_eq!(newest.clone().on_top_of(older.clone()), newest);
        }
        assert_eq!(page([4, 3], true).on_top_of(page([], false)), page([4, 3], true));
    }
}
