//! Finds the texts of models in an answer, to estimate their tokens.

use super::walk::{WalkStep, texts};

/// Passes each such text of a JSON document to `take`. For invalid JSON, returns an error after passing none
/// or some of its texts.
pub(in crate::gateway) fn find(json: &[u8], take: &mut dyn FnMut(&str)) -> Result<(), serde_json::Error> {
    texts(json, step_at, take)
}

fn step_at(key: &str) -> WalkStep {
    match key {
        // Input and output of a model.
        "content" | "text" | "input" | "prompt" | "system" | "instructions" | "arguments" | "description" | "delta"
        | "partial_json" | "thinking" | "reasoning_content" | "refusal" | "output" => WalkStep::Take,
        "transcript" => WalkStep::Take,
        // Pictures and audio.
        "image_url" | "b64_json" | "data" => WalkStep::Skip,
        _ => WalkStep::Descend,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<String> {
        let mut all = Vec::new();
        find(json.as_bytes(), &mut |text| all.push(text.to_owned())).map(|()| all).unwrap_or_default()
    }

    #[test]
    fn what_a_model_writes_is_found_and_nothing_else() {
        let chat = r#"{"model":"m","user":"u","n":1,"messages":[{"role":"user","content":"a"},
            {"role":"user","content":[{"type":"text","text":"b"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
            {"role":"assistant","tool_calls":[{"id":"i","function":{"name":"f","arguments":"{\"x\":1}"}}]}]}"#;
        assert_eq!(found(chat), ["a", "b", "{\"x\":1}"]);
        assert_eq!(found(r#"{"input":["a","b"],"instructions":"c"}"#), ["a", "b", "c"]);
        assert_eq!(found(r#"{"delta":"a","obfuscation":"zzz"}"#), ["a"]);
        assert_eq!(found(r#"{"delta":{"type":"text_delta","text":"a"}}"#), ["a"]);
        assert_eq!(
            found(r#"{"content":"data: a","audio":{"id":"x","data":"AAAA","transcript":"b"}}"#),
            ["data: a", "b"]
        );
        assert!(found("{").is_empty() && found("no").is_empty());
    }
}
