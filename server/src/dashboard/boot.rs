//! The first answers, sent along with the page so that it needs no other round trip.

use std::collections::HashMap;

use app::{
    addresses::{Address, LogsAddress, Page, UsageAddress},
    api,
    boot::{Boot, answer_key},
};
use axum::http::Uri;
use domain::accounts::{Viewer, Welcome};
use leptos::server_fn::ServerFn;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use services::{Actor, ServiceError, ServiceResult, Services, accounts};

use crate::{context::RequestInfo, hub::Hub};

type Answers = HashMap<String, Box<RawValue>>;

/// The boot data for the page at `uri`, as JSON that may stand in HTML.
///
/// What can't be had is left out: the page then asks for it, and tells what is wrong.
pub(super) async fn data(hub: &Hub, info: &RequestInfo, uri: &Uri) -> String {
    let mut answers = Answers::new();
    let viewer = match viewer(hub, info, uri, &mut answers).await {
        Ok(viewer) => viewer,
        Err(error) => {
            tracing::warn!(%error, "a page went out without its first answers");
            return String::new();
        }
    };
    let welcome = Welcome { viewer, sign_up_open: hub.config.sign_up_open };
    serde_json::to_string(&Boot { welcome, answers }).map(|json| escaped(&json)).unwrap_or_default()
}

/// Who is signed in; on a page of theirs, with its first answers.
async fn viewer(hub: &Hub, info: &RequestInfo, uri: &Uri, answers: &mut Answers) -> ServiceResult<Option<Viewer>> {
    let Some(token) = &info.session_token else { return Ok(None) };
    let services = &hub.services;
    let user = match accounts::authenticate(services, token).await {
        Ok(user) => user,
        Err(ServiceError::Unauthenticated) => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(Address::Organization(slug, page)) = Address::parse(uri.path())
        && let Ok(actor) = accounts::actor(services, &user, &slug, info.device.ip).await
    {
        let base_url = info.base_url();
        FirstAnswers { services, actor: &actor, answers }
            .of_page(page, uri.query().unwrap_or_default(), base_url)
            .await;
    }
    accounts::viewer(services, &user).await.map(Some)
}

struct FirstAnswers<'a> {
    services: &'a Services,
    actor: &'a Actor,
    answers: &'a mut Answers,
}

impl FirstAnswers<'_> {
    async fn of_page(mut self, page: Page, query: &str, base_url: String) {
        let (services, actor) = (self.services, self.actor);
        let organization = actor.organization.slug.clone();
        self.add(
            &api::projects::List { organization: organization.clone() },
            services::projects::list(services, actor).await,
        );
        match page {
            Page::Overview => {
                let overview = services::overview::get(services, actor, base_url).await;
                self.add(&api::overview::Get { organization }, overview);
            }
            Page::ApiKeys => {
                let keys = services::api_keys::list(services, actor).await;
                self.add(&api::api_keys::List { organization }, keys);
            }
            Page::Usage => {
                let query = UsageAddress::parse(query).query;
                let report = services::usage::report(services, actor, &query).await;
                self.add(&api::usage::Report { organization, query }, report);
            }
            Page::Logs => {
                let query = LogsAddress::parse(query).calls(None);
                let calls = services::calls::list(services, actor, &query).await;
                self.add(&api::calls::List { organization, query }, calls);
            }
            Page::Settings => {
                let settings = services::organizations::settings(services, actor).await;
                self.add(&api::organizations::SettingsQuestion { organization }, settings);
            }
        }
    }

    fn add<Q: ServerFn + Serialize, T: Serialize>(&mut self, question: &Q, answer: ServiceResult<T>) {
        if let Some(answer) = answer.ok().and_then(|answer| to_raw_value(&answer).ok()) {
            self.answers.insert(answer_key(Q::PATH, question), answer);
        }
    }
}

/// JSON in which nothing can end the script element it stands in.
fn escaped(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_page() {
        let text = escaped(r#"{"name":"</script><script>alert(1)"}"#);
        assert!(!text.contains('<'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"], "</script><script>alert(1)");
    }
}
