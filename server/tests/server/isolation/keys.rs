//! Keys of all kinds, good ones and others.

use axum::http::StatusCode;
use domain::api_keys::{CreatedApiKey, Level, NewApiKey, Rotation, Scope, Secret};
use services::{
    Organization,
    api_keys::{LeakReport, report_leaks},
};

use super::callers::change;
use crate::world::{World, command_line, mistyped};

/// A key that lets nobody in, and how that is told.
pub(super) struct Unusable {
    pub(super) name: &'static str,
    pub(super) secret: Option<String>,
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
}

/// What isn't a key, what was one, and what is one somewhere else; all of the first organization.
pub(super) async fn unusable(world: &World, level: Level) -> Vec<Unusable> {
    let (services, actor) = (&world.services, command_line(&world.organization));
    let key = async || world.key_with(level, |_| {}).await;
    let (good, revoked, expired, leaked, rotated) = (key().await, key().await, key().await, key().await, key().await);
    services::api_keys::revoke(services, &actor, &[revoked.api_key.id]).await.unwrap();
    for (table, column) in [("api_keys", "id"), ("key_secrets", "api_key_id")] {
        change(world, table, "expires_at", 1, column, expired.api_key.id.uuid()).await;
    }
    report_leaks(services, &[LeakReport { secret: leaked.secret.clone(), place: String::new() }]).await.unwrap();
    let at_once = Rotation { grace_seconds: 0, request: None };
    services::api_keys::rotate(services, &actor, rotated.api_key.id, at_once).await.unwrap();
    let elsewhere = world.key_with(level, |key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await;
    let never_made = Secret::from_digits(level, [9; 32]).reveal().to_owned();
    let mut unusable: Vec<Unusable> = [
        ("nobody", None),
        ("what isn't a key", Some("wrong".to_owned())),
        ("a mistyped key", Some(mistyped(&good.secret))),
        ("a key that never was", Some(never_made)),
        ("a revoked key", Some(revoked.secret)),
        ("an expired key", Some(expired.secret)),
        ("a leaked key", Some(leaked.secret)),
        ("a secret that was rotated", Some(rotated.secret)),
    ]
    .map(|(name, secret)| Unusable { name, secret, status: StatusCode::UNAUTHORIZED, code: "invalid_api_key" })
    .into();
    unusable.push(Unusable {
        name: "a key for other networks",
        secret: Some(elsewhere.secret),
        status: StatusCode::FORBIDDEN,
        code: "ip_not_allowed",
    });
    unusable
}

/// An admin key of this organization with these scopes; all of them where there are none.
pub(super) async fn admin_key(world: &World, organization: &Organization, scopes: &[Scope]) -> CreatedApiKey {
    let asked = NewApiKey { scopes: scopes.to_vec(), ..NewApiKey::plain("admin", Level::Admin, None) };
    services::api_keys::create(&world.services, &command_line(organization), asked).await.unwrap()
}
