use leptos::prelude::*;

use super::{
    copy_button::CopyButton,
    tabs::{Tab, Tabs},
};

/// The key in a snippet.
#[derive(Clone)]
pub enum SnippetKey {
    /// The secret itself, while it is known.
    Secret(String),
    /// The environment variable `TOLLHOUSE_KEY`.
    Environment,
}

/// A first call in several languages, ready to paste.
#[component]
pub fn Snippets(
    /// The base URL for programs, such as `https://hub.example/v1`.
    #[prop(into)]
    base_url: String,
    #[prop(into)] model: String,
    key: SnippetKey,
) -> impl IntoView {
    let mut tabs = vec![
        tab("curl", curl(&base_url, &model, &key)),
        tab("Python", python(&base_url, &model, &key)),
        tab("JavaScript", javascript(&base_url, &model, &key)),
    ];
    if let SnippetKey::Secret(secret) = &key {
        tabs.push(tab(".env", format!("OPENAI_BASE_URL={base_url}\nOPENAI_API_KEY={secret}")));
    }
    view! { <Tabs label="Language" tabs/> }
}

fn tab(label: &'static str, text: String) -> Tab {
    Tab::new(label, move || snippet("Snippet", text.clone()))
}

/// Text to paste, with a button that copies it.
pub fn snippet(label: &'static str, text: String) -> AnyView {
    view! {
        <div class="snippet">
            // Scrolls sideways, so it must be reachable by keyboard.
            <pre tabindex="0" role="region" aria-label=label><code>{text.clone()}</code></pre>
            <CopyButton text name="snippet"/>
        </div>
    }
    .into_any()
}

fn curl(base_url: &str, model: &str, key: &SnippetKey) -> String {
    let key = match key {
        SnippetKey::Secret(secret) => secret,
        SnippetKey::Environment => "$TOLLHOUSE_KEY",
    };
    format!(
        r#"curl {base_url}/chat/completions \
  -H "Authorization: Bearer {key}" \
  -H "Content-Type: application/json" \
  -d '{{"model": "{model}",
       "messages": [{{"role": "user", "content": "Hello"}}]}}'"#
    )
}

fn python(base_url: &str, model: &str, key: &SnippetKey) -> String {
    let (import, key) = match key {
        SnippetKey::Secret(secret) => ("", format!("\"{secret}\"")),
        SnippetKey::Environment => ("import os\n", "os.environ[\"TOLLHOUSE_KEY\"]".to_owned()),
    };
    format!(
        r#"# pip install openai
{import}from openai import OpenAI

client = OpenAI(
    base_url="{base_url}",
    api_key={key},
)
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello"}}],
)
print(answer.choices[0].message.content)"#
    )
}

fn javascript(base_url: &str, model: &str, key: &SnippetKey) -> String {
    let key = match key {
        SnippetKey::Secret(secret) => format!("\"{secret}\""),
        SnippetKey::Environment => "process.env.TOLLHOUSE_KEY".to_owned(),
    };
    format!(
        r#"// npm install openai
import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{base_url}",
  apiKey: {key},
}});
const answer = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);"#
    )
}
