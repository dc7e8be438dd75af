//! The table of the gateway's endpoints, used by the router, the checks and the meter.
//!
//! Source: the API references of OpenAI and Anthropic. A new endpoint is a new line in [`ENDPOINTS`].

use axum::{
    http::{HeaderMap, Method},
    routing::MethodFilter,
};
use domain::{api_keys::Scope, models::Service};
use services::provider_objects::ObjectKind;

use super::answers::signs::ExpectedAnswer;
use crate::{config::DefaultFor, v1::dialect::Dialect};

/// A method and path whose calls are forwarded.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) verb: Verb,
    /// The path in the router and the log. Providers get it without `/v1`.
    pub(super) path: &'static str,
    /// The service of its models, which its calls are counted under.
    pub(super) service: Service,
    /// The scope that a key needs to call it.
    pub(super) scope: Scope,
    pub(super) dialect: Dialect,
    pub(super) body_form: BodyForm,
    pub(super) metered_unit: MeteredUnit,
    pub(super) answer_form: AnswerForm,
    /// Whether a stream reports usage only where `stream_options` asks for it.
    pub(super) asks_for_usage: bool,
    /// The kind of provider object that it is about, and its action on it.
    pub(super) object: Option<(ObjectKind, ObjectAction)>,
    /// Parameters that limit the tokens of an answer. The first is set to enforce a model's limit.
    pub(super) output_limits: &'static [&'static str],
    /// Whether each prompt of a list gets its own answers.
    pub(super) answers_each_prompt: bool,
}

/// The methods that endpoints take.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Delete => Method::DELETE,
        }
    }

    pub(super) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// The form of a request's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyForm {
    Json,
    /// `multipart/form-data`.
    Form,
    /// JSON or a form, depending on `content-type`.
    Either,
    /// A form that names no model.
    File,
    /// Nothing that the gateway reads. A small body is passed on.
    Nothing,
}

/// The unit that is charged for. Reported tokens count in any case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MeteredUnit {
    Tokens,
    /// Input tokens only: the model writes no text.
    TokensIn,
    /// Pictures in the answer.
    Images,
    /// The length of the audio.
    Media,
    /// The usage of a job, known when it is done: see `provider_objects`.
    Job,
    /// Free, unless the model has a price and usage is reported.
    FreeUnlessPriced,
    /// Free, even if usage is reported.
    Free,
}

/// The form of a successful answer that isn't a stream of events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AnswerForm {
    Json,
    /// JSON, or text in one of several formats.
    Transcript,
    /// Audio or video in any format.
    Medium,
    /// Any bytes.
    File,
}

/// The action of an endpoint on an object that a provider keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ObjectAction {
    Create,
    /// Creates an object from the one whose id is in the path.
    Derive,
    List,
    /// Answers with the object itself, possibly after changing it.
    Retrieve,
    /// Answers with something else about the object.
    Read,
    Delete,
}

impl Endpoint {
    /// Whether it lists provider objects.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.object, Some((_, ObjectAction::List)))
    }

    const fn new(verb: Verb, path: &'static str, service: Service, scope: Scope) -> Self {
        Self {
            verb,
            path,
            service,
            scope,
            dialect: Dialect::OpenAi,
            body_form: BodyForm::Nothing,
            metered_unit: MeteredUnit::Free,
            answer_form: AnswerForm::Json,
            asks_for_usage: false,
            object: None,
            output_limits: &[],
            answers_each_prompt: false,
        }
    }

    /// An endpoint that calls a model.
    const fn call(
        path: &'static str,
        service: Service,
        scope: Scope,
        body_form: BodyForm,
        metered_unit: MeteredUnit,
    ) -> Self {
        Self { body_form, metered_unit, ..Self::new(Verb::Post, path, service, scope) }
    }

    /// An endpoint about objects that a provider keeps.
    const fn for_object(verb: Verb, path: &'static str, kind: ObjectKind, action: ObjectAction) -> Self {
        let (service, scope) = match kind {
            ObjectKind::File => (Service::Storage, Scope::Files),
            ObjectKind::FineTuningJob => (Service::FineTuning, Scope::FineTuning),
            ObjectKind::Video => (Service::Video, Scope::Video),
            ObjectKind::Response | ObjectKind::ChatCompletion => (Service::Chat, Scope::Chat),
        };
        Self { object: Some((kind, action)), ..Self::new(verb, path, service, scope) }
    }

    /// The answers that count as complete.
    pub(super) fn expected(&self, is_background: bool) -> ExpectedAnswer {
        let is_call = matches!(
            self.object,
            None | Some((ObjectKind::Response | ObjectKind::ChatCompletion, ObjectAction::Create))
        );
        ExpectedAnswer {
            has_choices: is_call && self.path.ends_with("/completions"),
            may_be_failed_object: !is_call || is_background,
            may_be_empty: self.verb == Verb::Delete,
        }
    }

    /// Whether it calls a model that the request names.
    pub(super) fn calls_models(&self) -> bool {
        matches!(self.body_form, BodyForm::Json | BodyForm::Form | BodyForm::Either)
    }

    /// The group of endpoints for which OpenAI's API has a default model.
    pub(super) fn default_for(&self) -> Option<DefaultFor> {
        match self.path {
            "/v1/moderations" => Some(DefaultFor::Moderations),
            "/v1/videos" => Some(DefaultFor::Videos),
            path if path.starts_with("/v1/images/") => Some(DefaultFor::Images),
            _ => None,
        }
    }

    /// Whether the headers belong to another API with the same path: Anthropic's, which has its files there.
    pub(super) fn is_meant_for_other_api(&self, headers: &HeaderMap) -> bool {
        self.service == Service::Storage && Dialect::of_headers(headers) == Dialect::Anthropic
    }

    /// The path below a provider's base URL, with `id` filled in.
    pub(super) fn provider_path(&self, id: Option<&str>) -> String {
        let path = self.path.strip_prefix("/v1").unwrap_or(self.path);
        match id {
            Some(id) => path.replacen("{id}", id, 1),
            None => path.to_owned(),
        }
    }
}

use BodyForm::{Either, Form, Json};
use MeteredUnit::{Free, FreeUnlessPriced, Images, Job, Media, Tokens, TokensIn};
use ObjectAction::{Create, Delete, Derive, List, Read, Retrieve};
use ObjectKind::{ChatCompletion, File, FineTuningJob, Response, Video};

const CHAT: (Service, Scope) = (Service::Chat, Scope::Chat);
const IMAGE: (Service, Scope) = (Service::Image, Scope::Images);
const AUDIO: (Service, Scope) = (Service::Audio, Scope::Audio);

const fn json(path: &'static str, (service, scope): (Service, Scope), metered_unit: MeteredUnit) -> Endpoint {
    Endpoint::call(path, service, scope, Json, metered_unit)
}

const fn form(
    path: &'static str,
    (service, scope): (Service, Scope),
    body_form: BodyForm,
    metered_unit: MeteredUnit,
) -> Endpoint {
    Endpoint::call(path, service, scope, body_form, metered_unit)
}

pub(super) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        asks_for_usage: true,
        object: Some((ChatCompletion, Create)),
        output_limits: &["max_completion_tokens", "max_tokens"],
        ..json("/v1/chat/completions", CHAT, Tokens)
    },
    Endpoint::for_object(Verb::Get, "/v1/chat/completions", ChatCompletion, List),
    Endpoint::for_object(Verb::Get, "/v1/chat/completions/{id}", ChatCompletion, Retrieve),
    Endpoint::for_object(Verb::Post, "/v1/chat/completions/{id}", ChatCompletion, Retrieve),
    Endpoint::for_object(Verb::Delete, "/v1/chat/completions/{id}", ChatCompletion, Delete),
    Endpoint::for_object(Verb::Get, "/v1/chat/completions/{id}/messages", ChatCompletion, Read),
    Endpoint {
        object: Some((Response, Create)),
        output_limits: &["max_output_tokens"],
        ..json("/v1/responses", CHAT, Tokens)
    },
    json("/v1/responses/compact", CHAT, Tokens),
    json("/v1/responses/input_tokens", CHAT, Free),
    Endpoint::for_object(Verb::Get, "/v1/responses/{id}", Response, Retrieve),
    Endpoint::for_object(Verb::Delete, "/v1/responses/{id}", Response, Delete),
    Endpoint::for_object(Verb::Post, "/v1/responses/{id}/cancel", Response, Retrieve),
    Endpoint::for_object(Verb::Get, "/v1/responses/{id}/input_items", Response, Read),
    Endpoint {
        asks_for_usage: true,
        output_limits: &["max_tokens"],
        answers_each_prompt: true,
        ..json("/v1/completions", CHAT, Tokens)
    },
    json("/v1/embeddings", (Service::Embeddings, Scope::Embeddings), TokensIn),
    json("/v1/moderations", CHAT, FreeUnlessPriced),
    Endpoint { dialect: Dialect::Anthropic, output_limits: &["max_tokens"], ..json("/v1/messages", CHAT, Tokens) },
    Endpoint { dialect: Dialect::Anthropic, ..json("/v1/messages/count_tokens", CHAT, Free) },
    json("/v1/images/generations", IMAGE, Images),
    form("/v1/images/edits", IMAGE, Either, Images),
    form("/v1/images/variations", IMAGE, Form, Images),
    Endpoint { answer_form: AnswerForm::Medium, ..json("/v1/audio/speech", AUDIO, TokensIn) },
    Endpoint { answer_form: AnswerForm::Transcript, ..form("/v1/audio/transcriptions", AUDIO, Form, Media) },
    Endpoint { answer_form: AnswerForm::Transcript, ..form("/v1/audio/translations", AUDIO, Form, Media) },
    Endpoint { object: Some((Video, Create)), ..form("/v1/videos", (Service::Video, Scope::Video), Either, Job) },
    Endpoint::for_object(Verb::Get, "/v1/videos", Video, List),
    Endpoint::for_object(Verb::Get, "/v1/videos/{id}", Video, Retrieve),
    Endpoint::for_object(Verb::Delete, "/v1/videos/{id}", Video, Delete),
    Endpoint {
        answer_form: AnswerForm::Medium,
        ..Endpoint::for_object(Verb::Get, "/v1/videos/{id}/content", Video, Read)
    },
    Endpoint { metered_unit: Job, ..Endpoint::for_object(Verb::Post, "/v1/videos/{id}/remix", Video, Derive) },
    Endpoint { body_form: BodyForm::File, ..Endpoint::for_object(Verb::Post, "/v1/files", File, Create) },
    Endpoint::for_object(Verb::Get, "/v1/files", File, List),
    Endpoint::for_object(Verb::Get, "/v1/files/{id}", File, Retrieve),
    Endpoint::for_object(Verb::Delete, "/v1/files/{id}", File, Delete),
    Endpoint { answer_form: AnswerForm::File, ..Endpoint::for_object(Verb::Get, "/v1/files/{id}/content", File, Read) },
    Endpoint {
        object: Some((FineTuningJob, Create)),
        ..json("/v1/fine_tuning/jobs", (Service::FineTuning, Scope::FineTuning), Job)
    },
    Endpoint::for_object(Verb::Get, "/v1/fine_tuning/jobs", FineTuningJob, List),
    Endpoint::for_object(Verb::Get, "/v1/fine_tuning/jobs/{id}", FineTuningJob, Retrieve),
    Endpoint::for_object(Verb::Post, "/v1/fine_tuning/jobs/{id}/cancel", FineTuningJob, Retrieve),
    Endpoint::for_object(Verb::Post, "/v1/fine_tuning/jobs/{id}/pause", FineTuningJob, Retrieve),
    Endpoint::for_object(Verb::Post, "/v1/fine_tuning/jobs/{id}/resume", FineTuningJob, Retrieve),
    Endpoint::for_object(Verb::Get, "/v1/fine_tuning/jobs/{id}/events", FineTuningJob, Read),
    Endpoint::for_object(Verb::Get, "/v1/fine_tuning/jobs/{id}/checkpoints", FineTuningJob, Read),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_path_has_each_method_once() {
        let all: HashSet<(Verb, &str)> = ENDPOINTS.iter().map(|endpoint| (endpoint.verb, endpoint.path)).collect();
        assert_eq!(all.len(), ENDPOINTS.len());
    }

    #[test]
    fn paths_with_an_id_are_about_something_that_is_kept() {
        for endpoint in ENDPOINTS {
            let takes_id = matches!(endpoint.object, Some((_, Derive | Retrieve | Read | Delete)));
            assert_eq!(endpoint.path.contains("{id}"), takes_id, "{}", endpoint.path);
        }
    }

    #[test]
    fn a_path_belongs_to_the_api_of_its_endpoint() {
        for endpoint in ENDPOINTS {
            assert_eq!(Dialect::of(endpoint.path, &HeaderMap::new()), endpoint.dialect, "{}", endpoint.path);
        }
    }

    #[test]
    fn a_provider_sees_the_path_without_the_version() {
        let path = |path: &str| ENDPOINTS.iter().find(|endpoint| endpoint.path == path).unwrap();
        assert_eq!(path("/v1/chat/completions").provider_path(None), "/chat/completions");
        assert_eq!(path("/v1/videos/{id}/content").provider_path(Some("v-1")), "/videos/v-1/content");
    }
}
