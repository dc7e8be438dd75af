//! Everybody who may ask with a browser.

use domain::{ids::SessionId, permissions::Role};
use rand::RngExt;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use services::Who;
use sha2::{Digest, Sha256};

use super::scene::Scene;
use crate::world::{Person, World};

/// Somebody with a browser, and what they are to the first organization.
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) token: Option<String>,
    /// Whose session it is, where it stands.
    pub(super) person: Option<Person>,
    pub(super) is: Standing,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Standing {
    NotSignedIn,
    /// Signed in, and no member (any more).
    Elsewhere,
    Member(Role),
}

/// All of them.
pub(super) async fn everybody(scene: &Scene) -> Vec<Caller> {
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
    let mut everybody: Vec<Caller> = without
        .map(|(name, token)| Caller { name, token, person: None, is: Standing::NotSignedIn })
        .into_iter()
        .collect();
    for (name, person, is) in [
        ("a removed member", newcomer(scene, "removed").await, Standing::Elsewhere),
        ("a suspended member", newcomer(scene, "suspended").await, Standing::Elsewhere),
        ("another's owner", world.stranger.clone(), Standing::Elsewhere),
        ("a viewer", world.viewer.clone(), Standing::Member(Role::Viewer)),
        ("a developer", world.developer.clone(), Standing::Member(Role::Developer)),
        ("an admin", world.admin.clone(), Standing::Member(Role::Admin)),
        ("an owner", world.owner.clone(), Standing::Member(Role::Owner)),
    ] {
        let token = Some(open_session(world, &person, 0).await.0);
        everybody.push(Caller { name, token, person: Some(person), is });
    }
    everybody
}

/// Opens a session as signing in does, without the work of it, that nobody has been active in for so many minutes.
pub(super) async fn open_session(world: &World, person: &Person, idle_minutes: i64) -> (String, SessionId) {
    let Who::Member { id: user, .. } = person.actor.who else { unreachable!() };
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

/// Somebody with this name, which says what became of them. They were an admin.
async fn newcomer(scene: &Scene, name: &str) -> Person {
    let world = &scene.world;
    let email = format!("{name}@acme.example");
    let new = services::accounts::NewUser {
        email: email.clone(),
        name: name.to_owned(),
        role: Role::Admin,
        password: crate::world::PASSWORD.to_owned(),
    };
    let id = services::accounts::create_user(&world.services, &world.organization, new).await.unwrap();
    let who = Who::Member { id, name: name.to_owned(), role: Role::Admin, session: None };
    let actor = services::Actor { organization: world.organization.clone(), who, ip: None };
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

/// Sets a number where a column has this id.
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

/// So many hexadecimal digits, which are digits of ids too.
fn digits(count: usize) -> String {
    let mut random = rand::rng();
    (0..count).map(|_| char::from_digit(random.random_range(0..16), 16).unwrap()).collect()
}
