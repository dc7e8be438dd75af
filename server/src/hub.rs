//! What all handlers share.

use std::sync::Arc;

use services::{Services, metering::Meter};

use crate::config::Config;

/// Cheap to clone: one for each request.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

pub struct Inner {
    pub config: Config,
    pub services: Services,
    pub meter: Meter,
}

impl std::ops::Deref for Hub {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Hub {
    pub fn new(config: Config, services: Services, meter: Meter) -> Self {
        Self(Arc::new(Inner { config, services, meter }))
    }
}
