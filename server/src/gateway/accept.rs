//! Whether and how a request is forwarded: reads what is decided upon, and finds the model or the object it is about.

mod checks;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE, request::Parts},
    response::Response,
};
use services::{
    api_keys::directory::KeyRecord,
    provider_objects::{Kind, Object},
};

use super::{
    Gateway,
    body::{self, RequestBody},
    budget::Share,
    call::Arrival,
    collect::Within,
    endpoint::{Act, Counts, Endpoint, Sends},
    estimate::{self, Prompt},
    form::Form,
    offers::Offer,
    payload::Payload,
    provider::ProviderRequest,
    provider_objects,
    receive::{Received, receive},
    references::{Mentions, query},
};
use crate::v1::gzip;
use crate::v1::{error::Refusal, own_keys};

/// What is to be done with a request.
pub(super) enum Accepted {
    Forward(Box<Forward>),
    /// It is answered from what is known here.
    Here(Response),
}

/// A request that goes to one of the providers of an offer.
pub(super) struct Forward {
    pub(super) offer: Arc<Offer>,
    pub(super) request: ProviderRequest,
    pub(super) memo: Memo,
}

/// What is remembered of a request until its answer is over.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Whether a chunk with nothing but usage was asked for by nobody but us.
    pub(super) withholds_usage_chunk: bool,
    pub(super) prompt: Prompt,
    /// How many characters are to be spoken.
    pub(super) characters: i64,
    /// What the path is about.
    pub(super) object: Option<Object>,
    /// Whether the provider keeps what it answers with.
    pub(super) stores: bool,
    /// Whether the provider answers before it does the work.
    pub(super) background: bool,
    /// Whether the answer may be a stream of events.
    pub(super) may_stream: bool,
    /// The memory that its body takes.
    pub(super) _share: Option<Share>,
}

/// A refusal with the model it is about, which is one on offer or empty; nothing where the client left while sending.
pub(super) type TurnedAway = Option<(Refusal, Arc<str>)>;

fn nothing(refusal: Refusal) -> TurnedAway {
    Some((refusal, Arc::default()))
}

/// Reads the body, and checks that what it names may be asked for by this key, on this path.
pub(super) async fn accept(
    gateway: &Gateway,
    arrival: &Arrival,
    key: &KeyRecord,
    parts: Parts,
    body: Body,
) -> Result<Accepted, TurnedAway> {
    let endpoint = arrival.endpoint;
    let id = provider_objects::id(endpoint, parts.uri.path()).map_err(nothing)?;
    let object = match (endpoint.object, &id) {
        (Some((kind, Act::List)), _) => {
            let query = parts.uri.query().unwrap_or_default();
            return Box::pin(provider_objects::list(gateway, key, kind, query))
                .await
                .map(Accepted::Here)
                .map_err(nothing);
        }
        (Some((kind, _)), Some(id)) => Some(provider_objects::find(gateway, key, kind, id).await.map_err(nothing)?),
        _ => None,
    };
    let mut path = endpoint.provider_path(id.as_deref());
    let query = own_keys::query_for_provider(parts.uri.query().unwrap_or_default());
    if !query.is_empty() {
        path.push('?');
        path.push_str(&query);
    }
    let is_gzip = gzip::is_said(&parts.headers).map_err(nothing)?;
    let query = query::mentions(parts.uri.query()).map_err(nothing)?;
    let taking = Taking { gateway, arrival, key, headers: &parts.headers, is_gzip, query };
    let Taken { offer, payload, without_options, kind, memo } = match (object, endpoint.sends) {
        (Some(object), _) => taking.about(object, body).await?,
        (None, Sends::File) => taking.file(body).await?,
        (None, Sends::Form) => taking.form(body).await?,
        (None, Sends::Either) if is_form(&parts.headers) => taking.form(body).await?,
        (None, _) => taking.json(body).await?,
    };
    let memo = Memo { may_stream: memo.may_stream || asks_for_stream(&parts.uri), ..memo };
    let mut headers = parts.headers;
    // What goes out is called what it was read as.
    match kind {
        Some(kind) => drop(headers.insert(CONTENT_TYPE, kind)),
        None => drop(headers.remove(CONTENT_TYPE)),
    }
    let request = ProviderRequest { endpoint, path, headers, body: payload, without_options };
    Ok(Accepted::Forward(Box::new(Forward { offer, request, memo })))
}

/// Where a text is spoken.
const SPEECH: &str = "/v1/audio/speech";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What goes to a provider.
struct Taken {
    offer: Arc<Offer>,
    payload: Payload,
    /// The same for providers that don't know `stream_options`, if one of them may be asked and it has some.
    without_options: Option<Payload>,
    /// Its type; `None` where there is nothing.
    kind: Option<HeaderValue>,
    memo: Memo,
}

/// What is said about an object: what is sent on, of which kind, what it mentions, and the memory it takes.
type AboutBody = (Payload, Option<HeaderValue>, Mentions, Option<Share>);

struct Taking<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    key: &'a KeyRecord,
    headers: &'a HeaderMap,
    /// Whether the body is compressed so.
    is_gzip: bool,
    /// What the address mentions.
    query: Mentions,
}

impl Taking<'_> {
    fn endpoint(&self) -> &'static Endpoint {
        self.arrival.endpoint
    }

    fn within(&self, bytes: u64) -> Within {
        let limits = self.gateway.limits();
        Within {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            idle: limits.idle_timeout,
            deadline: self.arrival.instant + limits.total_timeout,
        }
    }

    /// A request with a model in its JSON.
    async fn json(mut self, body: Body) -> Result<Taken, TurnedAway> {
        let endpoint = self.endpoint();
        let Received { bytes, share } = self.receive(body).await?;
        let default = self.gateway.default_model(endpoint);
        let mut body = RequestBody::read(bytes, default.as_deref()).map_err(nothing)?;
        let offer = self.offer(&body.model)?;
        let within = |most| body.within(most, endpoint, &offer.name);
        let limit = offer.max_output_tokens.map(within).transpose();
        let limit = limit.map_err(|refusal| Some((refusal, Arc::clone(&offer.name))))?.flatten();
        let mentions = self.mentions_with(std::mem::take(&mut body.mentions));
        let offer = self.check_mentions(&mentions, offer).await?;
        let asks_for_usage = endpoint.asks_for_usage && body.stream;
        let stores = match endpoint.object {
            Some((Kind::Response, _)) => body.store.unwrap_or(true),
            Some((Kind::ChatCompletion, _)) => body.store.unwrap_or(false),
            Some(_) => true,
            None => false,
        };
        let memo = Memo {
            withholds_usage_chunk: asks_for_usage && !body.wants_usage_chunk(),
            prompt: Prompt::of(body.bytes()),
            characters: if endpoint.path == SPEECH { estimate::characters(body.bytes()) } else { 0 },
            stores,
            background: body.background && endpoint.object.is_some_and(|(kind, _)| kind == Kind::Response),
            // Speech is asked for as a stream by `stream_format`.
            may_stream: body.stream || endpoint.path == SPEECH,
            object: None,
            _share: share,
        };
        let has_options = asks_for_usage || body.has_stream_options();
        let without_options = (has_options && offer.providers.iter().any(|provider| !provider.takes_stream_options))
            .then(|| Payload::Whole(body.spliced_without_options(&offer.upstream_json, limit.clone())));
        let payload = Payload::Whole(body.spliced(&offer.upstream_json, asks_for_usage, limit));
        Ok(Taken { offer, payload, without_options, kind: Some(JSON), memo })
    }

    /// A form that names a model.
    async fn form(mut self, body: Body) -> Result<Taken, TurnedAway> {
        let mut form = self.read_form(body).await?;
        let default = self.gateway.default_model(self.endpoint());
        let named = form.model().or(default.as_deref()).filter(|model| !model.is_empty());
        let model = named.ok_or_else(|| nothing(Refusal::invalid("model", "Name a model: `model` is missing.")))?;
        let offer = self.offer(model)?;
        let mentions = self.mentions_with(std::mem::take(&mut form.mentions));
        let offer = self.check_mentions(&mentions, offer).await?;
        let payload = form.payload(&offer.upstream_name());
        let stores = self.endpoint().object.is_some();
        // A field of the form asks for a stream, if anything does.
        let prompt = match self.endpoint().counts {
            Counts::Media => Prompt::Recorded(form.recordings()),
            _ => Prompt::Nothing,
        };
        let memo = Memo { stores, prompt, may_stream: true, ..Memo::default() };
        Ok(Taken { offer, payload, without_options: None, kind: Some(form.kind), memo })
    }

    /// A file, which no model has a part in.
    async fn file(mut self, body: Body) -> Result<Taken, TurnedAway> {
        let mut form = self.read_form(body).await?;
        let provider = self.gateway.files_provider().ok_or_else(|| {
            nothing(Refusal::invalid("file", "No provider keeps files here. Tell whoever runs the gateway."))
        })?;
        if form.model().is_some() {
            return Err(nothing(Refusal::invalid("model", "No model has a part in a file.")));
        }
        let offer = Offer::of(Arc::default(), self.endpoint().service, provider);
        let mentions = self.mentions_with(std::mem::take(&mut form.mentions));
        let offer = self.check_mentions(&mentions, Arc::new(offer)).await?;
        let payload = form.payload("");
        let memo = Memo { stores: true, ..Memo::default() };
        Ok(Taken { offer, payload, without_options: None, kind: Some(form.kind), memo })
    }

    async fn read_form(&self, body: Body) -> Result<Form, TurnedAway> {
        if self.is_gzip {
            return Err(nothing(gzip::refused("A form is read as it is. Send it without `content-encoding`.")));
        }
        let within = self.within(self.gateway.limits().max_upload_bytes);
        let room = self.gateway.disk.room(self.key.into());
        Form::read(self.headers, body, &room, within).await.map_err(|refusal| refusal.and_then(nothing))
    }

    /// A body of JSON, as a whole.
    async fn receive(&self, body: Body) -> Result<Received, TurnedAway> {
        let within = self.within(self.gateway.limits().max_body_bytes as u64);
        let received = receive(self.gateway, self.key.into(), body, within, self.is_gzip).await;
        received.map_err(|refusal| refusal.and_then(nothing))
    }

    /// A request about something that a provider keeps: it goes there.
    async fn about(mut self, object: Object, body: Body) -> Result<Taken, TurnedAway> {
        let gone = "The provider that keeps this isn't configured any more. Tell whoever runs the gateway.";
        let (payload, kind, mentions, share) = self.about_body(body).await?;
        let provider =
            self.gateway.provider(object.provider()).ok_or_else(|| nothing(Refusal::upstream_error(gone)))?;
        let name: Arc<str> = Arc::from(object.model());
        let mut offer = Offer::of(name, self.endpoint().service, provider);
        let derives = matches!(self.endpoint().object, Some((_, Act::Derive)));
        if derives {
            let own = self.offer(object.model())?;
            offer.priced_as.clone_from(&own.priced_as);
        }
        let mentions = self.mentions_with(mentions);
        let offer = self.check_mentions(&mentions, Arc::new(offer)).await?;
        provider_objects::settle_before_delete(self.gateway, self.endpoint(), &object).await;
        let memo = Memo { object: Some(object), stores: derives, _share: share, ..Memo::default() };
        Ok(Taken { offer, payload, without_options: None, kind, memo })
    }

    /// What is said about it: nothing, or JSON or a form without a model.
    async fn about_body(&self, body: Body) -> Result<AboutBody, TurnedAway> {
        if is_form(self.headers) {
            let mut form = self.read_form(body).await?;
            if form.model().is_some() {
                return Err(nothing(Refusal::invalid("model", "No model can be named here.")));
            }
            let mentions = std::mem::take(&mut form.mentions);
            return Ok((form.payload(""), Some(form.kind), mentions, None));
        }
        let Received { bytes, share } = self.receive(body).await?;
        if bytes.is_empty() {
            return Ok((Payload::Whole(bytes), None, Mentions::default(), share));
        }
        let mentions = body::mentions(&bytes).map_err(nothing)?;
        Ok((Payload::Whole(bytes), Some(JSON), mentions, share))
    }

    /// What the body and the address mention.
    fn mentions_with(&mut self, mut of_body: Mentions) -> Mentions {
        of_body.and(std::mem::take(&mut self.query));
        of_body
    }
}

/// Whether something that is kept is asked for as a stream.
fn asks_for_stream(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "stream" && value == "true")
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    kind.get(..10).is_some_and(|begin| begin.eq_ignore_ascii_case(b"multipart/"))
}
