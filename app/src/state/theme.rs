use leptos::prelude::*;

use super::storage::{load, save};

/// Storage key of the choice, which the page's first script reads before anything is painted.
const STORAGE_KEY: &str = "theme";

/// The dashboard's colors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Theme {
    /// The system's choice of light or dark.
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

/// The theme chosen in this browser.
#[derive(Clone, Copy)]
pub struct ThemeChoice(RwSignal<Theme>);

impl ThemeChoice {
    pub fn provide() {
        provide_context(Self(RwSignal::new(Theme::from_name(&load(STORAGE_KEY).unwrap_or_default()))));
    }

    pub fn get(&self) -> Theme {
        self.0.get()
    }

    pub fn set(&self, theme: Theme) {
        self.0.set(theme);
        save(STORAGE_KEY, theme.name());
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme.name());
        }
    }
}

pub fn use_theme() -> ThemeChoice {
    expect_context()
}
