//! What a provider's answer is, by its beginning rather than by what it says of itself: streams come as JSON, as text or
//! without a type, and errors and pages come as streams.

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
        call::Call,
        collect::{Next, next},
        endpoint::Answers,
        headers::{is_event_stream, is_json},
        provider::{BrokenOff, Provider, ProviderBody, Told},
        running::Cut,
    },
    v1::error::Refusal,
};

/// How an answer is passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gateway) enum Shape {
    /// Event by event.
    Events,
    /// When all of it was read.
    Whole,
    /// As it comes, whatever it is.
    Bytes,
}

/// An answer's body, of which the beginning may have been read.
#[derive(Debug)]
pub(in crate::gateway) struct Begun {
    ahead: VecDeque<Bytes>,
    body: ProviderBody,
}

impl Body for Begun {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(ahead) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(ahead))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.ahead.iter().map(|piece| piece.len() as u64).sum();
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }
}

/// How much blank space may come first, in bytes, before an answer is taken for what it says it is: some providers keep the
/// connection alive with it.
const MOST_BLANKS: usize = 64 * 1024;

/// How long what is called a stream, or a sound, has to show that it is something else. An error that stands there in its place
/// comes with its head.
const GRACE: Duration = Duration::from_millis(250);

/// Tells what an answer is; reads its beginning where that decides it.
pub(in crate::gateway) async fn shape(
    gateway: &Gateway,
    call: &Call,
    provider: &Provider,
    response: Response<ProviderBody>,
) -> Result<(Shape, Response<Begun>), Refusal> {
    let (parts, body) = response.into_parts();
    let mut begun = Begun { ahead: VecDeque::new(), body };
    let (answers, may_stream) = (call.arrival.endpoint.answers, call.memo.may_stream);
    let says = Says::of(&parts.headers);
    let is_unread = !parts.status.is_success() || Told::of(&parts.extensions).encoded;
    let shape = match answers {
        _ if is_unread => Shape::Whole,
        Answers::File => Shape::Bytes,
        _ if says == Says::Events && !may_stream => Shape::Whole,
        Answers::Json if !may_stream && matches!(says, Says::Json | Says::Nothing) => Shape::Whole,
        _ => {
            let limits = gateway.limits_for(provider);
            let deadline = call.arrival.complete + limits.total_timeout;
            let look = async {
                let look = begun.look(limits.idle_timeout, deadline);
                match (answers, says) {
                    // What is called a stream or a sound mostly is one: its head goes on without waiting for its beginning.
                    (_, Says::Events)
                    | (Answers::Medium | Answers::Transcript, Says::Text | Says::Medium | Says::Other) => {
                        timeout(GRACE, look).await.unwrap_or(Ok(Look::Other))
                    }
                    _ => look.await,
                }
            };
            let look = match call.lifeline.hold(look).await {
                Ok(look) => look?,
                Err(Cut) => return Err(Refusal::cut()),
            };
            decide(answers, may_stream, says, look)
        }
    };
    Ok((shape, Response::from_parts(parts, begun)))
}

impl Begun {
    /// What the beginning looks like.
    async fn look(&mut self, idle: Duration, deadline: Instant) -> Result<Look, Refusal> {
        let mut beginning = Vec::new();
        loop {
            let next = next(&mut self.body, idle, deadline).await;
            let is_over = matches!(next, Next::End);
            match next {
                Next::Data(data) => {
                    let wanted = MOST_BLANKS.saturating_sub(beginning.len());
                    beginning.extend_from_slice(&data[..data.len().min(wanted)]);
                    self.ahead.push_back(data);
                }
                Next::End => {}
                Next::TooSlow => {
                    return Err(Refusal::upstream_timeout("The provider didn't begin its answer in time."));
                }
                Next::Broken => return Err(Refusal::upstream_error("The provider broke off its answer.")),
            }
            let look = look(&beginning);
            match look {
                Look::Unclear if is_over && without_blanks(&beginning).is_empty() => return Ok(Look::Nothing),
                Look::Unclear if is_over || beginning.len() >= MOST_BLANKS => return Ok(Look::Other),
                Look::Unclear => {}
                look => return Ok(look),
            }
        }
    }
}

/// What an answer says that it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Says {
    Events,
    Json,
    Nothing,
    /// Something that people read.
    Text,
    /// A sound, a film or a picture.
    Medium,
    Other,
}

impl Says {
    fn of(headers: &HeaderMap) -> Self {
        let Some(kind) = headers.get(CONTENT_TYPE) else { return Self::Nothing };
        let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
        match kind.split(';').next().unwrap_or_default().trim() {
            "" => Self::Nothing,
            _ if is_event_stream(headers) => Self::Events,
            _ if is_json(headers) => Self::Json,
            essence if essence.starts_with("text/") || essence.ends_with("xml") => Self::Text,
            essence if ["audio/", "video/", "image/"].iter().any(|kind| essence.starts_with(kind)) => Self::Medium,
            _ => Self::Other,
        }
    }
}

/// What an answer begins like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Look {
    /// It is too early to tell.
    Unclear,
    Nothing,
    Events,
    /// A line that begins with a colon, as comments of streams do, and much else.
    Comment,
    Json,
    /// Something in brackets: a list in JSON, or `[Music]`.
    List,
    /// A page, or other markup.
    Page,
    Other,
}

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// The beginning without the blanks before it.
fn without_blanks(beginning: &[u8]) -> &[u8] {
    beginning.strip_prefix(MARK).unwrap_or(beginning).trim_ascii_start()
}

/// Source of the names: the WHATWG HTML standard, section 9.2.6.
fn look(beginning: &[u8]) -> Look {
    const NAMES: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    let beginning = without_blanks(beginning);
    match beginning.first() {
        None => Look::Unclear,
        Some(b'{') => Look::Json,
        Some(b'[') => Look::List,
        Some(b'<') => Look::Page,
        Some(b':') => Look::Comment,
        Some(_) if NAMES.iter().any(|name| beginning.starts_with(name)) => Look::Events,
        Some(_) if NAMES.iter().any(|name| name.starts_with(beginning)) || MARK.starts_with(beginning) => Look::Unclear,
        Some(_) => Look::Other,
    }
}

/// What an answer is that is expected, says of itself, and begins like this.
fn decide(answers: Answers, may_stream: bool, says: Says, look: Look) -> Shape {
    let is_unnamed = matches!(says, Says::Nothing | Says::Other);
    match (answers, says, look) {
        (Answers::File, ..) => Shape::Bytes,
        // Who says nothing, or "[Music]", was heard all the same.
        (Answers::Transcript, Says::Text, Look::Nothing | Look::List | Look::Comment) => Shape::Bytes,
        (Answers::Transcript, _, Look::List) if is_unnamed => Shape::Bytes,
        (_, _, Look::Nothing) => Shape::Whole,
        // A sound may begin with any bytes.
        (Answers::Medium, Says::Medium, _) => Shape::Bytes,
        (Answers::Medium, _, Look::Comment | Look::List) if is_unnamed => Shape::Bytes,
        (_, _, Look::Events) if may_stream => Shape::Events,
        (Answers::Medium, Says::Other, _) => Shape::Bytes,
        (_, _, Look::Comment) if may_stream => Shape::Events,
        (_, _, Look::Events | Look::Comment | Look::Json | Look::List | Look::Page) => Shape::Whole,
        (_, Says::Events, _) => Shape::Events,
        (Answers::Medium | Answers::Transcript, Says::Nothing, _) | (Answers::Transcript, Says::Text, _) => {
            Shape::Bytes
        }
        (Answers::Json, Says::Medium, _) | (Answers::Transcript, Says::Medium | Says::Other, _) => Shape::Bytes,
        _ => Shape::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_told_by_its_beginning_as_soon_as_it_can_be() {
        for (beginning, expected) in [
            ("", Look::Unclear),
            ("\r\n \t", Look::Unclear),
            ("\u{feff}", Look::Unclear),
            ("da", Look::Unclear),
            ("\n\nevent", Look::Unclear),
            ("data:", Look::Events),
            ("\u{feff}\n: ping", Look::Comment),
            ("id: 1", Look::Events),
            ("retry:1", Look::Events),
            (" {", Look::Json),
            ("[", Look::List),
            ("\n<!doctype", Look::Page),
            ("dates", Look::Other),
            ("data\n", Look::Other),
            ("upstream error", Look::Other),
        ] {
            assert_eq!(look(beginning.as_bytes()), expected, "{beginning:?}");
        }
        assert_eq!(look(&"\u{feff}".as_bytes()[..1]), Look::Unclear);
    }

    #[test]
    fn what_an_answer_says_decides_where_its_beginning_doesnt() {
        use Answers::{File, Json, Medium, Transcript};
        for (answers, may_stream, says, look, expected) in [
            (Json, true, Says::Events, Look::Events, Shape::Events),
            (Json, true, Says::Json, Look::Events, Shape::Events),
            (Json, true, Says::Other, Look::Events, Shape::Events),
            (Json, true, Says::Events, Look::Json, Shape::Whole),
            (Json, true, Says::Events, Look::Page, Shape::Whole),
            (Json, true, Says::Events, Look::Other, Shape::Events),
            (Json, true, Says::Events, Look::Nothing, Shape::Whole),
            (Json, false, Says::Text, Look::Events, Shape::Whole),
            (Json, false, Says::Text, Look::Json, Shape::Whole),
            (Json, false, Says::Other, Look::Json, Shape::Whole),
            (Json, false, Says::Other, Look::Other, Shape::Whole),
            (Json, true, Says::Medium, Look::Other, Shape::Bytes),
            (Json, true, Says::Events, Look::Comment, Shape::Events),
            (Json, false, Says::Json, Look::List, Shape::Whole),
            (Json, false, Says::Text, Look::Other, Shape::Whole),
            (Medium, true, Says::Other, Look::Json, Shape::Bytes),
            (Medium, true, Says::Medium, Look::Events, Shape::Bytes),
            (Medium, true, Says::Other, Look::Events, Shape::Events),
            (Medium, true, Says::Nothing, Look::Comment, Shape::Bytes),
            (Transcript, true, Says::Text, Look::Nothing, Shape::Bytes),
            (Transcript, true, Says::Text, Look::List, Shape::Bytes),
            (Transcript, true, Says::Nothing, Look::List, Shape::Bytes),
            (Transcript, true, Says::Json, Look::List, Shape::Whole),
            (Medium, true, Says::Other, Look::Nothing, Shape::Whole),
            (Medium, true, Says::Json, Look::Json, Shape::Whole),
            (Medium, true, Says::Text, Look::Page, Shape::Whole),
            (Medium, true, Says::Events, Look::Events, Shape::Events),
            (Transcript, true, Says::Text, Look::Other, Shape::Bytes),
            (Transcript, true, Says::Text, Look::Events, Shape::Events),
            (Transcript, true, Says::Nothing, Look::Other, Shape::Bytes),
            (Medium, true, Says::Nothing, Look::Other, Shape::Bytes),
            (Json, true, Says::Nothing, Look::Events, Shape::Events),
            (Json, true, Says::Nothing, Look::Other, Shape::Whole),
            (Transcript, true, Says::Text, Look::Page, Shape::Whole),
            (Transcript, true, Says::Text, Look::Json, Shape::Whole),
            (Transcript, true, Says::Json, Look::Json, Shape::Whole),
            (File, true, Says::Text, Look::Page, Shape::Bytes),
        ] {
            assert_eq!(decide(answers, may_stream, says, look), expected, "{answers:?} {may_stream} {says:?} {look:?}");
        }
    }
}
