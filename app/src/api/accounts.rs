//! Signing up, in and out, and one's own account.

use domain::{
    accounts::{Confirmation, PasswordChange, Session, SignIn, SignUp, Welcome},
    errors::ApiError,
    ids::SessionId,
};
use leptos::prelude::*;
use server_fn::codec::Json;

#[cfg(feature = "ssr")]
use super::context;

/// Who is signed in, if anybody: what the dashboard asks first.
#[server(name = WelcomeQuestion, prefix = "/api", endpoint = "accounts/welcome", input = Json)]
pub async fn welcome() -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let viewer = match context::user(&request).await {
        Ok(user) => Some(services::accounts::viewer(&request.services, &user).await.map_err(context::public)?),
        Err(ApiError::Unauthenticated) => None,
        Err(error) => return Err(error),
    };
    Ok(Welcome { viewer, sign_up_open: request.sign_up_open })
}

/// Makes an account with an organization of its own, and signs in. Where sign-up is closed, `setup` is what the operator
/// was shown for the first account.
#[server(name = SignUpQuestion, prefix = "/api", endpoint = "accounts/sign_up", input = Json)]
pub async fn sign_up(input: SignUp, setup: Option<String>) -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let (services, setup) = (&request.services, setup.as_deref());
    if !request.sign_up_open && !request.setup_code.admits(services, setup).await.map_err(context::public)? {
        return Err(context::public(services::ServiceError::Forbidden(
            "Sign-up is closed here. Whoever runs this hub makes accounts: ask them for one.".to_owned(),
        )));
    }
    let shown = request.session_token.as_deref();
    let session = services::accounts::sign_up_in_place_of(services, input, &request.device, shown)
        .await
        .map_err(context::public)?;
    context::set_session(&request, Some(&session));
    let viewer = services::accounts::viewer(&request.services, &session.user).await.map_err(context::public)?;
    Ok(Welcome { viewer: Some(viewer), sign_up_open: request.sign_up_open })
}

/// Signs in, in place of whoever this browser was signed in as; the same answer for a wrong password and an unknown address.
#[server(name = SignInQuestion, prefix = "/api", endpoint = "accounts/sign_in", input = Json)]
pub async fn sign_in(input: SignIn) -> Result<Welcome, ApiError> {
    let request = context::request()?;
    let shown = request.session_token.as_deref();
    let session = services::accounts::sign_in_again(&request.services, input, &request.device, shown)
        .await
        .map_err(context::public)?;
    context::set_session(&request, Some(&session));
    let viewer = services::accounts::viewer(&request.services, &session.user).await.map_err(context::public)?;
    Ok(Welcome { viewer: Some(viewer), sign_up_open: request.sign_up_open })
}

/// Tells that somebody is there: the session's idle time begins anew.
#[server(prefix = "/api", endpoint = "accounts/stay", input = Json)]
pub async fn stay() -> Result<(), ApiError> {
    let request = context::request()?;
    let token = request.session_token.as_deref().ok_or(ApiError::Unauthenticated)?;
    services::accounts::authenticate(&request.services, token).await.map(|_| ()).map_err(context::public)
}

#[server(prefix = "/api", endpoint = "accounts/sign_out", input = Json)]
pub async fn sign_out() -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::sign_out(&request.services, &user, &request.device).await.map_err(context::public)?;
    context::set_session(&request, None);
    Ok(())
}

/// Changes one's own name.
#[server(prefix = "/api", endpoint = "accounts/rename", input = Json)]
pub async fn rename(name: String) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::rename(&request.services, &user, &name, &request.device).await.map_err(context::public)
}

/// Changes one's own password and ends all other sessions; this one gets a new token.
#[server(prefix = "/api", endpoint = "accounts/change_password", input = Json)]
pub async fn change_password(input: PasswordChange) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    let session = services::accounts::change_password(&request.services, &user, input, &request.device)
        .await
        .map_err(context::public)?;
    context::set_session(&request, Some(&session));
    Ok(())
}

/// The browsers one is signed in with, the latest active first.
#[server(prefix = "/api", endpoint = "accounts/sessions", input = Json)]
pub async fn sessions() -> Result<Vec<Session>, ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::sessions(&request.services, &user).await.map_err(context::public)
}

/// Ends one of one's own sessions.
#[server(prefix = "/api", endpoint = "accounts/end_session", input = Json)]
pub async fn end_session(id: SessionId, confirmation: Confirmation) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::end_session(&request.services, &user, id, &confirmation.password, &request.device)
        .await
        .map_err(context::public)
}

/// Ends all of one's own sessions but this one.
#[server(prefix = "/api", endpoint = "accounts/end_other_sessions", input = Json)]
pub async fn end_other_sessions(confirmation: Confirmation) -> Result<(), ApiError> {
    let request = context::request()?;
    let user = context::user(&request).await?;
    services::accounts::end_other_sessions(&request.services, &user, &confirmation.password, &request.device)
        .await
        .map_err(context::public)
}
