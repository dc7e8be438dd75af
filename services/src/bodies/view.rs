//! Prepares stored bodies for a page: their beginnings, without data in base64.

use domain::{
    bodies::{BodiesState, BodyForm, BodyView, BodyViews, CallBodies, Conversation, MAX_SHOWN_BYTES, StoredBody},
    ids::CallId,
};

use super::{
    conversation::{is_conversation, read_conversation},
    elision::elide,
    get::{get, get_with_path},
};
use crate::{Actor, ServiceError, ServiceResult, Services};

/// Loads the beginnings of a call's request and response.
///
/// # Errors
/// As for [`get`].
pub async fn view(
    services: &Services,
    actor: &Actor,
    id: CallId,
    form: BodyForm,
) -> ServiceResult<BodiesState<BodyViews>> {
    let (path, state) = get_with_path(services, actor, id).await?;
    run_blocking(move || {
        state.map(|CallBodies { request, response, expires_at }| BodyViews {
            is_conversation: is_conversation(&path, &request),
            request: view_body(request, form),
            response: view_body(response, form),
            expires_at,
        })
    })
    .await
}

/// Loads a call's request and response as a conversation; `None` if they aren't one, or aren't stored completely.
///
/// # Errors
/// As for [`get`].
pub async fn conversation(services: &Services, actor: &Actor, id: CallId) -> ServiceResult<Option<Conversation>> {
    let BodiesState::Kept(bodies) = get(services, actor, id).await? else { return Ok(None) };
    run_blocking(move || read_conversation(&bodies.request, &bodies.response)).await
}

/// Bodies take megabytes to go through, which must not hold up other requests.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ServiceResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ServiceError::Internal(error.to_string()))
}

fn view_body(body: StoredBody, form: BodyForm) -> BodyView {
    let StoredBody { headers, text, bytes, cut, assembled } = body;
    let stored_bytes = text.as_ref().map_or(0, |text| text.len() as u64);
    let (mut text, media) = match (text, form) {
        (Some(text), BodyForm::Readable) => {
            let (text, media) = elide(&text);
            (Some(text), media)
        }
        (text, _) => (text, Vec::new()),
    };
    let shortened = text.as_ref().is_some_and(|text| text.len() > MAX_SHOWN_BYTES);
    if let Some(text) = &mut text {
        text.truncate(text.floor_char_boundary(MAX_SHOWN_BYTES));
    }
    BodyView { headers, text, bytes, stored_bytes, cut, assembled, shortened, media }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_long_body_is_shown() {
        let long = "é".repeat(MAX_SHOWN_BYTES);
        let body = StoredBody { text: Some(long.clone()), bytes: 7, ..StoredBody::default() };
        let view = view_body(body.clone(), BodyForm::Raw);
        let shown = view.text.unwrap();
        assert!(view.shortened && shown.len() <= MAX_SHOWN_BYTES && long.starts_with(&shown));
        assert_eq!(view.stored_bytes, long.len() as u64);
        // A body that is long only by its picture is shown completely.
        let picture = format!(r#"{{"url":"data:image/png;base64,{}","z":1}}"#, "A".repeat(2 * MAX_SHOWN_BYTES));
        let view = view_body(StoredBody { text: Some(picture), ..body }, BodyForm::Readable);
        assert!(!view.shortened && view.text.unwrap().ends_with(r#""z":1}"#));
    }
}
