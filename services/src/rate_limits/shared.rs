//! The exchange of counts between servers on PostgreSQL.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{
    window::{MINUTE, WindowCount},
    windows::Windows,
};
use crate::{ServiceResult, Services, random};

/// Time between exchanges.
const EXCHANGE_INTERVAL: Duration = Duration::from_millis(500);
/// Number of exchanges between cleanups.
const ROUNDS_PER_CLEANUP: u32 = 60;
/// Milliseconds before the newest row within which rows are read
/// again, since PostgreSQL makes rows visible out of order.
const OVERLAP_MS: i64 = 5_000;

/// Publishes totals of seconds by this server's clock, so that reading them twice or late does no harm.
/// `changed_at` is by the database's clock, which all servers share.
const PUBLISH: &str = "INSERT INTO rate_windows (subject, second, server, calls, tokens, changed_at) \
     SELECT subject, second, $1, calls, tokens, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM \
     unnest($2::text::uuid[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[]) \
     AS published (subject, second, calls, tokens) \
     ON CONFLICT (subject, second, server) DO UPDATE \
     SET calls = excluded.calls, tokens = excluded.tokens, changed_at = excluded.changed_at";
const RECEIVE: &str = "SELECT subject, second, server, calls, tokens, changed_at, clock.now - changed_at AS age \
     FROM rate_windows, (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) clock \
     WHERE changed_at > $1 AND changed_at >= clock.now - $3 AND server <> $2";
/// Deletes rows that no window can count any longer.
const DELETE_OLD: &str =
    "DELETE FROM rate_windows WHERE changed_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1";

/// Exchanges counts until the task is aborted. While the database
/// can't be reached, each server knows only its own counts.
pub(super) async fn run(exchange: Arc<Mutex<WindowExchange>>, services: Services, windows: Arc<Windows>) {
    let mut ticks = interval(EXCHANGE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    for round in 0_u32.. {
        ticks.tick().await;
        let result = exchange.lock().await.run_once(&services, &windows).await;
        if let (Err(error), false) = (&result, failing) {
            tracing::warn!(%error, "other servers aren't told of the rates of calls, nor heard");
        }
        failing = result.is_err();
        if round % ROUNDS_PER_CLEANUP == ROUNDS_PER_CLEANUP - 1 {
            windows.drop_expired(services.now());
            // If this fails, the next cleanup deletes the rows.
            let _ = delete_old(&services).await;
        }
    }
}

/// The state of the exchange: this server's number, and how far others' rows were read.
pub(super) struct WindowExchange {
    server: i32,
    /// The highest `changed_at` read so far, in milliseconds.
    received_up_to: i64,
}

impl WindowExchange {
    pub(super) fn new() -> Self {
        // Random, so that no other server has it.
        Self { server: random::bytes().map_or(1, i32::from_be_bytes), received_up_to: 0 }
    }

    pub(super) async fn run_once(&mut self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        if !services.database().is_postgres() {
            return Ok(());
        }
        self.publish(services, windows).await?;
        self.receive(services, windows).await
    }

    async fn publish(&self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        let unpublished: Vec<(Uuid, i64, WindowCount)> = windows
            .lock()
            .iter_mut()
            .flat_map(|(id, window)| window.unpublished().into_iter().map(|(second, count)| (*id, second, count)))
            .collect();
        if unpublished.is_empty() {
            return Ok(());
        }
        let list = |value: &dyn Fn(&(Uuid, i64, WindowCount)) -> String| {
            let values: Vec<String> = unpublished.iter().map(value).collect();
            format!("{{{}}}", values.join(","))
        };
        let values = [
            self.server.into(),
            list(&|(id, ..)| id.to_string()).into(),
            list(&|(_, second, _)| second.to_string()).into(),
            list(&|(.., count)| count.calls.to_string()).into(),
            list(&|(.., count)| count.tokens.to_string()).into(),
        ];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, PUBLISH, values);
        let result = services.database().control().read().execute_raw(statement).await;
        if result.is_err() {
            // The next exchange publishes them.
            let mut windows = windows.lock();
            for (id, second, _) in unpublished {
                if let Some(window) = windows.get_mut(&id) {
                    window.mark_unpublished(second);
                }
            }
        }
        result?;
        Ok(())
    }

    async fn receive(&mut self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        let values = [(self.received_up_to - OVERLAP_MS).into(), self.server.into(), (MINUTE * 1000).into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, RECEIVE, values);
        let rows = services.database().control().read().query_all_raw(statement).await?;
        let now = services.now().millis();
        let mut windows = windows.lock();
        for row in rows {
            let read = |column: &str| row.try_get::<i64>("", column).map(i64::unsigned_abs);
            let count = WindowCount { calls: read("calls")?, tokens: read("tokens")? };
            let window = windows.entry(row.try_get("", "subject")?).or_default();
            // Only the row's age matters, so neither server's clock has to be right.
            let at = (now - row.try_get::<i64>("", "age")?.max(0)).div_euclid(1000);
            window.add_remote(row.try_get("", "second")?, row.try_get("", "server")?, count, at);
            self.received_up_to = self.received_up_to.max(row.try_get("", "changed_at")?);
        }
        Ok(())
    }
}

/// Deletes rows that no longer count, with a minute to spare for late corrections.
async fn delete_old(services: &Services) -> ServiceResult<()> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, DELETE_OLD, [(2 * MINUTE * 1000).into()]);
    services.database().control().read().execute_raw(statement).await?;
    Ok(())
}
