//! What has been done, told in passing.

use std::time::Duration;

use domain::errors::ApiError;
use leptos::{html, prelude::*};

use super::{Button, Icon, IconView, Look, Tone};
use crate::state::watch;

/// How long good news stays. Bad news stays until it is dismissed.
const SHOWN: Duration = Duration::from_secs(6);

#[derive(Clone)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
}

/// Where toasts are put.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    pub fn provide() {
        provide_context(Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) });
    }

    /// Tells that something is done.
    pub fn done(&self, text: impl Into<String>) {
        let id = self.show(Tone::Good, text.into());
        let toasts = *self;
        set_timeout(move || toasts.dismiss(id), SHOWN);
    }

    /// Tells that something isn't done, and why.
    pub fn failed(&self, error: &ApiError) {
        self.show(Tone::Danger, error.to_string());
    }

    fn show(&self, tone: Tone, text: String) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.shown.update(|shown| shown.push(Toast { id, tone, text }));
        id
    }

    fn dismiss(&self, id: u32) {
        self.shown.update(|shown| shown.retain(|toast| toast.id != id));
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
    // As a popover it stands above dialogs; shown again, above the latest of them.
    watch(move || {
        let any = toasts.shown.with(|shown| !shown.is_empty());
        if let Some(region) = region.get() {
            let _ = region.hide_popover();
            if any {
                let _ = region.show_popover();
            }
        }
    });
    let toast = move |toast: Toast| {
        let icon = if toast.tone == Tone::Good { Icon::Check } else { Icon::Alert };
        view! {
            <div class=format!("toast {}", toast.tone.class())>
                <IconView icon/>
                <span>{toast.text}</span>
                <Button
                    look=Look::Quiet
                    icon=Icon::Close
                    label="Dismiss"
                    on_press=move || toasts.dismiss(toast.id)
                />
            </div>
        }
    };
    view! {
        <div node_ref=region class="toasts" popover="manual" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.id children=toast/>
        </div>
    }
}
