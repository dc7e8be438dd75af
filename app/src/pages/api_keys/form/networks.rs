use leptos::prelude::*;

use super::{draft::Draft, errors::DraftErrors};
use crate::{
    api,
    components::{Segmented, SelectOption, TextArea},
    lean::When,
    state::load,
};

/// The field for the networks from which the key may be used.
#[component]
pub(super) fn NetworkField(draft: Draft, errors: DraftErrors) -> impl IntoView {
    let choices = vec![SelectOption::new("all", "Anywhere"), SelectOption::new("some", "Only these networks")];
    view! {
        <fieldset class="field">
            <legend>"Used from"</legend>
            <Segmented
                label="Used from"
                value=Signal::derive(move || if draft.anywhere.get() { "all" } else { "some" }.to_owned())
                on_change=move |chosen: String| draft.anywhere.set(chosen == "all")
                choices=Signal::stored(choices)
            />
            <When when=move || !draft.anywhere.get()>
                <Networks draft errors/>
            </When>
        </fieldset>
    }
}

#[component]
fn Networks(draft: Draft, errors: DraftErrors) -> impl IntoView {
    // The current session has the address that the server sees.
    let sessions = load(|| api::accounts::Sessions {});
    let own_address = Memo::new(move |_| {
        let address = sessions
            .with(|sessions| sessions?.iter().find(|session| session.current).map(|session| session.ip.clone()));
        address.filter(|ip| !ip.is_empty() && draft.networks.with(|text| text.lines().all(|line| line.trim() != ip)))
    });
    let add = move |ip: String| {
        draft.networks.update(|text| {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&ip);
        });
    };
    view! {
        <TextArea
            name="ip_allowlist"
            label="Networks"
            mono=true
            placeholder="203.0.113.0/24"
            value=draft.networks
            hint="One a line: an address, or a network such as 203.0.113.0/24 or 2001:db8::/32. Calls from elsewhere are refused."
            error=errors.field("ip_allowlist")
        />
        {move || own_address.get().map(|ip| {
            let text = format!("Add your own address, {ip}");
            view! {
                <p class="hint"><button type="button" class="link" on:click=move |_| add(ip.clone())>{text}</button></p>
            }
            .into_any()
        })}
    }
}
