//! What members are told: the inbox of the dashboard.

mod store;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ApiKeyId, NotificationId},
    time::Timestamp,
};

pub use self::store::{InboxFilter, KnownInbox, MarkNumber};

/// How many notifications a page of the inbox holds.
pub const PAGE_SIZE: u32 = 30;

/// Something that a member should know.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A key was reported as leaked, and stopped.
    KeyLeaked {
        api_key: ApiKeyId,
        name: String,
        /// Where it was seen, as the reporter says it; empty where it doesn't.
        place: String,
    },
    /// A key expires within so many days.
    KeyExpiresSoon { api_key: ApiKeyId, name: String, at: Timestamp, days: u32 },
    /// A key's secret is as old as its owner wanted it to become.
    KeyRotationDue { api_key: ApiKeyId, name: String, since: Timestamp },
    /// A key's old secret ends soon, and is still used.
    KeyGraceEnds { api_key: ApiKeyId, name: String, at: Timestamp },
}

impl Notice {
    /// The key it is about.
    pub const fn api_key(&self) -> ApiKeyId {
        match self {
            Self::KeyLeaked { api_key, .. }
            | Self::KeyExpiresSoon { api_key, .. }
            | Self::KeyRotationDue { api_key, .. }
            | Self::KeyGraceEnds { api_key, .. } => *api_key,
        }
    }

    /// What happened, in one line.
    pub fn title(&self) -> String {
        match self {
            Self::KeyLeaked { name, .. } => format!("“{name}” leaked and is disabled"),
            Self::KeyExpiresSoon { name, days: 1, .. } => format!("“{name}” expires within a day"),
            Self::KeyExpiresSoon { name, days, .. } => format!("“{name}” expires within {days} days"),
            Self::KeyRotationDue { name, .. } => format!("“{name}” is due for rotation"),
            Self::KeyGraceEnds { name, .. } => format!("The old secret of “{name}” ends soon, and is still used"),
        }
    }

    /// What it means and what to do about it. `say` writes a moment as the reader reads it, such as
    /// `17 Nov 2026, 14:32`.
    pub fn text(&self, say: &dyn Fn(Timestamp) -> String) -> String {
        match self {
            Self::KeyLeaked { place, .. } => {
                let seen = if place.is_empty() { String::new() } else { format!("Its secret was seen at {place}. ") };
                format!("{seen}It is refused from now on. Create a new key, and replace it wherever it is used.")
            }
            Self::KeyExpiresSoon { at, .. } => {
                format!("It stops working on {}, which can't be changed. Create a new key before then.", say(*at))
            }
            Self::KeyRotationDue { since, .. } => format!(
                "Its secret should have been replaced by {}. The old one goes on working for as long as you choose.",
                say(*since)
            ),
            Self::KeyGraceEnds { at, .. } => format!(
                "It stops working on {}. Bring the new secret to what still uses the old one, or extend its time.",
                say(*at)
            ),
        }
    }
}

/// A notice in somebody's inbox.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Notification {
    pub id: NotificationId,
    pub at: Timestamp,
    pub read: bool,
    pub notice: Notice,
}

/// How many notifications of an inbox aren't read, after so many changes of it.
///
/// The version tells which of two answers is newer, whichever comes first: each notice that arrives and each mark that is
/// made adds 1 to it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Unread {
    pub version: i64,
    pub count: i64,
}

/// A page of somebody's inbox, the newest first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Inbox {
    /// How many aren't read, on all pages. The page is at least as new as this.
    pub unread: Unread,
    pub notifications: Vec<Notification>,
    /// Whether there are older ones.
    pub more: bool,
}

impl Inbox {
    /// This newest page on top of what is known already. Where a gap may lie between the two, only this page.
    #[must_use]
    pub fn on_top_of(mut self, known: Self) -> Self {
        let Some(last) = self.notifications.last().map(|last| last.id).filter(|_| self.more) else { return self };
        if known.notifications.iter().any(|row| row.id >= last) {
            let before = self.notifications.len();
            self.notifications.extend(known.notifications.into_iter().filter(|row| row.id < last));
            if self.notifications.len() > before {
                self.more = known.more;
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
            assert_eq!(notice.api_key(), key());
            assert!(notice.title().contains("“Web”"), "{notice:?}");
            let text = notice.text(&|at| format!("<{at}>"));
            let told = if matches!(notice, Notice::KeyLeaked { .. }) {
                "github.com/acme/web".to_owned()
            } else {
                format!("<{AT}>")
            };
            assert!(text.contains(&told), "{text}");
            assert!(text.ends_with('.') && !notice.title().ends_with('.'));
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let leaked = Notice::KeyLeaked { api_key: key(), name: name(), place: String::new() };
        assert!(leaked.text(&|_| String::new()).starts_with("It is refused"));
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

    /// A page of the notifications of these numbers, the newest first.
    fn page(numbers: impl IntoIterator<Item = u128>, more: bool) -> Inbox {
        let row = |number| Notification {
            id: NotificationId::new(uuid::Uuid::from_u128(number)),
            at: AT,
            read: false,
            notice: Notice::KeyRotationDue { api_key: key(), name: name(), since: AT },
        };
        Inbox { unread: Unread::default(), notifications: numbers.into_iter().map(row).collect(), more }
    }

    #[test]
    fn a_newer_page_keeps_the_older_rows_that_follow_it() {
        let known = page((1..=6).rev(), false);
        assert_eq!(page([8, 7, 6, 5], true).on_top_of(known.clone()), page((1..=8).rev(), false));
        // The same again changes nothing.
        assert_eq!(page([6, 5, 4, 3], true).on_top_of(known.clone()), known);
    }

    #[test]
    fn a_newer_page_that_holds_everything_or_leaves_a_gap_stands_alone() {
        let known = page((1..=6).rev(), true);
        for newest in [page([7, 6], false), page([12, 11, 10, 9], true), page([], false)] {
            assert_eq!(newest.clone().on_top_of(known.clone()), newest);
        }
        assert_eq!(page([4, 3], true).on_top_of(page([], false)), page([4, 3], true));
    }
}
