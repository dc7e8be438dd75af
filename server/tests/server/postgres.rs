//! A PostgreSQL database for one test.

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};

pub(crate) struct Postgres {
    pub(crate) url: String,
    name: String,
}

impl Postgres {
    pub(crate) async fn new() -> Self {
        Self::create("").await
    }

    /// A copy of a database without connections.
    pub(crate) async fn copy_of(other: &Self) -> Self {
        Self::create(&format!("TEMPLATE {}", other.name)).await
    }

    async fn create(template: &str) -> Self {
        let name = format!("test_{}", services::new_reference());
        server().await.execute_unprepared(&format!("CREATE DATABASE {name} {template}")).await.unwrap();
        let (base, _) = server_url().rsplit_once('/').map(|(base, rest)| (base.to_owned(), rest.to_owned())).unwrap();
        Self { url: format!("{base}/{name}"), name }
    }

    /// Drops the database at the end of a test that succeeded; those of other tests disappear with the
    /// server.
    pub(crate) async fn drop(self) {
        server().await.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
    }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL names no PostgreSQL: run `scripts/with-postgres cargo test`")
}

async fn server() -> DatabaseConnection {
    let mut options = ConnectOptions::new(server_url());
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}
