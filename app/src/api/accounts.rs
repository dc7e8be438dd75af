//! Server functions for sign-up, sign-in, sign-out, and the user's own account.

use domain::{
    accounts::{Confirmation, PasswordChange, Session, SessionEnd, SignIn, SignUp, Welcome},
    errors::ApiError,
    ids::SessionId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Returns the signed-in user, if any: the dashboard's first request.
#[server(name = WelcomeRequest, prefix = "/api", endpoint = "accounts/welcome", input = Json)]
pub async fn welcome() -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let viewer = match context::user(&request).await {
        Ok(user) => Some(services::accounts::viewer(&request.services, &user).await.map_err(context::public_error)?),
        Err(ApiError::Unauthenticated) => None,
        Err(error) => return Err(error),
    };
    Ok(Welcome { viewer, sign_up_open: request.sign_up_open })
}

/// Creates an account with an organization of its own, and signs in. Where sign-up is closed, the first
/// account needs `setup`, the code that the operator was shown.
#[server(name = SignUpRequest, prefix = "/api", endpoint = "accounts/sign_up", input = Json)]
pub async fn sign_up(input: SignUp, setup: Option<String>) -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let (services, setup) = (&request.services, setup.as_deref());
    if !request.sign_up_open && !request.setup_code.admits(services, setup).await.map_err(context::public_error)? {
        return Err(context::public_error(services::ServiceError::Forbidden(
            "Sign-up is closed. Ask the operator of this server for an account.".to_owned(),
        )));
    }
    let current_token = request.session_token.as_deref();
    let session = services::accounts::sign_up_in_place_of(services, input, &request.device, current_token)
        .await
        .map_err(context::public_error)?;
    context::set_session(&request, Some(&session));
    let viewer = services::accounts::viewer(&request.services, &session.user).await.map_err(context::public_error)?;
    Ok(Welcome { viewer: Some(viewer), sign_up_open: request.sign_up_open })
}

/// Signs in, and ends the browser's previous session. The error doesn't reveal whether the password or the
/// address was wrong.
#[server(name = SignInRequest, prefix = "/api", endpoint = "accounts/sign_in", input = Json)]
pub async fn sign_in(input: SignIn) -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let current_token = request.session_token.as_deref();
    let session = services::accounts::sign_in_again(&request.services, input, &request.device, current_token)
        .await
        .map_err(context::public_error)?;
    context::set_session(&request, Some(&session));
    let viewer = services::accounts::viewer(&request.services, &session.user).await.map_err(context::public_error)?;
    Ok(Welcome { viewer: Some(viewer), sign_up_open: request.sign_up_open })
}

/// Reports activity of the user, which restarts the session's idle time.
#[server(prefix = "/api", endpoint = "accounts/touch_session", input = Json)]
pub async fn touch_session() -> Result<(), ApiError> {
    let request = context::request()?;
    let token = request.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    services::accounts::authenticate(&request.services, token).await.map(|_| ()).map_err(context::public_error)
}

/// Returns why this browser's session has ended; `None` if it goes on, or if that isn't known.
#[server(name = SessionEndRequest, prefix = "/api", endpoint = "accounts/session_end", input = Json)]
pub async fn session_end() -> Result<Option<SessionEnd>, ApiError> {
    let request = context::request()?;
    let Some(token) = request.session_token.as_deref() else { return Ok(None) };
    services::accounts::session_end(&request.services, token).await.map_err(context::public_error)
}

#[server(prefix = "/api", endpoint = "accounts/sign_out", input = Json)]
pub async fn sign_out() -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::sign_out(&request.services, &user, &request.device).await.map_err(context::public_error)?;
    context::set_session(&request, None);
    Ok(())
}

/// Changes the user's name.
#[server(prefix = "/api", endpoint = "accounts/rename", input = Json)]
pub async fn rename(name: String) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::rename(&request.services, &user, &name, &request.device).await.map_err(context::public_error)
}

/// Changes the user's password and ends all other sessions; this one gets a new token.
#[server(prefix = "/api", endpoint = "accounts/change_password", input = Json)]
pub async fn change_password(input: PasswordChange) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    let session = services::accounts::change_password(&request.services, &user, input, &request.device)
        .await
        .map_err(context::public_error)?;
    context::set_session(&request, Some(&session));
    Ok(())
}

/// Lists the user's sessions, the latest active first.
#[server(prefix = "/api", endpoint = "accounts/sessions", input = Json)]
pub async fn sessions() -> Result<Vec<Session>, ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::sessions(&request.services, &user).await.map_err(context::public_error)
}

/// Ends one of the user's sessions.
#[server(prefix = "/api", endpoint = "accounts/end_session", input = Json)]
pub async fn end_session(id: SessionId, confirmation: Confirmation) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::end_session(&request.services, &user, id, &confirmation.password, &request.device)
        .await
        .map_err(context::public_error)
}

/// Ends all of the user's sessions but this one.
#[server(prefix = "/api", endpoint = "accounts/end_other_sessions", input = Json)]
pub async fn end_other_sessions(confirmation: Confirmation) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::end_other_sessions(&request.services, &user, &confirmation.password, &request.device)
        .await
        .map_err(context::public_error)
}
