//! Detects the shape of a provider's answer by its first bytes, since the content type may be wrong: some
//! providers label streams as JSON, as text or not at all, and errors or HTML pages as streams.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::http::{HeaderMap, Response, header::CONTENT_TYPE};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, timeout};

use crate::{
    gateway::{
        Gateway,
        call::GatewayCall,
        collect::{NextPiece, next},
        endpoint::AnswerForm,
        headers::{is_event_stream, is_json},
        provider::{AnswerBroken, AnswerHeaders, Provider, ProviderBody},
        running::KeyLeaked,
    },
    v1::error::V1Error,
};

/// The way in which an answer is relayed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum AnswerShape {
    /// Event by event.
    Events,
    /// Once it has been read to its end.
    Whole,
    /// Byte for byte as it arrives.
    Bytes,
}

/// An answer's body that can be peeked at.
#[derive(Debug)]
pub(in crate::gateway) struct PeekedBody {
    peeked: VecDeque<Bytes>,
    body: ProviderBody,
}

impl Body for PeekedBody {
    type Data = Bytes;
    type Error = AnswerBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerBroken>>> {
        if let Some(peeked) = self.peeked.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(peeked))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        let peeked: u64 = self.peeked.iter().map(|piece| piece.len() as u64).sum();
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(peeked));
        }
        hint.set_lower(hint.lower().saturating_add(peeked));
        hint
    }
}

/// Most blank bytes before an answer's content. Some providers send blanks to keep the connection alive; an
/// answer with more of them is taken for its declared type.
const MAX_BLANKS: usize = 64 * 1024;

/// Time to sniff an answer that is declared as a stream or as media. An error in its place arrives
/// together with the head.
const SNIFF_TIMEOUT: Duration = Duration::from_millis(250);

/// Detects the shape of an answer, peeking at its first bytes if they decide it.
pub(in crate::gateway) async fn detect_shape(
    gateway: &Gateway,
    call: &GatewayCall,
    provider: &Provider,
    response: Response<ProviderBody>,
) -> Result<(AnswerShape, Response<PeekedBody>), V1Error> {
    let (parts, body) = response.into_parts();
    let mut peeked_body = PeekedBody { peeked: VecDeque::new(), body };
    let (expected_form, may_stream) = (call.arrival.endpoint.answer_form, call.context.may_stream);
    let declared = DeclaredType::of(&parts.headers);
    let is_unread = !parts.status.is_success() || AnswerHeaders::of(&parts.extensions).is_encoded;
    let shape = match expected_form {
        _ if is_unread => AnswerShape::Whole,
        AnswerForm::File => AnswerShape::Bytes,
        _ if declared == DeclaredType::Events && !may_stream => AnswerShape::Whole,
        AnswerForm::Json if !may_stream && matches!(declared, DeclaredType::Json | DeclaredType::Missing) => {
            AnswerShape::Whole
        }
        _ => {
            let limits = gateway.limits_for(provider);
            let deadline = call.arrival.received_at + limits.total_timeout;
            let sniffing = async {
                let sniffing = peeked_body.peek(limits.idle_timeout, deadline);
                match (expected_form, declared) {
                    // An answer declared as a stream or as media mostly is one: its head isn't delayed until
                    // its first bytes arrive.
                    (_, DeclaredType::Events)
                    | (
                        AnswerForm::Medium | AnswerForm::Transcript,
                        DeclaredType::Text | DeclaredType::Medium | DeclaredType::Other,
                    ) => timeout(SNIFF_TIMEOUT, sniffing).await.unwrap_or(Ok(SniffedType::Other)),
                    _ => sniffing.await,
                }
            };
            let sniffed = match call.guard.run(sniffing).await {
                Ok(sniffed) => sniffed?,
                Err(KeyLeaked) => return Err(V1Error::leaked_during_call()),
            };
            decide(expected_form, may_stream, declared, sniffed)
        }
    };
    Ok((shape, Response::from_parts(parts, peeked_body)))
}

impl PeekedBody {
    /// Reads ahead until the first bytes show a type.
    async fn peek(&mut self, idle: Duration, deadline: Instant) -> Result<SniffedType, V1Error> {
        let mut beginning = Vec::new();
        loop {
            let next = next(&mut self.body, idle, deadline).await;
            let is_over = matches!(next, NextPiece::End);
            match next {
                NextPiece::Data(data) => {
                    let missing = MAX_BLANKS.saturating_sub(beginning.len());
                    beginning.extend_from_slice(&data[..data.len().min(missing)]);
                    self.peeked.push_back(data);
                }
                NextPiece::End => {}
                NextPiece::TooSlow => {
                    return Err(V1Error::upstream_timeout("The provider didn't start its response in time."));
                }
                NextPiece::Broken => return Err(V1Error::upstream_error("The provider ended its response early.")),
            }
            let sniffed = sniff(&beginning);
            match sniffed {
                SniffedType::Unclear if is_over && without_blanks(&beginning).is_empty() => {
                    return Ok(SniffedType::Empty);
                }
                SniffedType::Unclear if is_over || beginning.len() >= MAX_BLANKS => return Ok(SniffedType::Other),
                SniffedType::Unclear => {}
                sniffed => return Ok(sniffed),
            }
        }
    }
}

/// The type that an answer's `Content-Type` declares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum DeclaredType {
    Events,
    Json,
    /// No content type, or an empty one.
    Missing,
    /// Text for people.
    Text,
    /// Audio, video or a picture.
    Medium,
    Other,
}

impl DeclaredType {
    fn of(headers: &HeaderMap) -> Self {
        let Some(kind) = headers.get(CONTENT_TYPE) else { return Self::Missing };
        let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
        match kind.split(';').next().unwrap_or_default().trim() {
            "" => Self::Missing,
            _ if is_event_stream(headers) => Self::Events,
            _ if is_json(headers) => Self::Json,
            essence if essence.starts_with("text/") || essence.ends_with("xml") => Self::Text,
            essence if ["audio/", "video/", "image/"].iter().any(|kind| essence.starts_with(kind)) => Self::Medium,
            _ => Self::Other,
        }
    }
}

/// The type that an answer's first bytes show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SniffedType {
    /// Undecided until more bytes arrive.
    Unclear,
    /// Nothing but blanks.
    Empty,
    Events,
    /// A line that begins with a colon: a comment of a stream, but much else, too.
    Comment,
    Json,
    /// Anything that begins with `[`: a JSON list, or `[Music]`.
    List,
    /// HTML, or other markup.
    Page,
    Other,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Removes a byte order mark and blanks from the start.
fn without_blanks(beginning: &[u8]) -> &[u8] {
    beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning).trim_ascii_start()
}

/// Sniffs the type of an answer that starts like this. Source of the field names: the WHATWG HTML
/// standard, section 9.2.6.
fn sniff(beginning: &[u8]) -> SniffedType {
    const FIELDS: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    let beginning = without_blanks(beginning);
    match beginning.first() {
        None => SniffedType::Unclear,
        Some(b'{') => SniffedType::Json,
        Some(b'[') => SniffedType::List,
        Some(b'<') => SniffedType::Page,
        Some(b':') => SniffedType::Comment,
        Some(_) if FIELDS.iter().any(|name| beginning.starts_with(name)) => SniffedType::Events,
        Some(_) if FIELDS.iter().any(|name| name.starts_with(beginning)) || BYTE_ORDER_MARK.starts_with(beginning) => {
            SniffedType::Unclear
        }
        Some(_) => SniffedType::Other,
    }
}

/// Decides the shape of an answer by its endpoint, its declared type and its first bytes.
fn decide(expected_form: AnswerForm, may_stream: bool, declared: DeclaredType, sniffed: SniffedType) -> AnswerShape {
    let is_unnamed = matches!(declared, DeclaredType::Missing | DeclaredType::Other);
    match (expected_form, declared, sniffed) {
        (AnswerForm::File, ..) => AnswerShape::Bytes,
        // Silence, and sounds such as "[Music]", have transcripts, too.
        (AnswerForm::Transcript, DeclaredType::Text, SniffedType::Empty | SniffedType::List | SniffedType::Comment) => {
            AnswerShape::Bytes
        }
        (AnswerForm::Transcript, _, SniffedType::List) if is_unnamed => AnswerShape::Bytes,
        (_, _, SniffedType::Empty) => AnswerShape::Whole,
        // Media may begin with any bytes.
        (AnswerForm::Medium, DeclaredType::Medium, _) => AnswerShape::Bytes,
        (AnswerForm::Medium, _, SniffedType::Comment | SniffedType::List) if is_unnamed => AnswerShape::Bytes,
        (_, _, SniffedType::Events) if may_stream => AnswerShape::Events,
        (AnswerForm::Medium, DeclaredType::Other, _) => AnswerShape::Bytes,
        (_, _, SniffedType::Comment) if may_stream => AnswerShape::Events,
        (
            _,
            _,
            SniffedType::Events | SniffedType::Comment | SniffedType::Json | SniffedType::List | SniffedType::Page,
        ) => AnswerShape::Whole,
        (_, DeclaredType::Events, _) => AnswerShape::Events,
        (AnswerForm::Medium | AnswerForm::Transcript, DeclaredType::Missing, _)
        | (AnswerForm::Transcript, DeclaredType::Text, _) => AnswerShape::Bytes,
        (AnswerForm::Json, DeclaredType::Medium, _)
        | (AnswerForm::Transcript, DeclaredType::Medium | DeclaredType::Other, _) => AnswerShape::Bytes,
        _ => AnswerShape::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_told_by_its_beginning_as_soon_as_it_can_be() {
        for (beginning, expected) in [
            ("", SniffedType::Unclear),
            ("\r\n \t", SniffedType::Unclear),
            ("\u{feff}", SniffedType::Unclear),
            ("da", SniffedType::Unclear),
            ("\n\nevent", SniffedType::Unclear),
            ("data:", SniffedType::Events),
            ("\u{feff}\n: ping", SniffedType::Comment),
            ("id: 1", SniffedType::Events),
            ("retry:1", SniffedType::Events),
            (" {", SniffedType::Json),
            ("[", SniffedType::List),
            ("\n<!doctype", SniffedType::Page),
            ("dates", SniffedType::Other),
            ("data\n", SniffedType::Other),
            ("upstream error", SniffedType::Other),
        ] {
            assert_eq!(sniff(beginning.as_bytes()), expected, "{beginning:?}");
        }
        assert_eq!(sniff(&"\u{feff}".as_bytes()[..1]), SniffedType::Unclear);
    }

    #[test]
    fn what_an_answer_says_decides_where_its_beginning_doesnt() {
        use AnswerForm::{File, Json, Medium, Transcript};
        for (expected_form, may_stream, declared, sniffed, expected) in [
            (Json, true, DeclaredType::Events, SniffedType::Events, AnswerShape::Events),
            (Json, true, DeclaredType::Json, SniffedType::Events, AnswerShape::Events),
            (Json, true, DeclaredType::Other, SniffedType::Events, AnswerShape::Events),
            (Json, true, DeclaredType::Events, SniffedType::Json, AnswerShape::Whole),
            (Json, true, DeclaredType::Events, SniffedType::Page, AnswerShape::Whole),
            (Json, true, DeclaredType::Events, SniffedType::Other, AnswerShape::Events),
            (Json, true, DeclaredType::Events, SniffedType::Empty, AnswerShape::Whole),
            (Json, false, DeclaredType::Text, SniffedType::Events, AnswerShape::Whole),
            (Json, false, DeclaredType::Text, SniffedType::Json, AnswerShape::Whole),
            (Json, false, DeclaredType::Other, SniffedType::Json, AnswerShape::Whole),
            (Json, false, DeclaredType::Other, SniffedType::Other, AnswerShape::Whole),
            (Json, true, DeclaredType::Medium, SniffedType::Other, AnswerShape::Bytes),
            (Json, true, DeclaredType::Events, SniffedType::Comment, AnswerShape::Events),
            (Json, false, DeclaredType::Json, SniffedType::List, AnswerShape::Whole),
            (Json, false, DeclaredType::Text, SniffedType::Other, AnswerShape::Whole),
            (Medium, true, DeclaredType::Other, SniffedType::Json, AnswerShape::Bytes),
            (Medium, true, DeclaredType::Medium, SniffedType::Events, AnswerShape::Bytes),
            (Medium, true, DeclaredType::Other, SniffedType::Events, AnswerShape::Events),
            (Medium, true, DeclaredType::Missing, SniffedType::Comment, AnswerShape::Bytes),
            (Transcript, true, DeclaredType::Text, SniffedType::Empty, AnswerShape::Bytes),
            (Transcript, true, DeclaredType::Text, SniffedType::List, AnswerShape::Bytes),
            (Transcript, true, DeclaredType::Missing, SniffedType::List, AnswerShape::Bytes),
            (Transcript, true, DeclaredType::Json, SniffedType::List, AnswerShape::Whole),
            (Medium, true, DeclaredType::Other, SniffedType::Empty, AnswerShape::Whole),
            (Medium, true, DeclaredType::Json, SniffedType::Json, AnswerShape::Whole),
            (Medium, true, DeclaredType::Text, SniffedType::Page, AnswerShape::Whole),
            (Medium, true, DeclaredType::Events, SniffedType::Events, AnswerShape::Events),
            (Transcript, true, DeclaredType::Text, SniffedType::Other, AnswerShape::Bytes),
            (Transcript, true, DeclaredType::Text, SniffedType::Events, AnswerShape::Events),
            (Transcript, true, DeclaredType::Missing, SniffedType::Other, AnswerShape::Bytes),
            (Medium, true, DeclaredType::Missing, SniffedType::Other, AnswerShape::Bytes),
            (Json, true, DeclaredType::Missing, SniffedType::Events, AnswerShape::Events),
            (Json, true, DeclaredType::Missing, SniffedType::Other, AnswerShape::Whole),
            (Transcript, true, DeclaredType::Text, SniffedType::Page, AnswerShape::Whole),
            (Transcript, true, DeclaredType::Text, SniffedType::Json, AnswerShape::Whole),
            (Transcript, true, DeclaredType::Json, SniffedType::Json, AnswerShape::Whole),
            (File, true, DeclaredType::Text, SniffedType::Page, AnswerShape::Bytes),
        ] {
            assert_eq!(
                decide(expected_form, may_stream, declared, sniffed),
                expected,
                "{expected_form:?} {may_stream} {declared:?} {sniffed:?}"
            );
        }
    }
}
