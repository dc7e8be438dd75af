//! What all handlers share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use services::{Services, accounts::SetupCode, metering::Meter};

use crate::{config::Config, live::Feeds};

/// Cheap to clone: one for each request.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub struct Inner {
    config: ArcSwap<Config>,
    pub services: Services,
    pub meter: Meter,
    /// With which the first account is made where sign-up is closed.
    pub setup_code: SetupCode,
    /// What open pages are told.
    pub(crate) feeds: Feeds,
}

impl std::ops::Deref for Hub {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Hub {
    pub fn new(config: Config, services: Services, meter: Meter) -> Self {
        services.set_quotas(config.quotas);
        let setup_code = SetupCode::new();
        Self(Arc::new(Inner {
            config: ArcSwap::from_pointee(config),
            services,
            meter,
            setup_code,
            feeds: Feeds::default(),
        }))
    }

    /// The configuration that holds now. One request should ask for it once.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Lets another configuration hold; tells which changed settings take effect at the next start only.
    pub(crate) fn take_up(&self, config: Config) -> Vec<&'static str> {
        let unchanged_until_start = self.config().differing_at_start(&config);
        self.services.set_quotas(config.quotas);
        self.config.store(Arc::new(config));
        unchanged_until_start
    }
}
