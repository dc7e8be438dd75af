//! Finds the files that a body refers to, however deep: whose they are is decided here, since providers can't tell.

use memchr::memmem;

use crate::gateway::walk::{At, texts};

/// Most files that one body may refer to.
pub(in crate::gateway) const MOST_FILES: usize = 100;

/// The ids of all files in a body, which is JSON. Of more than are allowed, one more.
pub(in crate::gateway) fn files(body: &[u8]) -> Vec<String> {
    // Nearly every body has neither the name nor an escape that it could hide in.
    if memmem::find(body, b"file_id").is_none() && memmem::find(body, b"\\u").is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    texts(body, at, &mut |id| {
        if found.len() <= MOST_FILES {
            found.push(id.to_owned());
        }
    });
    found
}

fn at(key: &str) -> At {
    if matches!(key, "file_id" | "file_ids") { At::Take } else { At::Look }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_however_deep_and_however_written() {
        let body =
            br#"{"input":[{"content":[{"type":"input_file","file_id":"file-1"},{"file":{"file\u005fid":"file-2"}}]}],
            "tools":[{"container":{"file_ids":["file-3","file-4"]}}],"x":"file_id","n":1.5}"#;
        assert_eq!(files(body), ["file-1", "file-2", "file-3", "file-4"]);
        assert!(files(br#"{"messages":[{"content":"no \u00e9 files, but the word file_id"}]}"#).is_empty());
        assert!(files(b"{}").is_empty());
    }
}
