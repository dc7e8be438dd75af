//! Files, in the form of OpenAI's API reference.
//!
//! A file's id contains its creation time and its size. Contents are kept in memory: those of the latest
//! files only, and the first MiB of each, until a restart.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    bodies::{body_response, json_response},
    error::{SandboxError, SandboxResult},
    memory::Memory,
    request::ReceivedRequest,
    seeds::now_ms,
};

/// Uploaded files.
#[derive(Debug, Default)]
pub(super) struct Files(Memory<StoredFile, 32>);

#[derive(Clone, Debug)]
struct StoredFile {
    name: String,
    purpose: String,
    content: Bytes,
}

impl Files {
    pub(super) fn answer(&self, method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
        let id = request.id;
        match *method {
            Method::POST => self.upload(request),
            Method::DELETE => {
                file_document(id, None)?;
                self.0.forget(id);
                Ok(json_response(&json!({"id": id, "object": "file", "deleted": true})))
            }
            Method::GET if route.ends_with("/content") => {
                let content = self.0.find(id).ok_or_else(SandboxError::not_found)?.content;
                Ok(body_response(vec![content], "application/octet-stream"))
            }
            Method::GET => Ok(json_response(&file_document(id, self.0.find(id).as_ref())?)),
            _ => Err(SandboxError::not_found()),
        }
    }

    fn upload(&self, request: &ReceivedRequest<'_>) -> SandboxResult {
        let file = request.input.file().ok_or_else(|| SandboxError::invalid("file", "`file` must be there."))?;
        let purpose = request.input.text("purpose");
        let id = format!("file-sandbox-{:x}-{:x}-{:08x}", now_ms(), file.bytes, fastrand::u32(..));
        let stored = StoredFile {
            name: file.name.clone(),
            purpose: purpose.ok_or_else(|| SandboxError::invalid("purpose", "`purpose` must be there."))?,
            content: Bytes::copy_from_slice(&file.content),
        };
        let document = file_document(&id, Some(&stored))?;
        self.0.insert(id, stored);
        Ok(json_response(&document))
    }
}

/// Returns the size in bytes of the file with this id.
pub(super) fn size(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix("file-sandbox-")?.split('-').nth(1)?, 16).ok()
}

fn file_document(id: &str, stored: Option<&StoredFile>) -> Result<Value, SandboxError> {
    let mut parts = id.strip_prefix("file-sandbox-").unwrap_or_default().split('-');
    let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
    let (Some(made_ms), Some(bytes)) = (part(), part()) else { return Err(SandboxError::not_found()) };
    Ok(json!({
        "id": id,
        "object": "file",
        "bytes": bytes,
        "created_at": made_ms / 1000,
        "filename": stored.map_or("forgotten", |stored| &stored.name),
        "purpose": stored.map_or("user_data", |stored| &stored.purpose),
        "status": "processed",
    }))
}
