//! Files, in the form of OpenAI's API reference.
//!
//! A file's id holds when it was made and how large it is. Its content is kept in memory: of the latest files only, and
//! of each the first MiB; a restart forgets it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Answer, Question, Wrong, body, json as whole, memory::Memory, now_ms};
use crate::gateway::endpoint::Verb;

#[derive(Debug, Default)]
pub(super) struct Files(Memory<Kept, 32>);

#[derive(Clone, Debug)]
struct Kept {
    name: String,
    purpose: String,
    content: Bytes,
}

impl Files {
    pub(super) fn answer(&self, verb: Verb, path: &str, question: &Question<'_>) -> Answer {
        let id = question.id;
        match verb {
            Verb::Post => self.upload(question),
            Verb::Delete => {
                described(id, None)?;
                self.0.forget(id);
                Ok(whole(&json!({"id": id, "object": "file", "deleted": true})))
            }
            Verb::Get if path.ends_with("/content") => {
                let content = self.0.find(id).ok_or_else(Wrong::not_found)?.content;
                Ok(body(vec![content], "application/octet-stream"))
            }
            Verb::Get => Ok(whole(&described(id, self.0.find(id).as_ref())?)),
        }
    }

    fn upload(&self, question: &Question<'_>) -> Answer {
        let file = question.input.file().ok_or_else(|| Wrong::about("file", "`file` must be there."))?;
        let purpose = question.input.text("purpose");
        let id = format!("file-sandbox-{:x}-{:x}-{:08x}", now_ms(), file.bytes, fastrand::u32(..));
        let kept = Kept {
            name: file.name.clone(),
            purpose: purpose.ok_or_else(|| Wrong::about("purpose", "`purpose` must be there."))?,
            content: Bytes::copy_from_slice(&file.content),
        };
        let document = described(&id, Some(&kept))?;
        self.0.keep(id, kept);
        Ok(whole(&document))
    }
}

/// How large the file with this id is, in bytes.
pub(super) fn size(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix("file-sandbox-")?.split('-').nth(1)?, 16).ok()
}

fn described(id: &str, kept: Option<&Kept>) -> Result<Value, Wrong> {
    let mut parts = id.strip_prefix("file-sandbox-").unwrap_or_default().split('-');
    let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
    let (Some(made_ms), Some(bytes)) = (part(), part()) else { return Err(Wrong::not_found()) };
    Ok(json!({
        "id": id,
        "object": "file",
        "bytes": bytes,
        "created_at": made_ms / 1000,
        "filename": kept.map_or("forgotten", |kept| &kept.name),
        "purpose": kept.map_or("user_data", |kept| &kept.purpose),
        "status": "processed",
    }))
}
