use leptos::prelude::*;

use crate::components::{SnippetKey, Snippets, snippet};

/// A first call in several languages, ready to paste once the key is in `TOLLHOUSE_KEY`.
#[component]
pub(super) fn FirstCall(base_url: String, model: String) -> impl IntoView {
    view! {
        {snippet("Key", EXPORT.to_owned())}
        <Snippets base_url model key=SnippetKey::Environment/>
    }
}

/// A command that reads the key, so that it doesn't stay in the shell's history. Works in bash and zsh.
const EXPORT: &str = "printf 'Key: '; read -rs TOLLHOUSE_KEY; export TOLLHOUSE_KEY";
