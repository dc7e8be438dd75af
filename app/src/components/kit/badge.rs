use leptos::prelude::*;

/// The meaning of a color.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tone {
    #[default]
    Neutral,
    Accent,
    Good,
    Warning,
    Danger,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// A state in one word.
#[component]
pub fn Badge(
    #[prop(optional)] tone: Tone,
    /// Whether the tone is only a dot before the word, for states that most rows share.
    #[prop(optional)]
    quiet: bool,
    children: Children,
) -> impl IntoView {
    let style = if quiet { "badge quiet" } else { "badge" };
    view! { <span class=format!("{style} {}", tone.class())>{children()}</span> }
}
