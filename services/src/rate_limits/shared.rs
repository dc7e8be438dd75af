//! What servers on PostgreSQL tell each other of what they let through.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{
    limiter::Windows,
    window::{MINUTE, Taken},
};
use crate::{ServiceResult, Services, random};

/// How often they do.
const PERIOD: Duration = Duration::from_millis(500);
/// How many times until what is over is removed.
const CLEANING: u32 = 60;
/// Rows are read again that changed so many milliseconds before the newest: PostgreSQL makes them visible out of order.
const OVERLAP: i64 = 5_000;

/// Whole seconds of the teller's clock, as they are: whoever is told twice, or late, is told the same. When they were told is
/// said by the database's clock, which is the same for all.
const TELL: &str = "INSERT INTO rate_windows (subject, second, server, calls, tokens, changed_at) \
     SELECT subject, second, $1, calls, tokens, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM \
     unnest($2::text::uuid[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[]) \
     AS told (subject, second, calls, tokens) \
     ON CONFLICT (subject, second, server) DO UPDATE \
     SET calls = excluded.calls, tokens = excluded.tokens, changed_at = excluded.changed_at";
const HEAR: &str = "SELECT subject, second, server, calls, tokens, changed_at, clock.now - changed_at AS age \
     FROM rate_windows, (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) clock \
     WHERE changed_at > $1 AND changed_at >= clock.now - $3 AND server <> $2";
/// What was told so long ago counts no more.
const CLEAN: &str =
    "DELETE FROM rate_windows WHERE changed_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1";

/// Exchanges until it is aborted. While the database is out of reach each server knows of its own only.
pub(super) async fn run(exchange: Arc<Mutex<Exchange>>, services: Services, windows: Arc<Windows>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    for round in 0_u32.. {
        ticks.tick().await;
        let done = exchange.lock().await.once(&services, &windows).await;
        if let (Err(error), false) = (&done, failing) {
            tracing::warn!(%error, "other servers aren't told of the rates of calls, nor heard");
        }
        failing = done.is_err();
        if round % CLEANING == CLEANING - 1 {
            windows.drop_over(services.now());
            // What isn't removed now is the next time.
            let _ = clean(&services).await;
        }
    }
}

/// Which server this is to the others, and how far they were heard.
pub(super) struct Exchange {
    server: i32,
    heard: i64,
}

impl Exchange {
    pub(super) fn new() -> Self {
        // A number that no other server has.
        Self { server: random::bytes().map_or(1, i32::from_be_bytes), heard: 0 }
    }

    pub(super) async fn once(&mut self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        if !services.database().is_postgres() {
            return Ok(());
        }
        self.tell(services, windows).await?;
        self.hear(services, windows).await
    }

    async fn tell(&self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        let untold: Vec<(Uuid, i64, Taken)> = windows
            .lock()
            .iter_mut()
            .flat_map(|(id, window)| window.untold().into_iter().map(|(second, taken)| (*id, second, taken)))
            .collect();
        if untold.is_empty() {
            return Ok(());
        }
        let list = |value: &dyn Fn(&(Uuid, i64, Taken)) -> String| {
            let values: Vec<String> = untold.iter().map(value).collect();
            format!("{{{}}}", values.join(","))
        };
        let values = [
            self.server.into(),
            list(&|(id, ..)| id.to_string()).into(),
            list(&|(_, second, _)| second.to_string()).into(),
            list(&|(.., taken)| taken.calls.to_string()).into(),
            list(&|(.., taken)| taken.tokens.to_string()).into(),
        ];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, TELL, values);
        let told = services.database().read().execute_raw(statement).await;
        if told.is_err() {
            // They shall be told the next time.
            let mut windows = windows.lock();
            for (id, second, _) in untold {
                if let Some(window) = windows.get_mut(&id) {
                    window.remember_to_tell(second);
                }
            }
        }
        told?;
        Ok(())
    }

    async fn hear(&mut self, services: &Services, windows: &Windows) -> ServiceResult<()> {
        let values = [(self.heard - OVERLAP).into(), self.server.into(), (MINUTE * 1000).into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, HEAR, values);
        let rows = services.database().read().query_all_raw(statement).await?;
        let now = services.now().millis();
        let mut windows = windows.lock();
        for row in rows {
            let count = |column: &str| row.try_get::<i64>("", column).map(i64::unsigned_abs);
            let taken = Taken { calls: count("calls")?, tokens: count("tokens")? };
            let window = windows.entry(row.try_get("", "subject")?).or_default();
            // Neither that server's clock nor this one's need be right: only how long ago it was told counts.
            let at = (now - row.try_get::<i64>("", "age")?.max(0)).div_euclid(1000);
            window.hear(row.try_get("", "second")?, row.try_get("", "server")?, taken, at);
            self.heard = self.heard.max(row.try_get("", "changed_at")?);
        }
        Ok(())
    }
}

/// Removes what counts no more, with a minute to spare for what is put right late.
async fn clean(services: &Services) -> ServiceResult<()> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, CLEAN, [(2 * MINUTE * 1000).into()]);
    services.database().read().execute_raw(statement).await?;
    Ok(())
}
