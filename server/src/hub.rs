//! State shared by all handlers.

use std::sync::Arc;

use arc_swap::ArcSwap;
use services::{Services, accounts::SetupCode, metering::Meter};

use crate::{config::Config, export_slots::ExportSlots, feeds::Feeds};

/// The server's shared state. Cheap to clone, once for each request.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub struct Inner {
    config: ArcSwap<Config>,
    pub services: Services,
    pub meter: Meter,
    /// The code for creating the first account while sign-up is closed.
    pub setup_code: SetupCode,
    /// Live updates for open pages.
    pub(crate) feeds: Feeds,
    /// Files that are being sent.
    pub(crate) export_slots: ExportSlots,
}

impl std::ops::Deref for Hub {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Hub {
    pub fn new(config: Config, services: Services, meter: Meter) -> Self {
        let setup_code = SetupCode::new();
        Self(Arc::new(Inner {
            config: ArcSwap::from_pointee(config),
            services,
            meter,
            setup_code,
            feeds: Feeds::default(),
            export_slots: ExportSlots::default(),
        }))
    }

    /// The current configuration. A request should load it only once.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Replaces the configuration, and returns the names of changed settings that take effect only at the
    /// next start.
    pub(crate) fn replace_config(&self, config: Config) -> Vec<&'static str> {
        let unchanged_until_start = self.config().differing_at_start(&config);
        self.config.store(Arc::new(config));
        unchanged_until_start
    }
}
