//! Measures how fast known keys are verified, and what keeping them in memory takes:
//! `cargo run --release -p services --example keys [KEYS]`, 100,000 unless said otherwise.
#![allow(clippy::print_stdout)]

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::api_keys::{Level, Secret};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use sea_orm::ConnectionTrait;
use services::{
    ServiceError, ServiceResult, Services, SystemClock,
    api_keys::directory::{KeyDirectory, KeyVerification},
};
use sha2::{Digest, Sha256};

/// Organizations that share the keys.
const ORGANIZATIONS: usize = 100;
/// Rows in one statement.
const ROWS: usize = 500;
/// How long lookups are counted.
const WHILE: Duration = Duration::from_secs(5);

fn secret(random: &mut Pcg64) -> Secret {
    Secret::from_digits(Level::Standard, std::array::from_fn(|_| random.random_range(0..62)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stores keys that may call two models from one network, without the use case's audit log, which would take minutes.
async fn store(services: &Services, secrets: &[Secret]) -> ServiceResult<()> {
    let mut organizations = Vec::with_capacity(ORGANIZATIONS);
    for number in 0..ORGANIZATIONS {
        organizations
            .push(services::organizations::create(services, &format!("Company {number}"), "Europe/Berlin").await?.id);
    }
    let now = services.now().millis();
    for (chunk, secrets) in secrets.chunks(ROWS).enumerate() {
        let (mut keys, mut of_keys, mut directory) = (String::new(), String::new(), String::new());
        for (row, secret) in secrets.iter().enumerate() {
            let number = chunk * ROWS + row;
            let organization = organizations[number % ORGANIZATIONS].uuid().simple();
            let comma = if row == 0 { "" } else { "," };
            let hash = hex(&Sha256::digest(secret.reveal().as_bytes()));
            // Writing to a String can't fail.
            let _ = write!(
                keys,
                "{comma}(X'{organization}', X'{number:032x}', 'key {number}', '', 'standard', '[]', '[\"gpt-x\",\"gpt-y\"]', \
                 '[\"10.0.0.0/8\"]', {now})"
            );
            let _ = write!(of_keys, "{comma}(X'{organization}', X'{number:032x}', X'{number:032x}', 'abcd', {now})");
            let _ = write!(directory, "{comma}(X'{hash}', X'{organization}', X'{number:032x}', X'{number:032x}')");
        }
        let transaction = services.database().begin().await?;
        for (columns, rows) in [
            (
                "api_keys (organization_id, id, name, description, level, scopes, models, ip_allowlist, created_at)",
                keys,
            ),
            ("key_secrets (organization_id, id, api_key_id, last_four, created_at)", of_keys),
            ("key_directory (hash, organization_id, api_key_id, secret_id)", directory),
        ] {
            transaction.execute_unprepared(&format!("INSERT INTO {columns} VALUES {rows}")).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

/// The memory of this process that is in use, in bytes (Linux: `proc_pid_statm(5)`).
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

async fn is_active(directory: &KeyDirectory, secret: &Secret) -> ServiceResult<()> {
    match directory.verify(secret).await? {
        KeyVerification::Active(_) => Ok(()),
        other => Err(ServiceError::Internal(format!("{other:?}"))),
    }
}

/// How many lookups a second so many tasks make, each from a key's text, as the gateway gets it.
async fn lookups(directory: &KeyDirectory, texts: &Arc<Vec<String>>, tasks: u64) -> ServiceResult<f64> {
    let started = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (directory, texts) = (directory.clone(), Arc::clone(texts));
        set.spawn(async move {
            let mut random = Pcg64::seed_from_u64(task);
            let mut made = 0_u32;
            while started.elapsed() < WHILE {
                for _ in 0..1_000 {
                    let text = &texts[random.random_range(0..texts.len())];
                    let secret = Secret::parse(text).map_err(|error| ServiceError::Internal(error.to_string()))?;
                    is_active(&directory, &secret).await?;
                    made += 1;
                }
            }
            ServiceResult::Ok(made)
        });
    }
    let mut made = 0.0;
    for count in set.join_all().await {
        made += f64::from(count?);
    }
    Ok(made / started.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> ServiceResult<()> {
    let count: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("tollhouse-keys-{}", services::new_reference()));
    let services =
        Services::start(&format!("sqlite://{}/tollhouse.db", folder.display()), Arc::new(SystemClock)).await?;
    let mut random = Pcg64::seed_from_u64(1);
    let secrets: Vec<Secret> = (0..count).map(|_| secret(&mut random)).collect();
    let texts = Arc::new(secrets.iter().map(|secret| secret.reveal().to_owned()).collect::<Vec<_>>());
    store(&services, &secrets).await?;

    let directory = KeyDirectory::start(&services);
    // Connections and statements are ready, and what was read is in the database's own memory.
    for _ in 0..5_000 {
        directory.verify(&secret(&mut random)).await?;
    }
    let before = resident();
    let started = Instant::now();
    for secret in &secrets {
        is_active(&directory, secret).await?;
    }
    let (seconds, bytes) = (started.elapsed().as_secs_f64(), resident().saturating_sub(before));
    println!("{count} keys, each for the first time: {:.0} lookups/s", f64::from(count) / seconds);
    println!("kept in memory: {} bytes a key, {:.1} MB in all", bytes / u64::from(count), bytes as f64 / 1e6);
    for tasks in [1, 2, 16] {
        println!("known keys, {tasks} tasks: {:.0} lookups/s", lookups(&directory, &texts, tasks).await?);
    }
    services.database().clone().close().await?;
    // Only what was made above; left behind where it can't be removed.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}
