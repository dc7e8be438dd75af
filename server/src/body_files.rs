//! Stored bodies, and data in them, as files.
//!
//! What they hold comes from clients and providers, so a browser must never run it: only four kinds of pictures, which
//! can't hold a script, have their own type; everything else is a download. Files are small enough to be sent from
//! memory: no stored body has more than a few megabytes.

use app::addresses::{BodyFileAddress, Query};
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use domain::{bodies::BodyMedia, errors::ApiError};
use services::{Actor, ServiceError, bodies};

use crate::{
    context::RequestInfo,
    exports::{ExportError, session_actor},
    hub::Hub,
};

/// The type of text and of data that a browser mustn't show.
const UNKNOWN_TYPE: &str = "application/octet-stream";
/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A request for a file: the user, and the body that is asked for.
pub(crate) struct BodyFileRequest {
    actor: Actor,
    address: BodyFileAddress,
}

impl FromRequestParts<Hub> for BodyFileRequest {
    type Rejection = ExportError;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, ExportError> {
        let Ok(info) = RequestInfo::from_request_parts(parts, hub).await;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let organization = query.text("organization").ok_or(ApiError::NotFound)?;
        let actor = session_actor(hub, &info, organization).await?;
        let address = BodyFileAddress::from_query(&query).ok_or(ApiError::NotFound)?;
        Ok(Self { actor, address })
    }
}

/// The stored text of a body.
pub(crate) async fn text(
    State(hub): State<Hub>,
    BodyFileRequest { actor, address }: BodyFileRequest,
) -> Result<Response, ExportError> {
    let BodyFileAddress { call, side, .. } = address;
    let text = bodies::text(&hub.services, &actor, call, side).await?;
    let extension = if text.starts_with(['{', '[']) { "json" } else { "txt" };
    Ok(file(UNKNOWN_TYPE, &format!("attachment; filename=\"{call}.{side}.{extension}\""), text.into_bytes()))
}

/// Data in a body.
pub(crate) async fn media(
    State(hub): State<Hub>,
    BodyFileRequest { actor, address }: BodyFileRequest,
) -> Result<Response, ExportError> {
    let BodyFileAddress { call, side, pointer } = address;
    let pointer = pointer.unwrap_or_default();
    let file_of_call = bodies::media(&hub.services, &actor, call, side, &pointer).await?;
    // Base64 may be of the alphabet for URLs.
    let base64 = file_of_call.base64.replace('-', "+").replace('_', "/");
    let data = BASE64.decode(base64).map_err(|_| ServiceError::NotFound)?;
    let picture = BodyMedia::PICTURES.into_iter().find(|kind| *kind == file_of_call.media_type);
    Ok(match picture {
        Some(kind) => file(kind, "inline", data),
        None => {
            let extension = extension(&file_of_call.media_type);
            file(UNKNOWN_TYPE, &format!("attachment; filename=\"{call}.{extension}\""), data)
        }
    })
}

/// The ending of a file's name for data of this type.
fn extension(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        _ => "bin",
    }
}

fn file(content_type: &'static str, disposition: &str, data: Vec<u8>) -> Response {
    // Names hold only an ID and letters.
    let disposition = HeaderValue::from_str(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, data).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for text in ["YQ==", "YQ"] {
            assert_eq!(BASE64.decode(text).unwrap(), b"a");
        }
        assert!(BASE64.decode("Y Q").is_err());
    }
}
