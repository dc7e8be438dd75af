//! `tollhouse serve`.

use std::{net::SocketAddr, time::Duration};

use services::{Services, accounts, metering::Meter};
use tokio::net::TcpListener;

use super::{CliError, output, start};
use crate::{
    config::{Config, Options},
    connections,
    gateway::Gateway,
    hub::Hub,
    jobs,
    reload::Reloader,
    router::router,
};

/// How long the end of calls is waited for whose clients have left, beyond what the others were given.
const LAST_CALLS: Duration = Duration::from_secs(5);

pub(super) async fn run(options: Options, config: Config) -> Result<(), CliError> {
    let listener = TcpListener::bind(config.addr)
        .await
        .map_err(|error| CliError::Refused(format!("can't listen on {}: {error}", config.addr)))?;
    let services = start::services(&config).await?;
    serve(listener, options, config, services).await
}

async fn serve(listener: TcpListener, options: Options, config: Config, services: Services) -> Result<(), CliError> {
    let meter = Meter::start(&services, config.journal())?;
    let gateway = Gateway::new(services.clone(), meter.clone(), &config)?;
    jobs::start(&services);
    gateway.start_jobs();
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let hub = Hub::new(config, services, meter.clone());
    Reloader::new(options, hub.clone(), gateway.clone()).start()?;
    let told_to_stop = told_to_stop()?;
    announce(&hub, listener.local_addr()?).await?;
    let router = router(hub.clone(), gateway.clone());
    connections::serve(listener, router, hub, told_to_stop).await;
    // A call whose client has left may still be waiting for the provider to tell what it used.
    if tokio::time::timeout(LAST_CALLS, gateway.finished()).await.is_err() {
        tracing::warn!("some calls whose clients had left weren't over in time, and aren't recorded");
    }
    gateway.note_last_uses().await;
    meter.shutdown().await;
    Ok(())
}

/// Tells whoever started the server where it is and what to do next.
async fn announce(hub: &Hub, address: SocketAddr) -> Result<(), CliError> {
    let config = hub.config();
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    output::line(&format!("Tollhouse serves {url}"));
    let unclaimed = !config.sign_up_open && accounts::is_unclaimed(&hub.services).await?;
    output::line(&match hub.setup_code.text().filter(|_| unclaimed) {
        // Only here, where nobody but the operator reads it: whoever has it makes the first account.
        Some(code) => format!("Nobody has an account yet. Make the first one at {url}/sign-up?setup={code}"),
        None => "Open it, sign up, and create an API key. Programs call the same address under /v1.".to_owned(),
    });
    if config.sign_up_open && config.asks_others() {
        tracing::warn!("{}", super::doctor::OPEN_BESIDE_A_PROVIDER);
    }
    Ok(())
}

/// Resolves when the process is asked to end: calls under way are finished first.
///
/// It listens from now on, not only when it is awaited: whoever ends a server as soon as it has said where it is would
/// cut it off.
///
/// # Errors
/// The system lets nobody listen for signals.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
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
