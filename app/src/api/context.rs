//! The context of a server function's request, and the conversion of service errors into public ones.

use std::sync::{Arc, OnceLock};

use domain::errors::ApiError;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use services::{
    Actor, ServiceError, Services,
    accounts::{Device, SetupCode, SignedIn, SignedInUser},
    rate_limits::KeyLimits,
    security::SecurityCaller,
};

/// A request's data, which the router provides to every server function.
#[derive(Clone)]
pub struct RequestContext {
    pub services: Services,
    /// The token of the session cookie, if there is one.
    pub session_token: Option<String>,
    pub device: Device,
    /// Whether strangers may sign up.
    pub sign_up_open: bool,
    /// The code that allows creating the first account where sign-up is closed.
    pub setup_code: SetupCode,
    /// The base URL for programs, such as `https://hub.example/v1`.
    pub base_url: String,
    /// The caller once identified, for the security log.
    pub caller: Arc<OnceLock<SecurityCaller>>,
    /// Rate limits from the configuration, which apply where no others are set.
    pub configured_limits: KeyLimits,
    /// Writes the session cookie.
    pub cookies: SessionCookies,
}

/// The session cookie's name and whether it needs TLS: `__Host-tollhouse` over HTTPS, else `tollhouse`, on
/// plain loopback.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookies {
    pub secure: bool,
}

impl SessionCookies {
    pub fn name(self) -> &'static str {
        if self.secure { "__Host-tollhouse" } else { "tollhouse" }
    }

    /// Returns a `Set-Cookie` value (RFC 6265) that stores `token`, or without one removes the cookie.
    pub fn header(self, token: Option<&str>) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let max_age = if token.is_some() { "" } else { "; Max-Age=0" };
        format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}", self.name(), token.unwrap_or_default())
    }
}

pub fn request() -> Result<RequestContext, ApiError> {
    use_context().ok_or_else(|| public_error(ServiceError::Internal("no request context".to_owned())))
}

/// Authenticates the signed-in user.
///
/// This doesn't count as activity, since pages send requests on their own when there is news. Activity is
/// reported by [`super::accounts::touch_session`].
pub async fn user(request: &RequestContext) -> Result<SignedInUser, ApiError> {
    let token = request.session_token.as_deref().ok_or(ServiceError::Unauthenticated).map_err(public_error)?;
    let user = services::accounts::authenticate_passively(&request.services, token).await.map_err(public_error)?;
    let _ = request.caller.set(SecurityCaller::User(user.user_id));
    Ok(user)
}

/// Authenticates the signed-in user as an actor in the organization that `slug` names.
pub async fn actor(slug: &str) -> Result<(Services, Actor), ApiError> {
    let request = request()?;
    let user = user(&request).await?;
    let actor =
        services::accounts::actor(&request.services, &user, slug, request.device.ip).await.map_err(public_error)?;
    Ok((request.services, actor))
}

/// Sets the session cookie, or removes it.
pub fn set_session(request: &RequestContext, session: Option<&SignedIn>) {
    let header = request.cookies.header(session.map(|session| session.token.as_str()));
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), header.parse()) {
        options.append_header(axum::http::header::SET_COOKIE, value);
    }
}

/// Converts a service's error into its public form.
///
/// An error of the server itself is logged here, once, under the reference that the client receives.
pub fn public_error(error: ServiceError) -> ApiError {
    match error {
        ServiceError::Invalid(fields) => ApiError::Invalid(fields),
        ServiceError::Unauthenticated => ApiError::Unauthenticated,
        ServiceError::Forbidden(message) => ApiError::Forbidden(message),
        ServiceError::NotFound => ApiError::NotFound,
        ServiceError::Conflict(message) => ApiError::Conflict(message),
        ServiceError::RateLimited { retry_after_seconds } => ApiError::RateLimited { retry_after_seconds },
        cause @ (ServiceError::Unavailable(_) | ServiceError::Database(_) | ServiceError::Internal(_)) => {
            let reference = services::new_reference();
            tracing::error!(%reference, error = %cause, "a server function failed");
            ApiError::Internal { reference }
        }
    }
}
