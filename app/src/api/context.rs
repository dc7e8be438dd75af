//! What a server function knows of the request it answers, and how it turns a
//! service's error into a public one.

use std::sync::{Arc, OnceLock};

use domain::errors::ApiError;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use services::{
    Actor, ServiceError, Services,
    accounts::{Device, SetupCode, SignedIn, SignedInUser},
    rate_limits::KeyLimits,
    security::Asker,
};

/// Given by the router to every server function.
#[derive(Clone)]
pub struct RequestContext {
    pub services: Services,
    /// The token of the session cookie, if there is one.
    pub session_token: Option<String>,
    pub device: Device,
    /// Whether strangers may sign up.
    pub sign_up_open: bool,
    /// With which the first account is made where they may not.
    pub setup_code: SetupCode,
    /// Where programs call, such as `https://hub.example/v1`.
    pub base_url: String,
    /// Who it turned out to be, for whoever tells of refusals.
    pub asker: Arc<OnceLock<Asker>>,
    /// How fast calls may come where nobody set another limit.
    pub configured_limits: KeyLimits,
    /// Makes the cookie that carries a session token.
    pub cookies: SessionCookies,
}

/// How the session cookie is called and whether it needs TLS: `__Host-tollhouse`
/// over https, `tollhouse` on plain loopback.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookies {
    pub secure: bool,
}

impl SessionCookies {
    pub fn name(self) -> &'static str {
        if self.secure { "__Host-tollhouse" } else { "tollhouse" }
    }

    /// A `Set-Cookie` value (RFC 6265) that keeps `token`, or without one removes the cookie.
    pub fn header(self, token: Option<&str>) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let life = if token.is_some() { "" } else { "; Max-Age=0" };
        format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{life}", self.name(), token.unwrap_or_default())
    }
}

pub fn request() -> Result<RequestContext, ApiError> {
    use_context().ok_or_else(|| public(ServiceError::Internal("no request context".to_owned())))
}

/// Who is signed in.
///
/// Not by itself activity, since pages ask by themselves when there is news: see [`super::accounts::stay`].
pub async fn user(request: &RequestContext) -> Result<SignedInUser, ApiError> {
    let token = request.session_token.as_deref().ok_or(ServiceError::Unauthenticated).map_err(public)?;
    let user = services::accounts::authenticate_passively(&request.services, token).await.map_err(public)?;
    let _ = request.asker.set(Asker::User(user.user_id));
    Ok(user)
}

/// Who is signed in, acting in the organization that `slug` names.
pub async fn actor(slug: &str) -> Result<(Services, Actor), ApiError> {
    let request = request()?;
    let user = user(&request).await?;
    let actor = services::accounts::actor(&request.services, &user, slug, request.device.ip).await.map_err(public)?;
    Ok((request.services, actor))
}

/// Sets the session cookie, or removes it.
pub fn set_session(request: &RequestContext, session: Option<&SignedIn>) {
    let header = request.cookies.header(session.map(|session| session.token.as_str()));
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), header.parse()) {
        options.append_header(axum::http::header::SET_COOKIE, value);
    }
}

/// The public form of a service's error.
///
/// An error that is the server's own fault is logged here, once, under the reference that the client is told.
pub fn public(error: ServiceError) -> ApiError {
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
