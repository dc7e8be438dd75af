//! The paths that calls come in by: one table, which the router, the checks, the meter and the sandbox go by.
//!
//! Source: the API references of OpenAI and Anthropic. Whoever adds an endpoint adds a line to [`ENDPOINTS`].

use axum::{
    http::{HeaderMap, Method},
    routing::MethodFilter,
};
use domain::{api_keys::Scope, models::Service};
use services::provider_objects::Kind;

use super::answers::signs::Expected;
use crate::config::DefaultFor;

/// One of the paths that forward a call, with one method.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(super) verb: Verb,
    /// As the router and the log know it. A provider's is the same without `/v1`.
    pub(crate) path: &'static str,
    /// The service whose models it calls, and that its calls are counted under.
    pub(super) service: Service,
    /// What a key must have to call it.
    pub(crate) scope: Scope,
    pub(super) dialect: Dialect,
    pub(super) sends: Sends,
    pub(super) counts: Counts,
    pub(super) answers: Answers,
    /// Whether a stream reports usage only where `stream_options` asks for it.
    pub(super) asks_for_usage: bool,
    /// What it does with what a provider keeps.
    pub(super) object: Option<(Kind, Act)>,
    /// The names by which its answers' tokens are limited; the first is put in where a limit is to hold.
    pub(super) output_limits: &'static [&'static str],
    /// Whether a list of prompts is answered one by one.
    pub(super) answers_each_prompt: bool,
}

/// The methods that there are.
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

/// Whose API a path belongs to: the form of errors, and which providers understand it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

/// What Anthropic's clients say with every request.
const ANTHROPICS_HEADERS: [&str; 2] = ["anthropic-version", "anthropic-beta"];
/// Paths of Anthropic's that aren't offered, and that OpenAI doesn't have.
const ANTHROPICS_PATHS: [&str; 3] = ["/v1/complete", "/v1/skills", "/v1/organizations"];
/// The same below a path that is offered.
const ANTHROPICS_BATCHES: &str = "/v1/messages/batches";

/// Whether a path is one of Anthropic's API that isn't offered, at the right base URL.
pub(super) fn is_anthropics(path: &str) -> bool {
    ANTHROPICS_PATHS.into_iter().chain([ANTHROPICS_BATCHES]).any(|above| is_under(path, above))
}

/// Whether `path` is another one or below it.
fn is_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Dialect {
    /// Whose API a request is meant for by its path, whether there is such a path or not, and where that doesn't tell by
    /// its headers.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        let anthropics = ENDPOINTS.iter().filter(|endpoint| endpoint.dialect == Self::Anthropic);
        let mut paths = anthropics.map(|endpoint| endpoint.path).chain(ANTHROPICS_PATHS);
        // Under a wrong base URL, too.
        let tail = path.find("/v1/").map_or("", |at| &path[at..]);
        if paths.any(|above| is_under(path, above) || tail == above) { Self::Anthropic } else { Self::said(headers) }
    }

    /// Whose API a request is meant for by its headers.
    pub(super) fn said(headers: &HeaderMap) -> Self {
        let is_anthropics = ANTHROPICS_HEADERS.iter().any(|name| headers.contains_key(*name));
        if is_anthropics { Self::Anthropic } else { Self::OpenAi }
    }
}

/// The form of a request's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sends {
    Json,
    /// `multipart/form-data`.
    Form,
    /// One or the other, as its `content-type` says.
    Either,
    /// A form that names no model.
    File,
    /// Nothing that is decided upon; a small body passes.
    Nothing,
}

/// What is charged for, besides tokens, which count wherever they are reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Counts {
    Tokens,
    /// Tokens of what is asked: nothing is written.
    TokensIn,
    /// Pictures in the answer.
    Images,
    /// The length of the audio.
    Media,
    /// What a job used is known when it is done: see `objects`.
    Job,
    /// Costs nothing, unless the model has a price and usage is reported.
    FreeUnlessPriced,
    /// Costs nothing, whatever is reported.
    Free,
}

/// What a path is answered with when all goes well, where that isn't a stream of events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answers {
    Json,
    /// JSON, or a text of some kind.
    Transcript,
    /// A sound or a film, of whatever kind.
    Medium,
    /// Any bytes at all.
    File,
}

/// What a path does with something that a provider keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    Create,
    /// Makes another of one: its id is in the path.
    Derive,
    List,
    /// Answers with the thing itself: as it is, or as it has become.
    Retrieve,
    /// Answers with something else about it.
    Read,
    Delete,
}

impl Endpoint {
    /// Whether it lists what providers keep.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.object, Some((_, Act::List)))
    }

    const fn new(verb: Verb, path: &'static str, service: Service, scope: Scope) -> Self {
        Self {
            verb,
            path,
            service,
            scope,
            dialect: Dialect::OpenAi,
            sends: Sends::Nothing,
            counts: Counts::Free,
            answers: Answers::Json,
            asks_for_usage: false,
            object: None,
            output_limits: &[],
            answers_each_prompt: false,
        }
    }

    /// Calls a model.
    const fn call(path: &'static str, service: Service, scope: Scope, sends: Sends, counts: Counts) -> Self {
        Self { sends, counts, ..Self::new(Verb::Post, path, service, scope) }
    }

    /// Concerns something that a provider keeps.
    const fn of(verb: Verb, path: &'static str, kind: Kind, act: Act) -> Self {
        let (service, scope) = match kind {
            Kind::File => (Service::Storage, Scope::Files),
            Kind::FineTuningJob => (Service::FineTuning, Scope::FineTuning),
            Kind::Video => (Service::Video, Scope::Video),
            Kind::Response | Kind::ChatCompletion => (Service::Chat, Scope::Chat),
        };
        Self { object: Some((kind, act)), ..Self::new(verb, path, service, scope) }
    }

    /// What a whole answer of it may be.
    pub(super) fn expected(&self, is_background: bool) -> Expected {
        let is_call = matches!(self.object, None | Some((Kind::Response | Kind::ChatCompletion, Act::Create)));
        Expected {
            choices: is_call && self.path.ends_with("/completions"),
            thing: !is_call || is_background,
            nothing: self.verb == Verb::Delete,
        }
    }

    /// Whether it calls a model that the request names.
    pub(super) fn calls_models(&self) -> bool {
        matches!(self.sends, Sends::Json | Sends::Form | Sends::Either)
    }

    /// What it is among that OpenAI's API has a model for where none is named.
    pub(super) fn default_for(&self) -> Option<DefaultFor> {
        match self.path {
            "/v1/moderations" => Some(DefaultFor::Moderations),
            "/v1/videos" => Some(DefaultFor::Videos),
            path if path.starts_with("/v1/images/") => Some(DefaultFor::Images),
            _ => None,
        }
    }

    /// Whether these headers ask for something else of this path: Anthropic's API has files under the same one.
    pub(super) fn is_meant_otherwise(&self, headers: &HeaderMap) -> bool {
        self.service == Service::Storage && Dialect::said(headers) == Dialect::Anthropic
    }

    /// What a provider's base address is followed by, with `id` in its place.
    pub(super) fn provider_path(&self, id: Option<&str>) -> String {
        let path = self.path.strip_prefix("/v1").unwrap_or(self.path);
        match id {
            Some(id) => path.replacen("{id}", id, 1),
            None => path.to_owned(),
        }
    }
}

use Act::{Create, Delete, Derive, List, Read, Retrieve};
use Counts::{Free, FreeUnlessPriced, Images, Job, Media, Tokens, TokensIn};
use Kind::{ChatCompletion, File, FineTuningJob, Response, Video};
use Sends::{Either, Form, Json};

const CHAT: (Service, Scope) = (Service::Chat, Scope::Chat);
const IMAGE: (Service, Scope) = (Service::Image, Scope::Images);
const AUDIO: (Service, Scope) = (Service::Audio, Scope::Audio);

const fn json(path: &'static str, (service, scope): (Service, Scope), counts: Counts) -> Endpoint {
    Endpoint::call(path, service, scope, Json, counts)
}

const fn form(path: &'static str, (service, scope): (Service, Scope), sends: Sends, counts: Counts) -> Endpoint {
    Endpoint::call(path, service, scope, sends, counts)
}

pub(crate) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        asks_for_usage: true,
        object: Some((ChatCompletion, Create)),
        output_limits: &["max_completion_tokens", "max_tokens"],
        ..json("/v1/chat/completions", CHAT, Tokens)
    },
    Endpoint::of(Verb::Get, "/v1/chat/completions", ChatCompletion, List),
    Endpoint::of(Verb::Get, "/v1/chat/completions/{id}", ChatCompletion, Retrieve),
    Endpoint::of(Verb::Post, "/v1/chat/completions/{id}", ChatCompletion, Retrieve),
    Endpoint::of(Verb::Delete, "/v1/chat/completions/{id}", ChatCompletion, Delete),
    Endpoint::of(Verb::Get, "/v1/chat/completions/{id}/messages", ChatCompletion, Read),
    Endpoint {
        object: Some((Response, Create)),
        output_limits: &["max_output_tokens"],
        ..json("/v1/responses", CHAT, Tokens)
    },
    json("/v1/responses/compact", CHAT, Tokens),
    json("/v1/responses/input_tokens", CHAT, Free),
    Endpoint::of(Verb::Get, "/v1/responses/{id}", Response, Retrieve),
    Endpoint::of(Verb::Delete, "/v1/responses/{id}", Response, Delete),
    Endpoint::of(Verb::Post, "/v1/responses/{id}/cancel", Response, Retrieve),
    Endpoint::of(Verb::Get, "/v1/responses/{id}/input_items", Response, Read),
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
    Endpoint { answers: Answers::Medium, ..json("/v1/audio/speech", AUDIO, TokensIn) },
    Endpoint { answers: Answers::Transcript, ..form("/v1/audio/transcriptions", AUDIO, Form, Media) },
    Endpoint { answers: Answers::Transcript, ..form("/v1/audio/translations", AUDIO, Form, Media) },
    Endpoint { object: Some((Video, Create)), ..form("/v1/videos", (Service::Video, Scope::Video), Either, Job) },
    Endpoint::of(Verb::Get, "/v1/videos", Video, List),
    Endpoint::of(Verb::Get, "/v1/videos/{id}", Video, Retrieve),
    Endpoint::of(Verb::Delete, "/v1/videos/{id}", Video, Delete),
    Endpoint { answers: Answers::Medium, ..Endpoint::of(Verb::Get, "/v1/videos/{id}/content", Video, Read) },
    Endpoint { counts: Job, ..Endpoint::of(Verb::Post, "/v1/videos/{id}/remix", Video, Derive) },
    Endpoint { sends: Sends::File, ..Endpoint::of(Verb::Post, "/v1/files", File, Create) },
    Endpoint::of(Verb::Get, "/v1/files", File, List),
    Endpoint::of(Verb::Get, "/v1/files/{id}", File, Retrieve),
    Endpoint::of(Verb::Delete, "/v1/files/{id}", File, Delete),
    Endpoint { answers: Answers::File, ..Endpoint::of(Verb::Get, "/v1/files/{id}/content", File, Read) },
    Endpoint {
        object: Some((FineTuningJob, Create)),
        ..json("/v1/fine_tuning/jobs", (Service::FineTuning, Scope::FineTuning), Job)
    },
    Endpoint::of(Verb::Get, "/v1/fine_tuning/jobs", FineTuningJob, List),
    Endpoint::of(Verb::Get, "/v1/fine_tuning/jobs/{id}", FineTuningJob, Retrieve),
    Endpoint::of(Verb::Post, "/v1/fine_tuning/jobs/{id}/cancel", FineTuningJob, Retrieve),
    Endpoint::of(Verb::Post, "/v1/fine_tuning/jobs/{id}/pause", FineTuningJob, Retrieve),
    Endpoint::of(Verb::Post, "/v1/fine_tuning/jobs/{id}/resume", FineTuningJob, Retrieve),
    Endpoint::of(Verb::Get, "/v1/fine_tuning/jobs/{id}/events", FineTuningJob, Read),
    Endpoint::of(Verb::Get, "/v1/fine_tuning/jobs/{id}/checkpoints", FineTuningJob, Read),
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
    fn what_lies_below_a_path_belongs_to_the_same_api() {
        let (nothing, version) =
            (HeaderMap::new(), HeaderMap::from_iter([("anthropic-version".parse().unwrap(), "1".parse().unwrap())]));
        for path in [
            "/v1/messages",
            "/v1/messages/",
            "/v1/messages/count_tokens",
            "/v1/messages/batches/b-1",
            "/v1/complete",
            "/v1/skills/s-1",
            "/anthropic/v1/messages",
        ] {
            assert_eq!(Dialect::of(path, &nothing), Dialect::Anthropic, "{path}");
        }
        for path in ["/v1/chat/completions", "/v1/completions", "/v1/messages2", "/v1/nothing", "/v1", ""] {
            assert_eq!(Dialect::of(path, &nothing), Dialect::OpenAi, "{path}");
            assert_eq!(Dialect::of(path, &version), Dialect::Anthropic, "{path}");
        }
    }

    #[test]
    fn a_provider_sees_the_path_without_the_version() {
        let path = |path: &str| ENDPOINTS.iter().find(|endpoint| endpoint.path == path).unwrap();
        assert_eq!(path("/v1/chat/completions").provider_path(None), "/chat/completions");
        assert_eq!(path("/v1/videos/{id}/content").provider_path(Some("v-1")), "/videos/v-1/content");
    }
}
