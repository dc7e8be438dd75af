//! `tollhouse serve`.

use std::{net::SocketAddr, time::Duration};

use services::{Services, accounts, jobs::JobRunner, metering::Meter};
use tokio::net::TcpListener;

use super::{CliError, output, start};
use crate::{
    config::{Config, ProcessOptions},
    connections, exports,
    gateway::Gateway,
    hub::Hub,
    jobs,
    reload::Reloader,
    router::router,
    v1::state::V1State,
};

/// Time for calls to end whose clients have left, beyond the time of all other calls.
const DETACHED_CALLS_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn run(options: ProcessOptions, config: Config) -> Result<(), CliError> {
    let listener = TcpListener::bind(config.addr)
        .await
        .map_err(|error| CliError::Refused(format!("can't listen on {}: {error}", config.addr)))?;
    let services = start::services(&config).await?;
    services.set_quotas(config.quotas).await?;
    serve(listener, options, config, services).await
}

async fn serve(
    listener: TcpListener,
    options: ProcessOptions,
    config: Config,
    services: Services,
) -> Result<(), CliError> {
    let meter = Meter::start(&services, config.journal()).await?;
    let v1 = V1State::start(&services, &config);
    let gateway = Gateway::new(v1.clone(), meter.clone(), &config)?;
    let job_runner = JobRunner::start(&services, jobs::handlers(exports::folder(&config)));
    gateway.start_jobs();
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let hub = Hub::new(config, services, meter.clone());
    Reloader::new(options, hub.clone(), v1.clone(), gateway.clone()).start()?;
    let stop = shutdown_signal()?;
    announce(&hub, listener.local_addr()?).await?;
    let router = router(hub.clone(), v1, gateway.clone());
    connections::serve(listener, router, hub, stop).await;
    let end_calls = async {
        // A call whose client has left may still wait for the provider to report its usage.
        if tokio::time::timeout(DETACHED_CALLS_TIMEOUT, gateway.finished()).await.is_err() {
            tracing::warn!("some calls whose clients had left weren't over in time, and aren't recorded");
        }
        gateway.flush().await;
        meter.shutdown().await;
    };
    // Side by side: calls are stored at once, however long a job still takes.
    tokio::join!(end_calls, job_runner.shutdown());
    Ok(())
}

/// Prints the server's address and the next step, for the person who started it.
async fn announce(hub: &Hub, address: SocketAddr) -> Result<(), CliError> {
    let config = hub.config();
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    output::line(&format!("Tollhouse is running at {url}"));
    let is_unclaimed = !config.sign_up_open && accounts::is_unclaimed(&hub.services).await?;
    output::line(&match hub.setup_code.text().filter(|_| is_unclaimed) {
        // The code is printed only here, where only the operator reads it: anyone who has it can create the
        // first account.
        Some(code) => format!("No accounts exist yet. Create the first one at {url}/sign-up?setup={code}"),
        None => "Open it, sign up, and create an API key. The API is at the same address under /v1.".to_owned(),
    });
    if config.sign_up_open && config.has_paid_providers() {
        tracing::warn!("{}", super::doctor::OPEN_SIGN_UP_WARNING);
    }
    Ok(())
}

/// Resolves on SIGINT or SIGTERM: open calls are finished first.
///
/// Listens from the call on and not only when awaited, so that a signal right after start-up isn't lost.
///
/// # Errors The system refuses to listen for signals.
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping: calls under way are finished first");
    })
}
