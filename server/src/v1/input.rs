//! Reads what a request says: ids in its path, its query, its body. What can't be read is refused in OpenAI's form.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::{error::Refusal, gzip};
use crate::management::LARGEST_BODY;
use crate::security::zeros;

/// The ids in a path. What can't be an id is answered like one that doesn't exist.
pub(crate) struct Ids<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(ids) = Path::from_request_parts(parts, state).await.map_err(|_| Refusal::not_found())?;
        Ok(Self(ids))
    }
}

/// A body of JSON, of at most `MOST` bytes.
pub(crate) struct Body<T, const MOST: usize = LARGEST_BODY>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync, const MOST: usize> FromRequest<S> for Body<T, MOST> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if gzip::is_said(request.headers())? {
            return Err(gzip::refused("Send the body as it is, without `content-encoding`."));
        }
        let bytes = match Limited::new(request.into_body(), MOST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::body_too_large(MOST as u64)),
            Err(_) => return Err(Refusal::malformed("The body broke off.")),
        };
        // A body may be left out where nothing in it is needed.
        let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
        if zeros::is_in_json(text) {
            return Err(zeros::error().into());
        }
        serde_json::from_slice(text).map(Self).map_err(|error| Refusal::malformed(format!("The body: {error}.")))
    }
}

/// The parameters of a query.
///
/// Lists come in all the ways that OpenAI's clients write them: `a=1&a=2`, `a[]=1&a[]=2`, `a=1,2`.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let named = |name: &str| name.strip_suffix("[]").unwrap_or(name).to_owned();
        Self(pairs.map(|(name, value)| (named(&name), value.into_owned())).collect())
    }

    /// Refuses a parameter that isn't known: to ignore a filter would give wrong sums.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Refusal> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(self),
            Some((name, _)) => {
                let message = format!("There is no parameter {name:?} here; there are {}.", known.join(", "));
                Err(Refusal::invalid(name.clone(), message))
            }
        }
    }

    /// The only value of a parameter, read by `read`, which says what is wrong with it.
    pub(crate) fn one<T, E: ToString>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Refusal> {
        let mut values = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        let value = values.next().map(|(_, value)| read(value)).transpose();
        if values.next().is_some() {
            return Err(Refusal::invalid(name, "Say it once."));
        }
        value.map_err(|error| Refusal::invalid(name, error.to_string()))
    }

    /// All values of a parameter.
    pub(crate) fn many<T, E: ToString>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, Refusal> {
        let values = self.0.iter().filter(|(known, _)| known == name).flat_map(|(_, value)| value.split(','));
        let read = values.filter(|value| !value.is_empty()).map(read).collect::<Result<Vec<T>, E>>();
        read.map_err(|error| Refusal::invalid(name, error.to_string()))
    }
}

/// A whole number of at least `least`.
pub(crate) fn number(least: i64, most: i64) -> impl Fn(&str) -> Result<i64, String> {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("{text:?} is no whole number from {least} to {most}."))
    }
}
