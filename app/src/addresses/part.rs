use serde::Deserialize;

use super::page::{Address, Page};

/// A part of the dashboard's code, loaded when it is first needed: a page, or code that few visits need.
///
/// The client (`app::parts`) maps parts to components; the server (`dashboard::page`) sends along the part
/// that a visit needs first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum CodePart {
    Account,
    ApiKey,
    ApiKeys,
    BodyDeletion,
    Call,
    CallConversation,
    CallDetails,
    CallReplay,
    ChartPicture,
    ChartTable,
    CustomRange,
    ExportDialog,
    FirstSteps,
    InboxList,
    KeyCalls,
    KeyDialogs,
    KeyHistory,
    LogColumns,
    Logs,
    Notifications,
    Overlays,
    Overview,
    SavedViews,
    Settings,
    SignIn,
    SignUp,
    SuggestedTerms,
    TagDialog,
    TokenTable,
    Usage,
    UsageFilters,
}

impl Page {
    /// The code of the page.
    pub const fn part(self) -> CodePart {
        match self {
            Self::Overview => CodePart::Overview,
            Self::ApiKeys => CodePart::ApiKeys,
            Self::Logs => CodePart::Logs,
            Self::Usage => CodePart::Usage,
            Self::Settings => CodePart::Settings,
            Self::Notifications => CodePart::Notifications,
        }
    }
}

impl Address {
    /// The code of the page at this address.
    pub const fn part(&self) -> CodePart {
        match self {
            Self::SignIn => CodePart::SignIn,
            Self::SignUp => CodePart::SignUp,
            Self::Account => CodePart::Account,
            Self::Last(page) | Self::Organization(_, page) => page.part(),
            Self::ApiKey(..) => CodePart::ApiKey,
            Self::Call(..) => CodePart::Call,
        }
    }

    /// The code that a visit needs first: strangers get the page to sign in, signed-in users skip it.
    pub const fn first_part(&self, signed_in: bool) -> CodePart {
        match (self, signed_in) {
            (Self::SignIn | Self::SignUp, true) => Page::Overview.part(),
            (Self::SignIn | Self::SignUp, false) | (_, true) => self.part(),
            (_, false) => CodePart::SignIn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_gets_the_sign_in_wherever_they_want_to_go() {
        let usage = Address::parse("/o/acme/usage").unwrap();
        assert_eq!(usage.first_part(true), CodePart::Usage);
        assert_eq!(usage.first_part(false), CodePart::SignIn);
        assert_eq!(Address::SignUp.first_part(false), CodePart::SignUp);
        assert_eq!(Address::SignIn.first_part(true), CodePart::Overview);
    }
}
