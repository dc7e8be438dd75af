//! Extractors for the ids, the query and the body of a request. Invalid input is rejected in OpenAI's form.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::{error::V1Error, gzip};
use crate::zeros;

/// Maximum body size of a request unless it says otherwise: the longest lists of a key's models and networks fit
/// in.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The ids in a path. An invalid id is answered like one that doesn't exist.
pub(crate) struct PathIds<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathIds<T> {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, V1Error> {
        let Path(ids) = Path::from_request_parts(parts, state).await.map_err(|_| V1Error::not_found())?;
        Ok(Self(ids))
    }
}

/// A JSON body of at most `MAX` bytes.
pub(crate) struct JsonBody<T, const MAX: usize = MAX_BODY_BYTES>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync, const MAX: usize> FromRequest<S> for JsonBody<T, MAX> {
    type Rejection = V1Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, V1Error> {
        if gzip::is_declared(request.headers())? {
            return Err(gzip::not_accepted("Send the body uncompressed, without `content-encoding`."));
        }
        let bytes = match Limited::new(request.into_body(), MAX).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(V1Error::body_too_large(MAX as u64)),
            Err(_) => return Err(V1Error::malformed("The body ended early.")),
        };
        // A body without required fields may be left out.
        let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
        if zeros::is_in_json(text) {
            return Err(zeros::error().into());
        }
        serde_json::from_slice(text).map(Self).map_err(|error| V1Error::malformed(format!("Invalid body: {error}.")))
    }
}

/// The parameters of a query.
///
/// Lists may be written in all forms that OpenAI's clients use: `a=1&a=2`, `a[]=1&a[]=2`, `a=1,2`.
pub(crate) struct QueryParams(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for QueryParams {
    type Rejection = V1Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, V1Error> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl QueryParams {
    fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let without_brackets = |name: &str| name.strip_suffix("[]").unwrap_or(name).to_owned();
        Self(pairs.map(|(name, value)| (without_brackets(&name), value.into_owned())).collect())
    }

    /// Rejects unknown parameters, since an ignored filter would give wrong sums.
    pub(crate) fn reject_unknown(self, known: &[&str]) -> Result<Self, V1Error> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(self),
            Some((name, _)) => {
                let message = format!("Unknown parameter {name:?}. Allowed parameters: {}.", known.join(", "));
                Err(V1Error::invalid(name.clone(), message))
            }
        }
    }

    /// The only value of a parameter, parsed by `read`, whose error is the message.
    pub(crate) fn one<T, E: ToString>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, V1Error> {
        let mut values = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        let value = values.next().map(|(_, value)| read(value)).transpose();
        if values.next().is_some() {
            return Err(V1Error::invalid(name, format!("`{name}` may be given only once.")));
        }
        value.map_err(|error| V1Error::invalid(name, error.to_string()))
    }

    /// All values of a parameter, each parsed by `read`.
    pub(crate) fn many<T, E: ToString>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, V1Error> {
        let values = self.0.iter().filter(|(known, _)| known == name).flat_map(|(_, value)| value.split(','));
        let read = values.filter(|value| !value.is_empty()).map(read).collect::<Result<Vec<T>, E>>();
        read.map_err(|error| V1Error::invalid(name, error.to_string()))
    }
}

/// Returns a parser of integers from `min` to `max`.
pub(crate) fn number(min: i64, max: i64) -> impl Fn(&str) -> Result<i64, String> {
    move |text| {
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| format!("{text:?} isn't a whole number from {min} to {max}."))
    }
}
