use domain::api_keys::Network;
use leptos::prelude::*;

use super::{draft::Draft, errors::DraftErrors};
use crate::{
    api,
    components::{Segmented, SelectOption, TextArea},
    lean::When,
    state::load,
};

/// Number of invalid lines that are named; more would hide the rest of the form.
const MAX_LINES_NAMED: usize = 10;

/// Parses networks, one a line, or returns what is wrong with each line.
pub(super) fn parse(text: &str) -> Result<Vec<Network>, String> {
    let (mut networks, mut errors) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match line.parse() {
            Ok(network) => networks.push(network),
            Err(error) => errors.push(format!("Line {}: {error}", index + 1)),
        }
    }
    let more = errors.len().saturating_sub(MAX_LINES_NAMED);
    errors.truncate(MAX_LINES_NAMED);
    if more > 0 {
        errors.push(format!("And {more} more."));
    }
    networks.sort_unstable();
    networks.dedup();
    if errors.is_empty() { Ok(networks) } else { Err(errors.join("\n")) }
}

/// The field for the networks from which the key may be used.
#[component]
pub(super) fn NetworkField(draft: Draft, errors: DraftErrors) -> impl IntoView {
    let choices = vec![SelectOption::new("all", "Any"), SelectOption::new("some", "Specific ranges")];
    view! {
        <fieldset class="field">
            <legend>"Allowed IPs"</legend>
            <Segmented
                label="Allowed IPs"
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
            label="IP ranges"
            mono=true
            placeholder="203.0.113.0/24"
            value=draft.networks
            hint="One per line: an IP address, or a range such as 203.0.113.0/24 or 2001:db8::/32. Calls from elsewhere are rejected."
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
