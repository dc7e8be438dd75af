//! Decides whether and how a call is forwarded: reads what its path, query and body ask for, and finds the model
//! or the provider's object (a file, a job, a stored response) that it concerns.

mod checks;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE, request::Parts},
    response::Response,
};
use domain::money::UsageBounds;
use services::{
    api_keys::directory::KeyRecord,
    provider_objects::{ObjectKind, ProviderObject},
};

use super::{
    Gateway,
    body::{self, RequestBody},
    bounds::{self, ModelLimits},
    budget::BudgetShare,
    call::{Arrival, CallContext},
    collect::CollectLimits,
    endpoint::{BodyForm, Endpoint, MeteredUnit, ObjectAction},
    estimate::{self, Prompt},
    form::SpooledForm,
    offers::Offer,
    payload::Payload,
    provider::ProviderRequest,
    provider_objects,
    receive::{ReceivedBody, receive},
    references::{Mentions, query},
};
use crate::v1::{error::V1Error, gzip, own_keys};

/// The result of preparing a request.
pub(super) enum Preparation {
    Forward(Box<ForwardedRequest>),
    /// An answer that needs no provider.
    Answer(Response),
}

/// A request for one of the providers of an offer.
pub(super) struct ForwardedRequest {
    pub(super) offer: Arc<Offer>,
    pub(super) request: ProviderRequest,
    pub(super) context: CallContext,
}

/// An error and the model that was asked for, empty if unknown; `None` if the client left while sending.
pub(super) type Rejection = Option<(V1Error, Arc<str>)>;

fn without_model(refusal: V1Error) -> Rejection {
    Some((refusal, Arc::default()))
}

/// Reads the body, and checks that the key may use the models and objects it names, on this path.
pub(super) async fn prepare(
    gateway: &Gateway,
    arrival: &Arrival,
    key: &KeyRecord,
    parts: Parts,
    body: Body,
) -> Result<Preparation, Rejection> {
    let endpoint = arrival.endpoint;
    let id = provider_objects::id_in_path(endpoint, parts.uri.path()).map_err(without_model)?;
    let object = match (endpoint.object, &id) {
        (Some((kind, ObjectAction::List)), _) => {
            let query = parts.uri.query().unwrap_or_default();
            return Box::pin(provider_objects::list(gateway, key, kind, query))
                .await
                .map(Preparation::Answer)
                .map_err(without_model);
        }
        (Some((kind, _)), Some(id)) => {
            Some(provider_objects::find(gateway, key, kind, id).await.map_err(without_model)?)
        }
        _ => None,
    };
    let mut path = endpoint.provider_path(id.as_deref());
    let query = own_keys::query_for_provider(parts.uri.query().unwrap_or_default());
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    let is_gzip = gzip::is_declared(&parts.headers).map_err(without_model)?;
    let query = query::find_mentions(parts.uri.query()).map_err(without_model)?;
    let builder = RequestBuilder { gateway, arrival, key, headers: &parts.headers, is_gzip, query };
    let PreparedRequest { offer, payload, without_options, content_type, context } = match (object, endpoint.body_form)
    {
        (Some(object), _) => builder.object_request(object, body).await?,
        (None, BodyForm::File) => builder.file(body).await?,
        (None, BodyForm::Form) => builder.form(body).await?,
        (None, BodyForm::Either) if is_form(&parts.headers) => builder.form(body).await?,
        (None, _) => builder.json(body).await?,
    };
    let context = CallContext { may_stream: context.may_stream || asks_for_stream(&parts.uri), ..context };
    let mut headers = parts.headers;
    // The type that the body was read as, whatever the client wrote.
    match content_type {
        Some(content_type) => drop(headers.insert(CONTENT_TYPE, content_type)),
        None => drop(headers.remove(CONTENT_TYPE)),
    }
    let request = ProviderRequest { endpoint, path, headers, body: payload, without_options };
    Ok(Preparation::Forward(Box::new(ForwardedRequest { offer, request, context })))
}

/// The path that speaks a text.
const SPEECH: &str = "/v1/audio/speech";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The parts of a request to a provider.
struct PreparedRequest {
    offer: Arc<Offer>,
    payload: Payload,
    /// The payload for providers that don't know `stream_options`, if it has some and
    /// such a provider may be asked.
    without_options: Option<Payload>,
    /// `None` for an empty payload.
    content_type: Option<HeaderValue>,
    context: CallContext,
}

/// A body about an object: the payload, its content type, its mentions, and its share of the memory.
type ObjectRequestBody = (Payload, Option<HeaderValue>, Mentions, Option<BudgetShare>);

struct RequestBuilder<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    key: &'a KeyRecord,
    headers: &'a HeaderMap,
    /// Whether the body is compressed by gzip.
    is_gzip: bool,
    /// Mentions in the query string.
    query: Mentions,
}

impl RequestBuilder<'_> {
    fn endpoint(&self) -> &'static Endpoint {
        self.arrival.endpoint
    }

    fn model_limits<'o>(&self, offer: &'o Offer) -> ModelLimits<'o> {
        ModelLimits::new(offer, self.headers)
    }

    fn limits(&self, bytes: u64) -> CollectLimits {
        let limits = self.gateway.limits();
        CollectLimits {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            idle: limits.idle_timeout,
            deadline: self.arrival.instant + limits.total_timeout,
        }
    }

    /// Prepares a request with a model in its JSON.
    async fn json(mut self, body: Body) -> Result<PreparedRequest, Rejection> {
        let endpoint = self.endpoint();
        let ReceivedBody { bytes, share } = self.receive(body).await?;
        let default = self.gateway.default_model(endpoint);
        let mut body = RequestBody::read(bytes, default.as_deref()).map_err(without_model)?;
        let offer = self.offer(&body.model)?;
        let check = |max_tokens| body.check_output_limit(max_tokens, endpoint, &offer.name);
        let limit = offer.max_output_tokens.map(check).transpose();
        let limit = limit.map_err(|refusal| Some((refusal, Arc::clone(&offer.name))))?.flatten();
        let mentions = self.mentions_with(std::mem::take(&mut body.mentions));
        let offer = self.check_mentions(&mentions, offer).await?;
        let asks_for_usage = endpoint.asks_for_usage && body.stream;
        let characters = if endpoint.path == SPEECH { estimate::count_characters(body.bytes()) } else { 0 };
        let stores = match endpoint.object {
            Some((ObjectKind::Response, _)) => body.store.unwrap_or(true),
            Some((ObjectKind::ChatCompletion, _)) => body.store.unwrap_or(false),
            Some(_) => true,
            None => false,
        };
        let context = CallContext {
            withholds_usage_chunk: asks_for_usage && !body.wants_usage_chunk(),
            prompt: Prompt::from_json(body.bytes()),
            tags: std::mem::take(&mut body.tags),
            characters,
            bounds: bounds::of_json(endpoint, &self.model_limits(&offer), &body, characters),
            stores,
            background: body.background && endpoint.object.is_some_and(|(kind, _)| kind == ObjectKind::Response),
            // Speech is requested as a stream by `stream_format`.
            may_stream: body.stream || endpoint.path == SPEECH,
            object: None,
            _share: share,
        };
        let has_options = asks_for_usage || body.has_stream_options();
        let without_options = (has_options && offer.providers.iter().any(|provider| !provider.supports_stream_options))
            .then(|| Payload::Bytes(body.spliced_without_options(&offer.upstream_json, limit.clone())));
        let payload = Payload::Bytes(body.spliced(&offer.upstream_json, asks_for_usage, limit));
        Ok(PreparedRequest { offer, payload, without_options, content_type: Some(JSON), context })
    }

    /// Prepares a form that names a model.
    async fn form(mut self, body: Body) -> Result<PreparedRequest, Rejection> {
        let mut form = self.read_form(body).await?;
        let default = self.gateway.default_model(self.endpoint());
        let named = form.model().or(default.as_deref()).filter(|model| !model.is_empty());
        let model =
            named.ok_or_else(|| without_model(V1Error::invalid("model", "Missing required parameter: `model`.")))?;
        let offer = self.offer(model)?;
        let mentions = self.mentions_with(std::mem::take(&mut form.mentions));
        let offer = self.check_mentions(&mentions, offer).await?;
        let payload = form.payload(&offer.upstream_name());
        let stores = self.endpoint().object.is_some();
        let prompt = match self.endpoint().metered_unit {
            MeteredUnit::Media => Prompt::Recorded(form.recordings()),
            _ => Prompt::Nothing,
        };
        // Forms ask for a stream by a field, which isn't read.
        let bounds = bounds::of_form(self.endpoint(), &self.model_limits(&offer), &form.notes);
        let tags = std::mem::take(&mut form.notes.tags);
        let context = CallContext { stores, prompt, tags, bounds, may_stream: true, ..CallContext::default() };
        Ok(PreparedRequest { offer, payload, without_options: None, content_type: Some(form.content_type), context })
    }

    /// Prepares the upload of a file, which involves no model.
    async fn file(mut self, body: Body) -> Result<PreparedRequest, Rejection> {
        let mut form = self.read_form(body).await?;
        let provider = self.gateway.files_provider().ok_or_else(|| {
            without_model(V1Error::invalid("file", "No provider for files is configured. Contact the operator."))
        })?;
        if form.model().is_some() {
            return Err(without_model(V1Error::invalid("model", "`model` isn't allowed when uploading a file.")));
        }
        let offer = Offer::for_provider(Arc::default(), self.endpoint().service, provider);
        let mentions = self.mentions_with(std::mem::take(&mut form.mentions));
        let offer = self.check_mentions(&mentions, Arc::new(offer)).await?;
        let payload = form.payload("");
        let context = CallContext { stores: true, ..CallContext::default() };
        Ok(PreparedRequest { offer, payload, without_options: None, content_type: Some(form.content_type), context })
    }

    async fn read_form(&self, body: Body) -> Result<SpooledForm, Rejection> {
        if self.is_gzip {
            return Err(without_model(gzip::not_accepted("Send forms uncompressed, without `content-encoding`.")));
        }
        let limits = self.limits(self.gateway.limits().max_upload_bytes);
        let quota = self.gateway.disk.quota(self.key.into());
        SpooledForm::read(self.headers, body, &quota, limits).await.map_err(|refusal| refusal.and_then(without_model))
    }

    /// Receives a whole JSON body.
    async fn receive(&self, body: Body) -> Result<ReceivedBody, Rejection> {
        let limits = self.limits(self.gateway.limits().max_body_bytes as u64);
        let received = receive(self.gateway, self.key.into(), body, limits, self.is_gzip).await;
        received.map_err(|refusal| refusal.and_then(without_model))
    }

    /// Prepares a request about an object, which goes to the provider that keeps it.
    async fn object_request(mut self, object: ProviderObject, body: Body) -> Result<PreparedRequest, Rejection> {
        let gone = "The provider that stores this object is no longer configured. Contact the operator.";
        let (payload, content_type, mentions, share) = self.object_body(body).await?;
        let provider =
            self.gateway.provider(object.provider()).ok_or_else(|| without_model(V1Error::upstream_error(gone)))?;
        let name: Arc<str> = Arc::from(object.model());
        let mut offer = Offer::for_provider(name, self.endpoint().service, provider);
        let derives = matches!(self.endpoint().object, Some((_, ObjectAction::Derive)));
        if derives {
            let own = self.offer(object.model())?;
            offer.priced_as.clone_from(&own.priced_as);
        }
        let mentions = self.mentions_with(mentions);
        let offer = self.check_mentions(&mentions, Arc::new(offer)).await?;
        provider_objects::record_before_delete(self.gateway, self.endpoint(), &object).await;
        let bounds = if derives { bounds::of_remix() } else { UsageBounds::default() };
        let context =
            CallContext { object: Some(object), bounds, stores: derives, _share: share, ..CallContext::default() };
        Ok(PreparedRequest { offer, payload, without_options: None, content_type, context })
    }

    /// Reads the body of a request about an object: empty, or JSON or a form without a model.
    async fn object_body(&self, body: Body) -> Result<ObjectRequestBody, Rejection> {
        if is_form(self.headers) {
            let mut form = self.read_form(body).await?;
            if form.model().is_some() {
                return Err(without_model(V1Error::invalid("model", "`model` isn't allowed here.")));
            }
            let mentions = std::mem::take(&mut form.mentions);
            return Ok((form.payload(""), Some(form.content_type), mentions, None));
        }
        let ReceivedBody { bytes, share } = self.receive(body).await?;
        if bytes.is_empty() {
            return Ok((Payload::Bytes(bytes), None, Mentions::default(), share));
        }
        let mentions = body::find_mentions(&bytes).map_err(without_model)?;
        Ok((Payload::Bytes(bytes), Some(JSON), mentions, share))
    }

    /// Combines the mentions of the body and the query string.
    fn mentions_with(&mut self, mut mentions: Mentions) -> Mentions {
        mentions.extend(std::mem::take(&mut self.query));
        mentions
    }
}

/// Whether the query string requests a stored object as a stream.
fn asks_for_stream(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "stream" && value == "true")
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    content_type.get(..10).is_some_and(|begin| begin.eq_ignore_ascii_case(b"multipart/"))
}
