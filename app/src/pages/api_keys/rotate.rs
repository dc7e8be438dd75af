//! Rotating a key's secret, and the grace period of the old one.

use domain::api_keys::{ApiKey, RotatedApiKey, Rotation};
use leptos::{ev, prelude::*};

use super::{
    actions::{KeyAction, ShownSecret},
    badges::old_secret_used_at,
    dialog_slot::DialogSlot,
    grace::{GraceChoice, GraceField},
    uses::{RecentUses, recent_uses},
};
use crate::{
    api,
    components::{
        Button, ButtonStyle, Confirm, Dialog, FormError, Icon, Notice, Time, TimeStyle, Tone, format_moment, use_toasts,
    },
    lean::When,
    state::{now, submission, use_organization, use_zone},
};

/// Asks for the grace period, rotates the key, then shows the new secret.
#[component]
pub(super) fn RotateDialog(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let title = format!("Rotate “{}”", key.name);
    let key = StoredValue::new(key);
    view! {
        <Dialog title on_close=move || dialog.close()>
            <RotateForm key=key.get_value() dialog/>
        </Dialog>
    }
}

#[component]
fn RotateForm(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let organization = use_organization();
    let grace = GraceChoice::new();
    let uses = recent_uses(std::slice::from_ref(&key));
    // Identifies this rotation, so that it happens once, however often it is sent.
    let request = StoredValue::new(request_id());
    let already_rotated = RwSignal::new(None::<ApiKey>);
    let id = key.id;
    let rotate = submission(
        move |grace_seconds: &u32| api::api_keys::Rotate {
            organization: organization.slug(),
            id,
            rotation: Rotation { grace_seconds: *grace_seconds, request: Some(request.get_value()) },
        },
        move |_, RotatedApiKey { api_key, secret }| match secret {
            Some(secret) => {
                dialog.finish_with(KeyAction::ShowSecret(ShownSecret { key: api_key, secret, rotated: true }))
            }
            None => already_rotated.set(Some(api_key)),
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        rotate.send_validated(grace.seconds());
    };
    let (masked, zone) = (key.masked.clone(), use_zone());
    let effect = move || match grace.seconds() {
        Ok(0) => format!("{masked} stops working within a second."),
        Ok(seconds) => {
            let end = now().plus_millis(i64::from(seconds) * 1_000);
            let end = zone.with(|zone| format_moment(end, zone, TimeStyle::DayMinuteZone));
            format!("Both secrets work until {end}, when {masked} stops. You can end it earlier or extend it.")
        }
        Err(_) => String::new(),
    };
    let form = move || {
        view! {
            <form on:submit=submit novalidate>
                <div class="dialog-body">
                    <FormError error=rotate.error() fields=&["grace_seconds"]/>
                    <p>
                        "The key gets a new secret, which is shown only once. Its name, settings, expiration and history stay the same."
                    </p>
                    <GraceField grace legend="Keep the old secret for" error=rotate.field("grace_seconds")/>
                    <p class="effect" aria-live="polite">{effect.clone()}</p>
                    <RecentUses answer=uses/>
                </div>
                <footer>
                    <Button on_press=move || dialog.close()>"Cancel"</Button>
                    <Button style=ButtonStyle::Primary icon=Icon::Refresh submit=true pending=rotate.pending()>"Rotate key"</Button>
                </footer>
            </form>
        }
        .into_any()
    };
    move || match already_rotated.get() {
        Some(key) => view! { <AlreadyRotated key dialog/> }.into_any(),
        None => form(),
    }
}

/// Shown when this request has already rotated the key: its secret can't be shown again.
#[component]
fn AlreadyRotated(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let replaced = key.clone();
    let until = key.old_secret.map(|old| {
        let end = use_zone().with_untracked(|zone| format_moment(old.ends_at, zone, TimeStyle::DayMinuteZone));
        format!("The old secret works until {end}. ")
    });
    view! {
        <div class="dialog-body">
            <Notice tone=Tone::Warning>
                "This request already rotated the key. The new secret was shown then and can't be shown again."
            </Notice>
            <p>
                {until}
                "If the new secret wasn't saved, create a replacement with the same settings and switch to it before then."
            </p>
        </div>
        <footer>
            <Button on_press=move || dialog.finish()>"Close"</Button>
            <Button
                style=ButtonStyle::Primary
                icon=Icon::Plus
                on_press=move || dialog.finish_with(KeyAction::CreateReplacement(replaced.clone()))
            >
                "Create replacement…"
            </Button>
        </footer>
    }
}

/// Asks for confirmation before the old secret is ended early, and shows its last use.
#[component]
pub(super) fn EndOldSecretDialog(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let toasts = use_toasts();
    let organization = use_organization();
    let id = key.id;
    let end = submission(
        move |(): &()| api::api_keys::SetGrace { organization: organization.slug(), id, grace_seconds: 0 },
        move |(), key: ApiKey| {
            toasts.show_success(format!("The old secret of “{}” no longer works.", key.name));
            dialog.finish();
        },
    );
    let key = StoredValue::new(key);
    let title = key.with_value(|key| format!("End the old secret of “{}”?", key.name));
    view! {
        <Confirm
            title
            action="End old secret"
            pending=end.pending()
            on_confirm=move || end.send(())
            on_close=move || dialog.close()
        >
            <FormError error=end.error() fields=&[]/>
            <OldSecretUse key=key.get_value()/>
            <p>"The old secret stops working within a second. This can't be undone. The new secret keeps working."</p>
        </Confirm>
    }
}

/// A notice whether the old secret was used since the rotation.
#[component]
pub(super) fn OldSecretUse(key: ApiKey) -> impl IntoView {
    let old = key.old_secret.clone()?;
    let masked = old.masked.clone();
    Some(match old_secret_used_at(&key, &old) {
        Some(at) => view! {
            <Notice tone=Tone::Warning>
                <p><span class="mono">{masked}</span> " is still in use, last " <Time at/> "."</p>
            </Notice>
        }
        .into_any(),
        None => view! {
            <Notice tone=Tone::Good>
                <p><span class="mono">{masked}</span> " hasn't been used since the rotation."</p>
            </Notice>
        }
        .into_any(),
    })
}

/// Asks for a new grace period of the old secret.
#[component]
pub(super) fn GraceDialog(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let title = format!("Extend the old secret of “{}”", key.name);
    let key = StoredValue::new(key);
    view! {
        <Dialog title on_close=move || dialog.close()>
            <GraceForm key=key.get_value() dialog/>
        </Dialog>
    }
}

#[component]
fn GraceForm(key: ApiKey, dialog: DialogSlot) -> impl IntoView {
    let organization = use_organization();
    let toasts = use_toasts();
    let (grace, zone) = (GraceChoice::required(), use_zone());
    let id = key.id;
    let set_grace = submission(
        move |seconds: &u32| api::api_keys::SetGrace { organization: organization.slug(), id, grace_seconds: *seconds },
        move |_, key: ApiKey| {
            let end = key
                .old_secret
                .map(|old| zone.with_untracked(|zone| format_moment(old.ends_at, zone, TimeStyle::DayMinuteZone)));
            toasts.show_success(format!("The old secret of “{}” works until {}.", key.name, end.unwrap_or_default()));
            dialog.finish();
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        set_grace.send_validated(grace.seconds());
    };
    let until = move || {
        let end = now().plus_millis(i64::from(grace.seconds().ok()?) * 1_000);
        Some(format!(
            "The old secret works until {}.",
            zone.with(|zone| format_moment(end, zone, TimeStyle::DayMinuteZone))
        ))
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError error=set_grace.error() fields=&["grace_seconds"]/>
                <OldSecretUse key/>
                <GraceField grace legend="Keep it for" error=set_grace.field("grace_seconds")/>
                <When when=move || until().is_some()><p class="effect" aria-live="polite">{until}</p></When>
            </div>
            <footer>
                <Button on_press=move || dialog.close()>"Cancel"</Button>
                <Button style=ButtonStyle::Primary icon=Icon::Clock submit=true pending=set_grace.pending()>"Save"</Button>
            </footer>
        </form>
    }
}

/// A request id with 128 random bits. (`crypto.randomUUID` doesn't exist over plain HTTP.)
fn request_id() -> String {
    let mut bytes = [0_u8; 16];
    if let Ok(crypto) = window().crypto() {
        // Fails only if there is no randomness at all; the time alone must do then.
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().fold(now().millis().to_string(), |id, byte| format!("{id}{byte:02x}"))
}
