//! Bodies, and data within them, as files.

use domain::{
    bodies::{BodiesState, BodySide, StoredBody},
    ids::CallId,
};

use super::{get::get, media::recognize, strings::StringValues};
use crate::{Actor, ServiceError, ServiceResult, Services};

/// Data of a body, still in base64.
#[derive(Clone, Debug)]
pub struct MediaFile {
    /// The media type, such as `image/png`; as the client or provider says, so it can't be trusted.
    pub media_type: String,
    /// The data in base64, in either alphabet, with or without padding.
    pub base64: String,
}

/// Loads the stored text of one side of a call.
///
/// # Errors
/// As for [`get`]; [`ServiceError::NotFound`] if there is no text.
pub async fn text(services: &Services, actor: &Actor, id: CallId, side: BodySide) -> ServiceResult<String> {
    load(services, actor, id, side).await?.text.ok_or(ServiceError::NotFound)
}

/// Loads the data that `pointer` names in one side of a call.
///
/// # Errors
/// As for [`text`]; [`ServiceError::NotFound`] if there is no data at this place.
pub async fn media(
    services: &Services,
    actor: &Actor,
    id: CallId,
    side: BodySide,
    pointer: &str,
) -> ServiceResult<MediaFile> {
    let text = text(services, actor, id, side).await?;
    let pointer = pointer.to_owned();
    let found = tokio::task::spawn_blocking(move || find_media(&text, &pointer)).await;
    found.map_err(|error| ServiceError::Internal(error.to_string()))?.ok_or(ServiceError::NotFound)
}

async fn load(services: &Services, actor: &Actor, id: CallId, side: BodySide) -> ServiceResult<StoredBody> {
    match (get(services, actor, id).await?, side) {
        (BodiesState::Kept(bodies), BodySide::Request) => Ok(bodies.request),
        (BodiesState::Kept(bodies), BodySide::Response) => Ok(bodies.response),
        _ => Err(ServiceError::NotFound),
    }
}

fn find_media(text: &str, pointer: &str) -> Option<MediaFile> {
    let mut values = StringValues::new(text);
    while let Some(range) = values.next() {
        // Only data is worth a comparison of pointers.
        if let Some(data) = recognize(values.name(), &text[range])
            && values.pointer().as_deref() == Some(pointer)
        {
            return Some(MediaFile { media_type: data.media_type, base64: data.base64.replace('\\', "") });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_found_by_its_pointer_alone() {
        let base64 = "AB\\/C".repeat(400);
        let text = format!(r#"{{"a":["x",{{"url":"data:image/png;base64,{base64}"}}]}}"#);
        let file = find_media(&text, "/a/1/url").unwrap();
        assert_eq!((file.media_type.as_str(), file.base64), ("image/png", "AB/C".repeat(400)));
        assert!(find_media(&text, "/a/0").is_none() && find_media(&text, "").is_none());
    }
}
