//! A database of its own for each test.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;

pub(crate) struct TestDatabase {
    url: String,
    name: String,
    /// Holds SQLite's file until the test ends.
    _folder: Option<TempDir>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("data/tollhouse.db").display());
        Self { url, name: String::new(), _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let name = format!("test_{}", services::new_reference());
        let server = server().await;
        server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        server.close().await.unwrap();
        let (base, _) = server_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        Self { url: format!("{base}/{name}"), name, _folder: None }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn drop(self) {
        if !self.name.is_empty() {
            let server = server().await;
            server.execute_unprepared(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
            server.close().await.unwrap();
        }
    }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL names no PostgreSQL: run `scripts/with-postgres cargo test`")
}

async fn server() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(server_url());
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}
