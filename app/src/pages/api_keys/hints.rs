//! Hints about a key, with their reasons and remedies.

use domain::api_keys::{ApiKey, Hint};
use leptos::prelude::*;

use super::actions::{KeyAction, KeyActions};
use crate::{
    components::{Button, Icon, IconView, Menu, MenuAction, Notice, TimeStyle, Tone, format_moment},
    lean::CollectAny,
    state::use_zone,
};

/// The action that resolves a hint.
#[derive(Clone, Copy)]
enum Remedy {
    Narrow,
    Rotate,
    CreateReplacement,
    Revoke,
}

impl Remedy {
    const fn of(hint: &Hint) -> Self {
        match hint {
            Hint::NeverUsed | Hint::Unused { .. } => Self::Revoke,
            Hint::ExpiresSoon { .. } | Hint::BreaksPolicy { .. } => Self::CreateReplacement,
            Hint::RotationDue { .. } => Self::Rotate,
            Hint::Wide { .. } => Self::Narrow,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Narrow => "Restrict to what's used…",
            Self::Rotate => "Rotate…",
            Self::CreateReplacement => "Create replacement…",
            Self::Revoke => "Revoke…",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Narrow => Icon::Edit,
            Self::Rotate => Icon::Refresh,
            Self::CreateReplacement => Icon::Plus,
            Self::Revoke => Icon::Revoke,
        }
    }

    fn action(self, key: ApiKey) -> KeyAction {
        match self {
            Self::Narrow => KeyAction::Narrow(key),
            Self::Rotate => KeyAction::Rotate(key),
            Self::CreateReplacement => KeyAction::CreateReplacement(key),
            Self::Revoke => KeyAction::Revoke(vec![key]),
        }
    }
}

/// The reason for a hint, with days in `zone`.
fn reason(hint: &Hint, zone: &str) -> String {
    let day = |at| format_moment(at, zone, TimeStyle::Date);
    match hint {
        Hint::NeverUsed => "It hasn't been used since it was created. Revoke it if it isn't needed.".to_owned(),
        Hint::Unused { since } => {
            format!("Last used on {}. Revoke it if it isn't needed anymore.", day(*since))
        }
        Hint::ExpiresSoon { at } => {
            format!("It expires on {}, which can't be changed. Create a replacement with the same settings.", day(*at))
        }
        Hint::RotationDue { since } => {
            format!("Its rotation was due on {}. The old secret can keep working for a while.", day(*since))
        }
        Hint::Wide { scopes, models } => {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.label()).collect();
            let used = match (scopes.join(", "), models.join(", ")) {
                (scopes, models) if models.is_empty() => scopes,
                (scopes, models) if scopes.is_empty() => models,
                (scopes, models) => format!("{scopes} with {models}"),
            };
            format!("It allows more than was used in the last 30 days: {used}.")
        }
        Hint::BreaksPolicy { why } => {
            format!("{why} It was created before this policy and keeps working. Create a replacement that complies.")
        }
    }
}

/// A key's hints as one button, which opens a menu of their reasons and remedies.
#[component]
pub(super) fn HintMenu(key: ApiKey, actions: KeyActions) -> impl IntoView {
    let first = key.hints.first()?.kind().label();
    let more = key.hints.len() - 1;
    let zone = use_zone();
    let entry = |hint: &Hint| {
        let reason = {
            let hint = hint.clone();
            move || zone.with(|zone| reason(&hint, zone))
        };
        let (remedy, title) = (Remedy::of(hint), hint.kind().label());
        let key = key.clone();
        view! {
            <MenuAction icon=remedy.icon() on_press=move || actions.open(remedy.action(key.clone()))>
                <b>{title}</b>
                <span class="hint-reason">{reason}</span>
                <span class="hint-remedy">{remedy.label()}</span>
            </MenuAction>
        }
    };
    let entries = key.hints.iter().map(entry).collect_any();
    let label = format!("Alerts for “{}”: {first}", key.name);
    Some(view! {
        <Menu
            label
            class="hint-button"
            trigger=move || view! {
                <IconView icon=Icon::Info/>
                <span>{first}{(more > 0).then(|| format!(" +{more}"))}</span>
            }
        >
            {entries}
        </Menu>
    })
}

/// A key's hints on its own page, each with its remedy.
#[component]
pub(super) fn HintNotices(key: ApiKey, actions: KeyActions) -> impl IntoView {
    let zone = use_zone();
    let notice = |hint: &Hint| {
        let reason = {
            let hint = hint.clone();
            move || zone.with(|zone| reason(&hint, zone))
        };
        let (remedy, title) = (Remedy::of(hint), hint.kind().label());
        let key = key.clone();
        let tone = match hint {
            Hint::ExpiresSoon { .. } | Hint::RotationDue { .. } => Tone::Warning,
            _ => Tone::Neutral,
        };
        view! {
            <Notice tone>
                <p><b>{title} "."</b> " " {reason}</p>
                <Button icon=remedy.icon() on_press=move || actions.open(remedy.action(key.clone()))>{remedy.label()}</Button>
            </Notice>
        }
    };
    key.hints.iter().map(notice).collect_any()
}
