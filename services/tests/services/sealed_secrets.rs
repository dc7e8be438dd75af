//! The server's own secret, and its replacement.

use std::sync::{Arc, Mutex};

use services::{
    ServiceError,
    sealed_secrets::{self, MasterSecret, ReadMasterSecret, SecretRotation},
};

use crate::support::World;

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

fn fixed(text: &str) -> Arc<ReadMasterSecret> {
    let text = text.to_owned();
    Arc::new(move || MasterSecret::parse(&text).map_err(|error| error.to_string()))
}

async fn another_server(world: &World, secret: &str) -> Result<(), ServiceError> {
    let services = services::Services::open(world.database.url(), world.clock.clone()).await.unwrap();
    let outcome = sealed_secrets::set_master_secret(&services, fixed(secret)).await;
    services.database().clone().close().await.unwrap();
    outcome
}

/// Stores a secret, as far as its row matters: it is the probe's, under another id.
async fn store_secret(world: &World) {
    let id = if world.services.database().is_postgres() {
        "'00000000-0000-0000-0000-000000000001'"
    } else {
        "x'00000000000000000000000000000001'"
    };
    let columns = "organization_id, purpose, key_id, sealed, sealed_at";
    world
        .execute(&format!("INSERT INTO sealed_secrets (id, {columns}) SELECT {id}, {columns} FROM sealed_secrets"))
        .await;
}

on_both_databases! {
    async fn a_server_with_another_secret_than_the_databases_doesnt_start_once_it_matters(world: &World) {
        sealed_secrets::set_master_secret(&world.services, fixed(OLD)).await.unwrap();
        another_server(world, OLD).await.unwrap();
        another_server(world, NEW).await.unwrap();
        store_secret(world).await;
        another_server(world, OLD).await.unwrap();
        let error = another_server(world, NEW).await.unwrap_err();
        assert!(error.to_string().contains("TOLLHOUSE_SECRET"), "{error}");
        another_server(world, &format!("{NEW},{OLD}")).await.unwrap();
        another_server(world, &format!("{OLD},{NEW}")).await.unwrap();
    }

    async fn a_rotation_seals_everything_anew_once(world: &World) {
        sealed_secrets::set_master_secret(&world.services, fixed(OLD)).await.unwrap();
        assert_eq!(sealed_secrets::rotate(&world.services).await.unwrap(), SecretRotation { rotated: 0 });
        sealed_secrets::set_master_secret(&world.services, fixed(&format!("{NEW},{OLD}"))).await.unwrap();
        assert_eq!(sealed_secrets::rotate(&world.services).await.unwrap(), SecretRotation { rotated: 1 });
        assert_eq!(sealed_secrets::rotate(&world.services).await.unwrap(), SecretRotation { rotated: 0 });
        store_secret(world).await;
        another_server(world, NEW).await.unwrap();
        another_server(world, OLD).await.unwrap_err();
        let events = world.rows("SELECT after FROM audit_entries WHERE action = 'server_secret.rotated'").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].try_get::<String>("", "after").unwrap(), r#"{"rotated":1}"#);
    }

    async fn a_server_that_runs_takes_up_the_new_secret_when_it_meets_it(world: &World) {
        let file = Arc::new(Mutex::new(OLD.to_owned()));
        let read = Arc::clone(&file);
        let read: Arc<ReadMasterSecret> =
            Arc::new(move || MasterSecret::parse(&read.lock().unwrap()).map_err(|error| error.to_string()));
        sealed_secrets::set_master_secret(&world.services, read).await.unwrap();
        // A command on the same machine replaces it.
        *file.lock().unwrap() = format!("{NEW}\n{OLD}\n");
        let command = services::Services::open(world.database.url(), world.clock.clone()).await.unwrap();
        sealed_secrets::set_master_secret(&command, fixed(&format!("{NEW},{OLD}"))).await.unwrap();
        assert_eq!(sealed_secrets::rotate(&command).await.unwrap().rotated, 1);
        command.database().clone().close().await.unwrap();
        *file.lock().unwrap() = NEW.to_owned();
        // It still has the old one only; the probe is sealed with the new one.
        assert_eq!(sealed_secrets::rotate(&world.services).await.unwrap().rotated, 0);
        another_server(world, NEW).await.unwrap();
    }
}
