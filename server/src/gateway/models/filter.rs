//! The filter of a query for models.

use domain::models::Service;

use crate::{
    gateway::{
        endpoint::{ENDPOINTS, Endpoint},
        offers::Offer,
    },
    v1::error::V1Error,
};

/// A filter for the list of models: `service=chat`, `endpoint=/v1/chat/completions`. Each may be repeated, or
/// contain several values separated by commas; one of them has to match. Other parameters are ignored.
#[derive(Debug, Default)]
pub(super) struct ModelFilter {
    services: Vec<Service>,
    endpoints: Vec<&'static str>,
}

impl ModelFilter {
    pub(super) fn read(query: &str) -> Result<Self, V1Error> {
        let mut filter = Self::default();
        for (name, values) in form_urlencoded::parse(query.as_bytes()) {
            let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
            match name.strip_suffix("[]").unwrap_or(&name) {
                "service" => {
                    let services = values.map(str::parse).collect::<Result<Vec<Service>, String>>();
                    filter.services.extend(services.map_err(|message| V1Error::invalid("service", message))?);
                }
                "endpoint" => filter.endpoints.extend(values.map(endpoint).collect::<Result<Vec<_>, _>>()?),
                _ => {}
            }
        }
        Ok(filter)
    }

    pub(super) fn matches(&self, offer: &Offer) -> bool {
        let is_called_by = |path: &&'static str| offer.endpoints().any(|endpoint| endpoint.path == *path);
        (self.services.is_empty() || self.services.contains(&offer.service))
            && (self.endpoints.is_empty() || self.endpoints.iter().any(is_called_by))
    }
}

/// Parses a path that calls models, with or without `/v1`.
fn endpoint(text: &str) -> Result<&'static str, V1Error> {
    let path = text.trim_matches('/');
    let path = path.strip_prefix("v1/").unwrap_or(path);
    let matches = |endpoint: &&Endpoint| endpoint.calls_models() && endpoint.path.strip_prefix("/v1/") == Some(path);
    ENDPOINTS.iter().find(matches).map(|endpoint| endpoint.path).ok_or_else(|| {
        let shown: String = text.chars().take(100).collect();
        let message = format!("No model is available at {shown:?}. Use a path such as /v1/chat/completions.");
        V1Error::invalid("endpoint", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_narrows_by_what_it_names() {
        let filter =
            ModelFilter::read("service=chat,audio&endpoint=v1/messages&endpoint=%2Fv1%2Fresponses&limit=1").unwrap();
        assert_eq!(filter.services, [Service::Chat, Service::Audio]);
        assert_eq!(filter.endpoints, ["/v1/messages", "/v1/responses"]);
        for wrong in ["service=chats", "endpoint=files", "endpoint=/v1/videos/{id}", "service=chat,x"] {
            assert!(ModelFilter::read(wrong).is_err(), "{wrong}");
        }
    }
}
