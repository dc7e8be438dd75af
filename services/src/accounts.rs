//! Accounts: sign-up, sign-in and sign-out, sessions, passwords, and members as actors.

mod administration;
mod cleanup;
mod confirm;
mod device;
mod failure_log;
mod guess_limiter;
mod members;
mod passwords;
mod profile;
mod session_ends;
mod sessions;
mod setup;
mod sign_in;
mod sign_up;
mod throttle;

use domain::ids::{OrganizationId, SessionId, UserId};

pub use self::cleanup::delete_expired;
pub use self::failure_log::FailureLog;
pub use self::guess_limiter::GuessLimiter;
pub use administration::{NewUser, add_existing_user, create_user, grant_operator, set_password};
pub use device::Device;
pub(crate) use members::absent_member;
pub use members::{actor, viewer};
pub use passwords::Passwords;
pub use profile::{change_password, rename};
pub use sessions::{
    authenticate, authenticate_passively, end_other_sessions, end_session, session_end, sessions, sign_out,
};
pub use setup::{SetupCode, is_unclaimed};
pub use sign_in::{sign_in, sign_in_again};
pub use sign_up::{sign_up, sign_up_in_place_of};
pub use throttle::Throttle;

/// A signed-in user.
#[derive(Clone, Debug)]
pub struct SignedInUser {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub name: String,
    pub email: String,
    pub is_operator: bool,
    /// The organization that the user visited last.
    pub last_organization: Option<OrganizationId>,
}

/// A user who just signed in, with the session token for their browser, which is returned only this once.
pub struct SignedIn {
    pub token: String,
    pub user: SignedInUser,
}
