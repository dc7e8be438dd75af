//! All kinds of callers with a browser.

use domain::{ids::SessionId, permissions::Role};
use rand::RngExt;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use services::ActorKind;
use sha2::{Digest, Sha256};

use super::scene::Scene;
use crate::world::{Person, World};

/// A caller with a browser, and their membership in the first organization.
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) token: Option<String>,
    /// The session's user, if it is valid.
    pub(super) person: Option<Person>,
    pub(super) membership: CallerMembership,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum CallerMembership {
    NotSignedIn,
    /// Signed in, and not (or no longer) a member.
    Elsewhere,
    Member(Role),
}

/// All kinds of callers.
pub(super) async fn all_callers(scene: &Scene) -> Vec<Caller> {
    let world = &scene.world;
    let (ended, id) = open_session(world, &world.owner, 0).await;
    end(world, id).await;
    let (idle, _) = open_session(world, &world.owner, 9 * 60).await;
    let (expired, id) = open_session(world, &world.owner, 0).await;
    change(world, "sessions", "expires_at", 1, "id", id.uuid()).await;
    let without = [
        ("nobody", None),
        ("a made-up token", Some("wrong".to_owned())),
        ("an empty token", Some(String::new())),
        ("a session that was ended", Some(ended)),
        ("an idle session", Some(idle)),
        ("an expired session", Some(expired)),
    ];
    let mut callers: Vec<Caller> = without
        .map(|(name, token)| Caller { name, token, person: None, membership: CallerMembership::NotSignedIn })
        .into_iter()
        .collect();
    for (name, person, membership) in [
        ("a removed member", former_admin(scene, "removed").await, CallerMembership::Elsewhere),
        ("a suspended member", former_admin(scene, "suspended").await, CallerMembership::Elsewhere),
        ("another's owner", world.stranger.clone(), CallerMembership::Elsewhere),
        ("a viewer", world.viewer.clone(), CallerMembership::Member(Role::Viewer)),
        ("a developer", world.developer.clone(), CallerMembership::Member(Role::Developer)),
        ("an admin", world.admin.clone(), CallerMembership::Member(Role::Admin)),
        ("an owner", world.owner.clone(), CallerMembership::Member(Role::Owner)),
    ] {
        let token = Some(open_session(world, &person, 0).await.0);
        callers.push(Caller { name, token, person: Some(person), membership });
    }
    callers
}

/// Opens a session as sign-in does, without its cost, last active so many minutes ago.
pub(super) async fn open_session(world: &World, person: &Person, idle_minutes: i64) -> (String, SessionId) {
    let ActorKind::Member { id: user, .. } = person.actor.kind else { unreachable!() };
    let (token, id): (String, SessionId) = (digits(64), format!("sess_0{}", digits(25)).parse().unwrap());
    let now = services::Clock::now(&services::SystemClock).millis();
    let insert = Query::insert()
        .into_table("sessions")
        .columns(["id", "token_hash", "user_id", "user_agent", "ip", "created_at", "last_active_at", "expires_at"])
        .values_panic([
            Expr::val(id.uuid()),
            Expr::val(Sha256::digest(token.as_bytes()).to_vec()),
            Expr::val(user.uuid()),
            Expr::val("test"),
            Expr::val("127.0.0.1"),
            Expr::val(now),
            Expr::val(now - idle_minutes * 60_000),
            Expr::val(now + 86_400_000),
        ])
        .to_owned();
    write(world, &insert).await;
    (token, id)
}

/// A former admin with this name, which is also what happened to them.
async fn former_admin(scene: &Scene, name: &str) -> Person {
    let world = &scene.world;
    let email = format!("{name}@acme.example");
    let new = services::accounts::NewUser {
        email: email.clone(),
        name: name.to_owned(),
        role: Role::Admin,
        password: crate::world::PASSWORD.to_owned(),
    };
    let id = services::accounts::create_user(&world.services, &world.organization, new).await.unwrap();
    let kind = ActorKind::Member { id, name: name.to_owned(), role: Role::Admin, session: None };
    let actor = services::Actor { organization: world.organization.clone(), kind, ip: None };
    if name == "removed" {
        let delete = Query::delete().from_table("memberships").and_where(Expr::col("user_id").eq(id.uuid())).to_owned();
        write(world, &delete).await;
    } else {
        change(world, "memberships", "suspended_at", 1, "user_id", id.uuid()).await;
    }
    Person { email, token: String::new(), actor }
}

async fn end(world: &World, id: SessionId) {
    write(world, &Query::delete().from_table("sessions").and_where(Expr::col("id").eq(id.uuid())).to_owned()).await;
}

/// Sets a number in the row whose column `of` has this id.
pub(super) async fn change(
    world: &World,
    table: &'static str,
    column: &'static str,
    to: i64,
    of: &'static str,
    id: impl Into<sea_orm::Value>,
) {
    let update = Query::update().table(table).value(column, to).and_where(Expr::col(of).eq(Expr::val(id))).to_owned();
    write(world, &update).await;
}

async fn write(world: &World, statement: &impl sea_orm::StatementBuilder) {
    let transaction = world.services.database().begin().await.unwrap();
    assert_eq!(transaction.execute(statement).await.unwrap().rows_affected(), 1);
    transaction.commit().await.unwrap();
}

/// So many hexadecimal digits, which are also valid in ids.
fn digits(count: usize) -> String {
    let mut random = rand::rng();
    (0..count).map(|_| char::from_digit(random.random_range(0..16), 16).unwrap()).collect()
}
