//! A request's body: JSON, or the fields of a form.

use std::{collections::BTreeMap, error::Error};

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use multer::Multipart;
use serde::Deserialize;

use crate::{error::SandboxError, tokens::tokens_in_json};

/// Maximum size of a file's kept content, in bytes.
pub(super) const MAX_KEPT_BYTES: usize = 1 << 20;

/// The body of a request.
#[derive(Debug)]
pub enum SandboxRequestBody {
    /// JSON, or nothing.
    Json(Bytes),
    /// A form, whose boundary is in the headers.
    Form(UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>),
}

/// A body that has been read.
#[derive(Debug)]
pub(super) enum Input {
    Json(Bytes),
    Form { fields: BTreeMap<String, String>, file: FormFile },
}

/// The last file of a form.
#[derive(Debug, Default)]
pub(super) struct FormFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// The content, or the beginning of a large one.
    pub(super) content: Vec<u8>,
}

impl Input {
    pub(super) async fn read(headers: &HeaderMap, body: SandboxRequestBody) -> Result<Self, SandboxError> {
        let form = match body {
            SandboxRequestBody::Json(bytes) => return Ok(Self::Json(bytes)),
            SandboxRequestBody::Form(form) => form,
        };
        let unreadable =
            |error: multer::Error| SandboxError::invalid("file", format!("The form can't be read: {error}."));
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(unreadable)?;
        let mut form = Multipart::new(form.into_data_stream(), boundary);
        let (mut fields, mut file) = (BTreeMap::new(), FormFile::default());
        while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
            let mut part = FormFile { name: field.file_name().unwrap_or_default().to_owned(), ..FormFile::default() };
            while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
                part.bytes += chunk.len() as u64;
                let missing = MAX_KEPT_BYTES - part.content.len();
                part.content.extend_from_slice(&chunk[..chunk.len().min(missing)]);
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

    /// Returns the body, which must be JSON.
    pub(super) fn json(&self) -> Result<&Bytes, SandboxError> {
        match self {
            Self::Json(bytes) => Ok(bytes),
            Self::Form { .. } => Err(SandboxError::invalid("model", "Send JSON.")),
        }
    }

    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SandboxError> {
        Ok(serde_json::from_slice(self.json()?)?)
    }

    /// Returns the number of tokens in all texts of the body that a model reads, which must be JSON.
    pub(super) fn tokens(&self) -> Result<i64, SandboxError> {
        Ok(tokens_in_json(self.json()?)?)
    }

    /// Returns the text of a form field, or of a JSON string or other value.
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

    pub(super) fn file(&self) -> Option<&FormFile> {
        match self {
            Self::Form { file, .. } if !file.name.is_empty() => Some(file),
            _ => None,
        }
    }

    /// Returns all texts of the body, for a search for markers.
    pub(super) fn all_text(&self) -> String {
        match self {
            Self::Json(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Form { fields, .. } => fields.values().cloned().collect::<Vec<_>>().join("\n"),
        }
    }
}
