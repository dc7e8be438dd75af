//! A question's body: JSON, or the fields of a form.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::BodyExt;
use multer::Multipart;
use serde::Deserialize;

use super::Wrong;
use crate::gateway::payload::Payload;

/// How much of a file is kept, in bytes.
pub(super) const KEPT: usize = 1 << 20;

#[derive(Debug)]
pub(super) enum Input {
    Json(Bytes),
    Form { fields: BTreeMap<String, String>, file: File },
}

/// The last file of a form.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// All of it, or its beginning where it is large.
    pub(super) content: Vec<u8>,
}

impl Input {
    pub(super) async fn read(headers: &HeaderMap, payload: &Payload) -> Result<Self, Wrong> {
        if let Some(bytes) = payload.bytes() {
            return Ok(Self::Json(bytes.clone()));
        }
        let unreadable = |error: multer::Error| Wrong::about("file", format!("The form can't be read: {error}."));
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(unreadable)?;
        let mut form = Multipart::new(payload.send().into_data_stream(), boundary);
        let (mut fields, mut file) = (BTreeMap::new(), File::default());
        while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
            let mut part = File { name: field.file_name().unwrap_or_default().to_owned(), ..File::default() };
            while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
                part.bytes += chunk.len() as u64;
                let room = KEPT - part.content.len();
                part.content.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            if field.file_name().is_some() {
                file = part;
            } else {
                let name = field.name().unwrap_or_default().to_owned();
                fields.insert(name, String::from_utf8_lossy(&part.content).into_owned());
            }
        }
        Ok(Self::Form { fields, file })
    }

    /// The body, which must be JSON.
    pub(super) fn json(&self) -> Result<&Bytes, Wrong> {
        match self {
            Self::Json(bytes) => Ok(bytes),
            Self::Form { .. } => Err(Wrong::about("model", "Send JSON.")),
        }
    }

    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Wrong> {
        Ok(serde_json::from_slice(self.json()?)?)
    }

    /// A field of the form, or a text or number of the JSON.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Form { fields, .. } => fields.get(name).cloned(),
            Self::Json(bytes) => {
                let object: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes).ok()?;
                match object.get(name)? {
                    serde_json::Value::String(text) => Some(text.clone()),
                    serde_json::Value::Null => None,
                    other => Some(other.to_string()),
                }
            }
        }
    }

    pub(super) fn file(&self) -> Option<&File> {
        match self {
            Self::Form { file, .. } if !file.name.is_empty() => Some(file),
            _ => None,
        }
    }

    /// All that was said, to look for a marker in.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Json(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Form { fields, .. } => fields.values().cloned().collect::<Vec<_>>().join("\n"),
        }
    }
}
