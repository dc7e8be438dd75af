//! Usable and unusable keys of all kinds.

use axum::http::StatusCode;
use domain::api_keys::{CreatedApiKey, Level, NewApiKey, Rotation, Scope, Secret};
use services::{
    Organization,
    api_keys::{LeakReport, report_leaks},
};

use super::callers::change;
use crate::world::{World, command_line, mistyped};

/// An unusable key, and the expected answer.
pub(super) struct UnusableKey {
    pub(super) name: &'static str,
    pub(super) secret: Option<String>,
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
}

/// Texts that aren't keys, former keys, and keys for other networks; all of the first organization.
pub(super) async fn unusable_keys(world: &World, level: Level) -> Vec<UnusableKey> {
    let (services, actor) = (&world.services, command_line(&world.organization));
    let key = async || world.key_with(level, |_| {}).await;
    let (good, revoked, expired, leaked, rotated) = (key().await, key().await, key().await, key().await, key().await);
    services::api_keys::revoke(services, &actor, &[revoked.api_key.id]).await.unwrap();
    for (table, column) in [("api_keys", "id"), ("key_secrets", "api_key_id")] {
        change(world, table, "expires_at", 1, column, expired.api_key.id.uuid()).await;
    }
    report_leaks(services, &[LeakReport { secret: leaked.secret.clone(), place: String::new() }]).await.unwrap();
    let without_grace = Rotation { grace_seconds: 0, request: None };
    services::api_keys::rotate(services, &actor, rotated.api_key.id, without_grace).await.unwrap();
    let elsewhere = world.key_with(level, |key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await;
    let never_created = Secret::from_digits(level, [9; 32]).reveal().to_owned();
    let mut unusable_keys: Vec<UnusableKey> = [
        ("nobody", None),
        ("what isn't a key", Some("wrong".to_owned())),
        ("a mistyped key", Some(mistyped(&good.secret))),
        ("a key that never was", Some(never_created)),
        ("a revoked key", Some(revoked.secret)),
        ("an expired key", Some(expired.secret)),
        ("a leaked key", Some(leaked.secret)),
        ("a secret that was rotated", Some(rotated.secret)),
    ]
    .map(|(name, secret)| UnusableKey { name, secret, status: StatusCode::UNAUTHORIZED, code: "invalid_api_key" })
    .into();
    unusable_keys.push(UnusableKey {
        name: "a key for other networks",
        secret: Some(elsewhere.secret),
        status: StatusCode::FORBIDDEN,
        code: "ip_not_allowed",
    });
    unusable_keys
}

/// An admin key of this organization with these scopes; without any it has all.
pub(super) async fn admin_key(world: &World, organization: &Organization, scopes: &[Scope]) -> CreatedApiKey {
    let new_key = NewApiKey { scopes: scopes.to_vec(), ..NewApiKey::plain("admin", Level::Admin, None) };
    services::api_keys::create(&world.services, &command_line(organization), new_key).await.unwrap()
}
