use super::{SnippetKey, VARIABLE, quote};

pub(super) fn python(base_url: &str, model: &str, key: &SnippetKey) -> String {
    let (import, key) = match key {
        SnippetKey::Secret(secret) => ("", quote(secret)),
        SnippetKey::Environment => ("import os\n", format!("os.environ[\"{VARIABLE}\"]")),
    };
    let (base_url, model) = (quote(base_url), quote(model));
    format!(
        r#"# pip install openai
{import}from openai import OpenAI

client = OpenAI(
    base_url={base_url},
    api_key={key},
)
answer = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)"#
    )
}

pub(super) fn javascript(base_url: &str, model: &str, key: &SnippetKey) -> String {
    let key = match key {
        SnippetKey::Secret(secret) => quote(secret),
        SnippetKey::Environment => format!("process.env.{VARIABLE}"),
    };
    let (base_url, model) = (quote(base_url), quote(model));
    format!(
        r#"// npm install openai
import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: {base_url},
  apiKey: {key},
}});
const answer = await client.chat.completions.create({{
  model: {model},
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);"#
    )
}
