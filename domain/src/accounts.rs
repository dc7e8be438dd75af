//! Accounts: sign-up, sign-in, and the signed-in user's own data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    errors::FieldErrors,
    ids::{OrganizationId, SessionId, UserId},
    permissions::Role,
    time::Timestamp,
    validation,
};

/// A request to create an account with an organization of its own.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    pub name: String,
    pub email: String,
    pub password: String,
    pub organization: String,
    /// The browser's IANA time zone, which becomes the organization's.
    pub time_zone: String,
}

impl SignUp {
    /// Trims and checks the request. The server also checks how easily the password is guessed.
    pub fn validated(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.name = errors.check("name", validation::name(&self.name)).unwrap_or_default();
        self.email = errors.check("email", validation::email(&self.email)).unwrap_or_default();
        self.organization = errors.check("organization", validation::name(&self.organization)).unwrap_or_default();
        errors.check("password", validation::password(&self.password));
        errors.into_result().map(|()| self)
    }
}

/// A request to sign in.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl SignIn {
    /// Normalizes and checks the address, and checks that a password is given.
    pub fn validated(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.email = errors.check("email", validation::email(&self.email)).unwrap_or_default();
        if self.password.is_empty() {
            errors.add("password", "Enter your password.");
        }
        errors.into_result().map(|()| self)
    }
}

/// A change of the user's own password, which requires the current one.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

impl PasswordChange {
    /// Checks that the current password is given, and that the new one is long enough and another one.
    pub fn validated(self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if self.current.is_empty() {
            errors.add("current", "Enter your current password.");
        }
        errors.check("new", validation::password(&self.new));
        if self.new == self.current {
            errors.add("new", "Choose a password other than the current one.");
        }
        errors.into_result().map(|()| self)
    }
}

/// The user's own password, confirmed before a sensitive action.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    pub password: String,
}

// Implements `Debug` without the fields, so that passwords never reach a log.
macro_rules! redact_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

redact_debug!(SignUp, SignIn, PasswordChange, Confirmation);

/// The signed-in user and their memberships, which every page needs first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Viewer {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// Memberships, sorted by the organization's name.
    pub memberships: Vec<Membership>,
    /// Slug of the organization that the user visited last.
    pub last_organization: Option<String>,
}

/// A viewer's membership of one organization.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Membership {
    pub id: OrganizationId,
    pub name: String,
    pub slug: String,
    pub time_zone: String,
    pub role: Role,
}

/// Data of the sign-in page.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Welcome {
    pub viewer: Option<Viewer>,
    /// Whether visitors may create accounts.
    pub sign_up_open: bool,
}

crate::choices! {
    /// The reason why a session ended without its browser's doing.
    SessionEnd, "reason" {
        Inactivity = "inactivity", "You were signed out after a time without activity.";
        Expired = "expired", "A sign-in lasts 30 days, and this one is over.";
        Ended = "ended", "This session was ended from another browser.";
        PasswordChanged = "password_changed", "Your password was changed.";
        /// The user signed in with more browsers than may have a session.
        TooMany = "too_many", "You signed in with too many other browsers.";
    }
}

/// A browser's sign-in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    pub id: SessionId,
    /// Browser and system, as far as the user agent names them: `Firefox on Linux`.
    pub device: String,
    pub ip: String,
    pub created_at: Timestamp,
    pub last_active_at: Timestamp,
    /// Whether it is the session of this request.
    pub current: bool,
}
