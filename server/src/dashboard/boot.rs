//! The first answers, sent with the page to save it a round trip.

use std::collections::HashMap;

use app::{
    addresses::{Address, KeyAddress, KeyTab, KeysAddress, LogsAddress, NotificationsAddress, Page, UsageAddress},
    api,
    boot::{Boot, answer_key},
};
use axum::http::Uri;
use domain::{
    accounts::{Viewer, Welcome},
    ids::CallId,
};
use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use services::{Actor, ServiceError, ServiceResult, Services, accounts, rate_limits::KeyLimits};

use crate::{context::RequestInfo, hub::Hub};

/// The first answers for a page of an organization.
#[derive(Default)]
struct PageAnswers {
    /// The newest call, read before any of the answers.
    latest: Option<CallId>,
    /// Whether there is nothing at the address for this user.
    is_missing: bool,
    by_query: HashMap<String, Box<RawValue>>,
}

/// Data that is sent with a page.
#[derive(Default)]
pub(super) struct BootData {
    /// The boot data, as JSON that is safe within HTML.
    pub json: String,
    /// Whether a user is signed in.
    pub signed_in: bool,
    /// Whether the address names an organization, a key or a call that doesn't exist for this user.
    pub is_missing: bool,
}

/// The boot data for the page at `uri`.
///
/// Answers that fail are left out: the page then sends the query itself, and shows the error.
pub(super) async fn data(hub: &Hub, info: &RequestInfo, uri: &Uri) -> BootData {
    let mut answers = PageAnswers::default();
    let viewer = match viewer(hub, info, uri, &mut answers).await {
        Ok(viewer) => viewer,
        Err(error) => {
            tracing::warn!(%error, "a page went out without its first answers");
            return BootData::default();
        }
    };
    let (signed_in, is_missing) = (viewer.is_some(), answers.is_missing);
    let welcome = Welcome { viewer, sign_up_open: hub.config().sign_up_open };
    let boot = Boot { welcome, latest: answers.latest, answers: answers.by_query };
    let json = serde_json::to_string(&boot).map(|json| escape(&json)).unwrap_or_default();
    BootData { json, signed_in, is_missing }
}

/// The signed-in user; adds the first answers of one of their pages.
async fn viewer(hub: &Hub, info: &RequestInfo, uri: &Uri, answers: &mut PageAnswers) -> ServiceResult<Option<Viewer>> {
    let Some(token) = &info.session_token else { return Ok(None) };
    let services = &hub.services;
    let user = match accounts::authenticate(services, token).await {
        Ok(user) => user,
        Err(ServiceError::Unauthenticated) => return Ok(None),
        Err(error) => return Err(error),
    };
    let address = Address::parse(uri.path());
    // A page that doesn't exist is within its organization too.
    if let Some(slug) = Address::organization_in(uri.path()) {
        match accounts::actor(services, &user, slug, info.device.ip).await {
            Ok(actor) => {
                let configured_limits = hub.config().rate_limits;
                let mut answers = FirstAnswers { services, actor: &actor, configured_limits, answers };
                answers.add_common().await;
                let query = uri.query().unwrap_or_default();
                // A page with values that it can't use shows none of its own data.
                match address.filter(|address| address.invalid(query).is_empty()) {
                    Some(Address::ApiKey(_, id)) => answers.add_key(KeyAddress::parse(id, query)).await,
                    Some(Address::Call(_, id)) => answers.add_call(id).await,
                    Some(Address::Organization(_, page)) => answers.add_page(page, query, info.base_url()).await,
                    _ => {}
                }
            }
            Err(ServiceError::NotFound) => answers.is_missing = true,
            // The page asks again, and shows the error.
            Err(_) => {}
        }
    }
    accounts::viewer(services, &user).await.map(Some)
}

struct FirstAnswers<'a> {
    services: &'a Services,
    actor: &'a Actor,
    configured_limits: KeyLimits,
    answers: &'a mut PageAnswers,
}

impl FirstAnswers<'_> {
    async fn add_common(&mut self) {
        let organization = self.actor.organization.slug.clone();
        self.answers.latest = services::calls::latest(self.services, self.actor.organization.id).await.ok().flatten();
        let projects = services::projects::list(self.services, self.actor).await;
        self.add(&api::projects::List { organization }, projects);
        // For the bell's count and list.
        self.add_notifications(false).await;
    }

    async fn add_page(mut self, page: Page, query: &str, base_url: String) {
        let (services, actor) = (self.services, self.actor);
        let organization = actor.organization.slug.clone();
        match page {
            Page::Overview => {
                let overview = services::overview::get(services, actor, base_url).await;
                let in_first_steps = overview.as_ref().is_ok_and(|overview| !overview.ever_called);
                self.add(&api::overview::Get { organization }, overview);
                if in_first_steps {
                    // They ask whether to store bodies.
                    self.add_settings().await;
                }
            }
            Page::ApiKeys => {
                let query = KeysAddress::parse(query).query;
                let keys = services::api_keys::list(services, actor, &query).await;
                self.add(&api::api_keys::List { organization, query }, keys);
            }
            Page::Usage => {
                let query = UsageAddress::parse(query).query;
                let report = services::usage::report(services, actor, &query).await;
                self.add(&api::usage::Report { organization, query }, report);
            }
            Page::Logs => self.add_calls(&LogsAddress::parse(query)).await,
            Page::Settings => {
                self.add_settings().await;
                let limits = services::rate_limits::list(services, actor, self.configured_limits).await;
                self.add(&api::rate_limits::List { organization }, limits);
            }
            Page::Notifications if NotificationsAddress::parse(query).unread_only => self.add_notifications(true).await,
            Page::Notifications => {}
        }
    }

    async fn add_key(mut self, address: KeyAddress) {
        let (services, actor, id) = (self.services, self.actor, address.id);
        let organization = actor.organization.slug.clone();
        let key = services::api_keys::get(services, actor, id).await;
        self.answers.is_missing = matches!(key, Err(ServiceError::NotFound));
        self.add(&api::api_keys::Get { organization: organization.clone(), id }, key);
        match address.tab {
            KeyTab::Overview => {
                let query = address.usage();
                let report = services::usage::report(services, actor, &query).await;
                self.add(&api::usage::Report { organization, query }, report);
            }
            KeyTab::Calls => self.add_calls(&address.logs).await,
            KeyTab::History => {
                let entries = services::api_keys::history(services, actor, id).await;
                self.add(&api::api_keys::History { organization, id }, entries);
            }
        }
    }

    async fn add_call(mut self, id: CallId) {
        let organization = self.actor.organization.slug.clone();
        let call = services::calls::get(self.services, self.actor, id).await;
        self.answers.is_missing = matches!(call, Err(ServiceError::NotFound));
        self.add(&api::calls::Get { organization, id }, call);
    }

    /// Adds the organization's settings, if the user may see them.
    async fn add_settings(&mut self) {
        let organization = self.actor.organization.slug.clone();
        let settings = services::organizations::settings(self.services, self.actor).await;
        self.add(&api::organizations::SettingsRequest { organization }, settings);
    }

    /// Adds the first page of calls, its columns, and the bars above it.
    async fn add_calls(&mut self, address: &LogsAddress) {
        let (services, actor) = (self.services, self.actor);
        let organization = actor.organization.slug.clone();
        let list = address.calls(None);
        let bars = address.activity(actor.organization.time_zone.name().to_owned());
        let (calls, activity, columns) = tokio::join!(
            services::call_search::list(services, actor, &list),
            services::calls::activity(services, actor, &bars),
            services::member_settings::log_columns(services, actor),
        );
        self.add(&api::members::LogColumns { organization: organization.clone() }, columns);
        self.add(&api::calls::List { organization: organization.clone(), query: list }, calls);
        self.add(&api::calls::Activity { organization, query: bars }, activity);
    }

    /// Adds the first page of the inbox, if the user has one.
    async fn add_notifications(&mut self, unread_only: bool) {
        let organization = self.actor.organization.slug.clone();
        let inbox = services::notifications::list(self.services, self.actor, unread_only, None).await;
        self.add(&api::notifications::List { organization, unread_only, before: None }, inbox);
    }

    fn add<Q: ServerFn + Serialize, T: Serialize>(&mut self, query: &Q, answer: ServiceResult<T>) {
        if let Some(answer) = answer.ok().and_then(|answer| to_raw_value(&answer).ok()) {
            self.answers.by_query.insert(answer_key(Q::PATH, query), answer);
        }
    }
}

/// Escapes JSON so that nothing in it can end the script element around it.
fn escape(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_page() {
        let text = escape(r#"{"name":"</script><script>alert(1)"}"#);
        assert!(!text.contains('<'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"], "</script><script>alert(1)");
    }
}
