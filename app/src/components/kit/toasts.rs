//! Toasts: short messages about actions that succeeded or failed.

use std::time::Duration;

use domain::errors::ApiError;
use leptos::{html, prelude::*};

use super::{
    badge::Tone,
    button::{Button, ButtonStyle},
    icon::{Icon, IconView},
    name::isolate_quoted,
};
use crate::lean::{KeyedRow, keyed_rows, watch};

/// Time for which a success is shown. An error is shown until it is dismissed.
const SUCCESS_SHOWN_FOR: Duration = Duration::from_secs(6);

#[derive(Clone)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
}

/// The toasts that are shown.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u32>,
}

impl Toasts {
    pub fn provide() {
        provide_context(Self { list: RwSignal::new(Vec::new()), next_id: StoredValue::new(0) });
    }

    /// Shows that an action succeeded.
    pub fn show_success(&self, text: impl Into<String>) {
        let id = self.show(Tone::Good, text.into());
        let toasts = *self;
        set_timeout(move || toasts.dismiss(id), SUCCESS_SHOWN_FOR);
    }

    /// Shows why an action failed.
    pub fn show_error(&self, error: &ApiError) {
        self.show_failure(error.to_string());
    }

    /// Shows that an action of the browser failed.
    pub fn show_failure(&self, text: String) {
        self.show(Tone::Danger, text);
    }

    fn show(&self, tone: Tone, text: String) -> u32 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        self.list.update(|list| list.push(Toast { id, tone, text }));
        id
    }

    fn dismiss(&self, id: u32) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}

pub fn use_toasts() -> Toasts {
    expect_context()
}

/// The corner in which toasts appear, once in the dashboard.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    let region = NodeRef::<html::Div>::new();
    // As a popover it is above dialogs; showing it again puts it above the latest of them.
    watch(move || {
        let has_toasts = toasts.list.with(|list| !list.is_empty());
        if let Some(region) = region.get() {
            let _ = region.hide_popover();
            if has_toasts {
                let _ = region.show_popover();
            }
        }
    });
    let toast = move |toast: Toast| {
        let icon = if toast.tone == Tone::Good { Icon::Check } else { Icon::Alert };
        view! {
            <div class=format!("toast {}", toast.tone.class())>
                <IconView icon/>
                <span>{isolate_quoted(toast.text)}</span>
                <Button
                    style=ButtonStyle::Quiet
                    icon=Icon::Close
                    label="Dismiss"
                    on_press=move || toasts.dismiss(toast.id)
                />
            </div>
        }
        .into_any()
    };
    let rows = move || {
        let toasts = toasts.list.get().into_iter();
        toasts.map(move |shown| KeyedRow::new(shown.id.into(), move || toast(shown))).collect::<Vec<_>>()
    };
    view! {
        <div node_ref=region class="toasts" popover="manual" role="status" aria-live="polite">
            {keyed_rows(rows)}
        </div>
    }
}
