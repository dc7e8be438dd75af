//! A stored request as code that sends it again, without a key.

use crate::bodies::indent_json;

/// The environment variable that holds the key.
const VARIABLE: &str = "TOLLHOUSE_KEY";
/// The line that ends the body in a shell. No line of JSON is like it.
const END: &str = "BODY";
/// Beginnings of the names of request headers that change what an API does.
const PASSED_HEADERS: [&str; 2] = ["anthropic-", "openai-"];

/// A request to send again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallReplay {
    url: String,
    headers: Vec<(String, String)>,
    /// JSON.
    body: String,
}

impl CallReplay {
    /// A replay of a stored request to `path` of the server at `origin`; `None` if its path has a parameter, whose value
    /// isn't stored, or its body isn't JSON.
    pub fn new(origin: &str, path: &str, headers: &[(String, String)], body: &str) -> Option<Self> {
        let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(body).is_ok();
        if path.contains('{') || !is_object {
            return None;
        }
        let passed = headers.iter().filter(|(name, value)| {
            PASSED_HEADERS.iter().any(|begin| name.starts_with(begin)) && !value.contains(['\r', '\n'])
        });
        let json = ("content-type".to_owned(), "application/json".to_owned());
        Some(Self {
            url: format!("{origin}{path}"),
            headers: std::iter::once(json).chain(passed.cloned()).collect(),
            body: indent_json(body.trim()),
        })
    }

    /// A command for a POSIX shell.
    pub fn curl(&self) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("  -H {} \\\n", shell_quote(&format!("{name}: {value}"))))
            .collect();
        let (url, body) = (shell_quote(&self.url), &self.body);
        format!(
            "curl {url} \\\n  -H \"authorization: Bearer ${VARIABLE}\" \\\n{headers}  --data-binary @- <<'{END}'\n{body}\n{END}"
        )
    }

    /// A program for Python's `requests`.
    pub fn python(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("        {}: {},\n", quote(name), quote(value))).collect();
        let (url, body) = (quote(&self.url), &self.body);
        // JSON has never three quotes in a row: within a text they are escaped.
        format!(
            "# pip install requests\nimport os\nimport requests\n\nbody = r\"\"\"{body}\"\"\"\nresponse = requests.post(\n    {url},\n    headers={{\n        \
             \"authorization\": f\"Bearer {{os.environ['{VARIABLE}']}}\",\n{headers}    }},\n    data=body.encode(),\n)\nprint(response.status_code, \
             response.text)"
        )
    }

    /// A module for Node.js and Deno.
    pub fn javascript(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("    {}: {},\n", quote(name), quote(value))).collect();
        let (url, body) = (quote(&self.url), &self.body);
        format!(
            "const body = {body};\nconst response = await fetch({url}, {{\n  method: \"POST\",\n  headers: {{\n    authorization: `Bearer \
             ${{process.env.{VARIABLE}}}`,\n{headers}  }},\n  body: JSON.stringify(body),\n}});\nconsole.log(response.status, await response.text());"
        )
    }
}

/// `text` as one word of a POSIX shell.
fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `text` as a string of JSON, which is one of Python and JavaScript too.
fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn replay(body: &str) -> Option<CallReplay> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [
            header("authorization", "[redacted]"),
            header("cookie", "a=b"),
            header("anthropic-beta", "it's new"),
            header("openai-evil", "a\nb"),
        ];
        CallReplay::new("https://hub.example", "/v1/messages", &headers, body)
    }

    #[test]
    fn a_request_is_sent_again_without_its_key() {
        let replay = replay(r#"{"a":"it's $HOME \"\"\" `x`"}"#).unwrap();
        assert_eq!(
            replay.curl(),
            "curl 'https://hub.example/v1/messages' \\\n  -H \"authorization: Bearer $TOLLHOUSE_KEY\" \\\n  \
             -H 'content-type: application/json' \\\n  -H 'anthropic-beta: it'\\''s new' \\\n  --data-binary @- <<'BODY'\n\
             {\n  \"a\": \"it's $HOME \\\"\\\"\\\" `x`\"\n}\nBODY"
        );
        let python = replay.python();
        assert!(python.contains("body = r\"\"\"{\n  \"a\": \"it's $HOME \\\"\\\"\\\" `x`\"\n}\"\"\"\n"), "{python}");
        assert!(python.contains("\"authorization\": f\"Bearer {os.environ['TOLLHOUSE_KEY']}\",\n"), "{python}");
        let javascript = replay.javascript();
        assert!(
            javascript.contains("authorization: `Bearer ${process.env.TOLLHOUSE_KEY}`,\n    \"content-type\""),
            "{javascript}"
        );
        for text in [replay.curl(), python, javascript] {
            assert!(!text.contains("redacted") && !text.contains("cookie") && !text.contains("evil"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_arrives_as_it_was_stored(text in "\\PC{0,40}", quotes in "[\"'\\\\`$]{0,20}") {
            let body = json!({ "text": text, "quotes": quotes, "both": [format!("{quotes}{text}")] });
            let replay = replay(&body.to_string()).unwrap();
            let (curl, python) = (replay.curl(), replay.python());
            let (_, rest) = curl.split_once("<<'BODY'\n").unwrap();
            let (in_shell, end) = rest.split_once("\nBODY").unwrap();
            prop_assert_eq!(end, "");
            prop_assert_eq!(serde_json::from_str::<Value>(in_shell).unwrap(), body.clone());
            let (_, rest) = python.split_once("r\"\"\"").unwrap();
            let (in_python, _) = rest.split_once("\"\"\"").unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(in_python).unwrap(), body);
        }
    }

    #[test]
    fn only_complete_json_to_a_known_path_is_sent_again() {
        for body in ["", "a=1", "[1]", "{\"a\":"] {
            assert_eq!(replay(body), None);
        }
        assert_eq!(CallReplay::new("", "/v1/files/{file_id}", &[], "{}"), None);
    }
}
