use serde::Deserialize;

use super::{Address, Page};

/// A part of the dashboard's code that comes when it is first needed: a page, or something else that few visits need.
///
/// The client's side (`app::parts`) says what is in it, the server's (`dashboard::page`) sends along what a visit needs first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Account,
    ApiKey,
    ApiKeys,
    KeyCalls,
    KeyDialogs,
    KeyHistory,
    Logs,
    Notifications,
    Overview,
    Palette,
    Settings,
    SignIn,
    SignUp,
    Usage,
}

impl Page {
    /// The code that shows it.
    pub const fn part(self) -> Part {
        match self {
            Self::Overview => Part::Overview,
            Self::ApiKeys => Part::ApiKeys,
            Self::Logs => Part::Logs,
            Self::Usage => Part::Usage,
            Self::Settings => Part::Settings,
            Self::Notifications => Part::Notifications,
        }
    }
}

impl Address {
    /// The code that shows what it stands for.
    pub const fn part(&self) -> Part {
        match self {
            Self::SignIn => Part::SignIn,
            Self::SignUp => Part::SignUp,
            Self::Account => Part::Account,
            Self::Last(page) | Self::Organization(_, page) => page.part(),
            Self::ApiKey(..) => Part::ApiKey,
        }
    }

    /// The code that a visit to it needs first: strangers are asked to sign in, and who is known isn't.
    pub const fn first_part(&self, signed_in: bool) -> Part {
        match (self, signed_in) {
            (Self::SignIn | Self::SignUp, true) => Page::Overview.part(),
            (Self::SignIn | Self::SignUp, false) | (_, true) => self.part(),
            (_, false) => Part::SignIn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_the_sign_in_wherever_they_want_to_go() {
        let usage = Address::parse("/o/acme/usage").unwrap();
        assert_eq!(usage.first_part(true), Part::Usage);
        assert_eq!(usage.first_part(false), Part::SignIn);
        assert_eq!(Address::SignUp.first_part(false), Part::SignUp);
        assert_eq!(Address::SignIn.first_part(true), Part::Overview);
    }
}
