//! A first call in several shells and languages, ready to paste.

mod languages;
mod shell;

use js_sys::JSON;
use leptos::prelude::*;

use self::{
    languages::{javascript, python},
    shell::Shell,
};
use super::{
    copy_button::CopyButton,
    tabs::{Tab, Tabs},
};

/// The environment variable with the key.
const VARIABLE: &str = "TOLLHOUSE_KEY";

/// The key in a snippet.
#[derive(Clone)]
pub enum SnippetKey {
    /// The secret itself, while it is known.
    Secret(String),
    /// The environment variable `TOLLHOUSE_KEY`.
    Environment,
}

/// A first call in several shells and languages, ready to paste.
#[component]
pub fn Snippets(
    /// The base URL for programs, such as `https://hub.example/v1`.
    #[prop(into)]
    base_url: String,
    #[prop(into)] model: String,
    key: SnippetKey,
) -> impl IntoView {
    let shells = [Shell::Posix, Shell::PowerShell, Shell::Fish].map(|shell| {
        let call = shell.call(&base_url, &model);
        let texts = match &key {
            SnippetKey::Secret(secret) => vec![("Snippet", format!("{}\n\n{call}", shell.set_key(secret)))],
            SnippetKey::Environment => vec![("Key", shell.read_key()), ("Snippet", call)],
        };
        tab(shell.label(), None, texts)
    });
    let hint = match key {
        SnippetKey::Secret(_) => None,
        SnippetKey::Environment => Some("Set TOLLHOUSE_KEY first: the tab of your shell has the command."),
    };
    let mut tabs = shells.to_vec();
    tabs.push(tab("Python", hint, vec![("Snippet", python(&base_url, &model, &key))]));
    tabs.push(tab("JavaScript", hint, vec![("Snippet", javascript(&base_url, &model, &key))]));
    if let SnippetKey::Secret(secret) = &key {
        let text = format!("OPENAI_BASE_URL={base_url}\nOPENAI_API_KEY={secret}");
        tabs.push(tab(".env", None, vec![("Snippet", text)]));
    }
    view! { <Tabs label="Language" tabs/> }
}

/// A tab with labeled texts to paste one after the other, below a hint.
fn tab(label: &'static str, hint: Option<&'static str>, texts: Vec<(&'static str, String)>) -> Tab {
    Tab::new(label, move || {
        let snippets: Vec<_> = texts.iter().map(|(label, text)| snippet(label, text.clone())).collect();
        view! {
            <div class="snippets">
                {hint.map(|hint| view! { <p class="dim">{hint}</p> }.into_any())}
                {snippets}
            </div>
        }
    })
}

/// Text to paste, with a button that copies it.
fn snippet(label: &'static str, text: String) -> AnyView {
    view! {
        <div class="snippet">
            // Scrolls sideways, so it must be reachable by keyboard.
            <pre tabindex="0" role="region" aria-label=label><code>{text.clone()}</code></pre>
            <CopyButton text name=label.to_ascii_lowercase()/>
        </div>
    }
    .into_any()
}

/// `text` as a string of JSON, which is one of Python and JavaScript too.
fn quote(text: &str) -> String {
    JSON::stringify(&text.into()).map(String::from).unwrap_or_default()
}
