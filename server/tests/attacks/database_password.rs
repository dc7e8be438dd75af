//! The password in `DATABASE_URL` is in no error, and in no log at any level.

use std::process::Command;

use crate::{postgres::Postgres, world::World};

const PASSWORD: &str = "planted-horse-41";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_databases_password_is_in_no_log() {
    let database = Postgres::new().await;
    let url = database.url.replacen("tollhouse@", &format!("tollhouse:{PASSWORD}@"), 1);
    assert!(url.contains(PASSWORD), "{url}");
    let world = World::on(Some(database.url.clone()), "").await;
    let server = world.serve_on(&url, "trace").await;
    let log = server.stop().await;
    assert!(log.contains("stopping"), "{log}");
    assert!(!log.contains(PASSWORD), "the log tells the password");
    drop(world);
    database.drop().await;
}

#[test]
fn an_address_that_cannot_be_read_is_quoted_by_no_command() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        format!("postgres://mira:{PASSWORD}#x@127.0.0.1/hub"),
        format!("postgres://mira:{PASSWORD}@127.0.0.1:port/hub"),
        format!("postgres://mira@127.0.0.1/hub?pasword={PASSWORD}"),
        format!("postgres://mira:{PASSWORD}@127.0.0.1:1/hub"),
        format!("mysql://mira:{PASSWORD}@127.0.0.1/hub"),
    ] {
        for command in ["doctor", "migrate", "serve"] {
            let output = Command::new(env!("CARGO_BIN_EXE_tollhouse"))
                .args([command, "--json"])
                .env_clear()
                .env("TOLLHOUSE_DATA", folder.path())
                .env("TOLLHOUSE_ADDR", "127.0.0.1:0")
                .env("TOLLHOUSE_LOG", "trace")
                .env("DATABASE_URL", &url)
                .output()
                .unwrap();
            assert!(!output.status.success(), "{command} {url}");
            let output = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&output).contains(PASSWORD), "{command} tells {url}");
        }
    }
}
