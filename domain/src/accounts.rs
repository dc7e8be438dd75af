//! People: how they sign up and in, and what they see of themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    errors::FieldErrors,
    ids::{OrganizationId, SessionId, UserId},
    permissions::Role,
    time::Timestamp,
    validation,
};

/// What somebody gives to make an account with an organization of its own.
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
    /// The same, trimmed, or what is wrong with it. How easily the password is guessed is the server's to check.
    pub fn validated(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.name = errors.check("name", validation::name(&self.name)).unwrap_or_default();
        self.email = errors.check("email", validation::email(&self.email)).unwrap_or_default();
        self.organization = errors.check("organization", validation::name(&self.organization)).unwrap_or_default();
        errors.check("password", validation::password(&self.password));
        errors.into_result().map(|()| self)
    }
}

/// What somebody gives to sign in.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

impl SignIn {
    pub fn validated(mut self) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        self.email = errors.check("email", validation::email(&self.email)).unwrap_or_default();
        if self.password.is_empty() {
            errors.add("password", "Enter your password.");
        }
        errors.into_result().map(|()| self)
    }
}

/// A change of one's own password, which asks for the current one.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
}

impl PasswordChange {
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

/// One's own password, shown once more before something is done.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    pub password: String,
}

// What holds a password never writes it, not even to a debugger.
macro_rules! without_password {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

without_password!(SignUp, SignIn, PasswordChange, Confirmation);

/// Who is signed in, and where they are a member: what every page needs first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Viewer {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// By name.
    pub memberships: Vec<Membership>,
    /// The slug of the organization they looked at last.
    pub last_organization: Option<String>,
}

/// A viewer's place in one organization.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Membership {
    pub id: OrganizationId,
    pub name: String,
    pub slug: String,
    pub time_zone: String,
    pub role: Role,
}

/// What the sign-in page needs to know.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Welcome {
    pub viewer: Option<Viewer>,
    /// Whether strangers may make accounts here.
    pub sign_up_open: bool,
}

/// A browser that is signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    pub id: SessionId,
    /// Browser and system, as far as the user agent tells: `Firefox on Linux`.
    pub device: String,
    pub ip: String,
    pub created_at: Timestamp,
    pub last_active_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
