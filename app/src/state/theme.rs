use leptos::prelude::*;

use super::storage::{keep, kept};

/// Where the choice is kept; the page's first script reads it before anything is painted.
const STORAGE: &str = "theme";

/// In which colours the dashboard is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Theme {
    /// As the system does.
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The theme of this name; the system's for any other text.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or(Self::System)
    }
}

/// The theme that was chosen in this browser.
#[derive(Clone, Copy)]
pub struct ThemeChoice(RwSignal<Theme>);

impl ThemeChoice {
    pub fn provide() {
        provide_context(Self(RwSignal::new(Theme::from_name(&kept(STORAGE).unwrap_or_default()))));
    }

    pub fn get(&self) -> Theme {
        self.0.get()
    }

    pub fn set(&self, theme: Theme) {
        self.0.set(theme);
        keep(STORAGE, theme.name());
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme.name());
        }
    }
}

pub fn use_theme() -> ThemeChoice {
    expect_context()
}
