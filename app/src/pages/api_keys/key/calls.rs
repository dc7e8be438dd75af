use leptos::prelude::*;

use super::KeyIsUsable;
use crate::{
    addresses::{KeyAddress, KeyTab, LogsAddress},
    pages::{
        export::Export,
        logs::{Calls, export, export_facts},
    },
    state::use_organization,
};

/// The key's calls, as on the logs page.
#[component]
pub fn KeyCalls() -> impl IntoView {
    let address = expect_context::<Memo<KeyAddress>>();
    let KeyIsUsable(is_usable) = expect_context();
    let organization = use_organization();
    let logs = Memo::new(move |_| address.with(|address| address.logs.clone()));
    let href = Callback::new(move |(logs,): (LogsAddress,)| {
        KeyAddress { tab: KeyTab::Calls, logs, ..address.get() }.href(&organization.slug())
    });
    view! {
        <div class="key-calls-head">
            <a class="link" href=move || logs.with(|logs| logs.href(&organization.slug()))>"Open in Logs"</a>
            <Export
                href=Signal::derive(move || export(&organization.slug(), &logs.get()))
                facts=Signal::derive(move || export_facts(&logs.get(), organization.time_zone()))
            />
        </div>
        <Calls address=logs href of_key=true can_grow=is_usable/>
    }
}
