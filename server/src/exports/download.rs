//! Downloads of files that jobs made.

use app::addresses::Query;
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{errors::ApiError, ids::ExportId};

use super::{ExportError, ExportRequest, file::headers, folder};

/// Sends the file to the member who exported it.
pub(crate) async fn download(ExportRequest { hub, actor, query, .. }: ExportRequest) -> Result<Response, ExportError> {
    let id: ExportId = Query::parse(&query).get("export").ok_or(ApiError::NotFound)?;
    let content = services::exports::open(&hub.services, &folder(&hub.config()), &actor, id).await?;
    let export = &content.export;
    let day = export.created_at.to_chrono().format("%Y-%m-%d");
    let name = format!("{}-{}-{day}", actor.organization.slug, export.source.file_stem());
    let headers = headers(&name, export.format);
    // Clients that don't take it compressed see how much is left. A stream without a length breaks off if a part is missing.
    let length = [(header::CONTENT_LENGTH, export.bytes.to_string())];
    Ok((headers, length, Body::from_stream(content.into_stream())).into_response())
}
