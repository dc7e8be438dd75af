"""The `openai` and `anthropic` packages of PyPI over all endpoints, as they are.

Each request is made twice: through Tollhouse, and straight to the provider. What the provider received must be the
same, byte by byte, but for credentials and what concerns one connection only.
"""

import base64
import io
import json
import os
import re
import urllib.request
import uuid

import anthropic
import openai
import pytest

GATEWAY, UPSTREAM = os.environ["BASE_URL"], os.environ["UPSTREAM_URL"]
KEY, UPSTREAM_KEY = os.environ["ENDPOINTS_KEY"], os.environ["UPSTREAM_KEY"]
MESSAGES = [{"role": "user", "content": "Good evening! Wie geht's? 你好 🌙"}]

# These concern one connection, or are said anew for it.
OF_THE_CONNECTION = {"host", "connection", "accept-encoding", "transfer-encoding", "content-length"}


def sound(name="a.wav", size=100_000):
    return (name, io.BytesIO(b"RIFF" + bytes(size)), "audio/wav")


def picture():
    return ("é.png", io.BytesIO(b"\x89PNG\r\n--x\r\n"), "image/png")


def clients(kind, **more):
    """One through Tollhouse, and one straight to the provider, with the name that their requests are known by."""
    made = []
    for base_url, key in [(GATEWAY, KEY), (UPSTREAM, UPSTREAM_KEY)]:
        base_url = base_url.removesuffix("/v1") if kind is anthropic.Anthropic else base_url
        name = uuid.uuid4().hex
        client = kind(base_url=base_url, api_key=key, max_retries=0, default_headers={"x-test": name}, **more)
        made.append((client, name))
    return made


def received(name):
    """What the provider received with this name, without what may differ."""
    with urllib.request.urlopen(f"{UPSTREAM.removesuffix('/v1')}/requests/{name}") as answer:
        asked = json.load(answer)
    assert asked
    seen = []
    for request in asked:
        headers = {key: value for key, value in request["headers"].items() if key not in OF_THE_CONNECTION | {"x-test"}}
        body = base64.b64decode(request["raw"])
        if boundary := re.search(r"boundary=(\S+)", headers.get("content-type", "")):
            body = body.replace(boundary[1].encode(), b"BOUNDARY")
            headers["content-type"] = "multipart/form-data"
        seen.append((request["method"], request["path"], headers, body))
    return seen


def drained(answer):
    """All of a stream, or what came at once."""
    if isinstance(answer, (openai.Stream, anthropic.Stream)):
        return [event.to_json() for event in answer]
    return answer.read() if hasattr(answer, "read") else answer


OPENAI = {
    "chat": lambda c: c.chat.completions.create(model="same-x", messages=MESSAGES, temperature=0.1, seed=7),
    "chat, streamed": lambda c: c.chat.completions.create(
        model="same-x", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ),
    "completions": lambda c: c.completions.create(model="same-x", prompt="Good evening"),
    "responses": lambda c: c.responses.create(model="same-x", input="Good evening", metadata={"a": "b"}),
    "responses, streamed": lambda c: c.responses.create(model="same-x", input="Good evening", stream=True),
    "embeddings": lambda c: c.embeddings.create(model="same-embed", input=["a", "b"]),
    "moderations": lambda c: c.moderations.create(model="same-x", input="Good evening"),
    "images": lambda c: c.images.generate(model="draw-x", prompt="a road", background="opaque"),
    "images, streamed": lambda c: c.images.generate(model="draw-x", prompt="a road", stream=True),
    "images, edited": lambda c: c.images.edit(model="draw-x", image=[picture(), picture()], prompt="a road"),
    "images, varied": lambda c: c.images.create_variation(model="draw-x", image=picture()),
    "speech": lambda c: c.audio.speech.create(model="talk-x", voice="alloy", input="Good evening"),
    "transcriptions": lambda c: c.audio.transcriptions.create(model="talk-x", file=sound(), language="de"),
    "transcriptions, large": lambda c: c.audio.transcriptions.create(model="talk-x", file=sound(size=3_000_000)),
    "transcriptions as text": lambda c: c.audio.transcriptions.create(
        model="talk-x", file=sound(), response_format="text"
    ),
    "translations": lambda c: c.audio.translations.create(model="talk-x", file=sound()),
    "videos": lambda c: c.videos.create(model="film-x", prompt="a road", seconds="8"),
    "files": lambda c: c.files.create(file=("a.jsonl", b"content"), purpose="fine-tune"),
}
ANTHROPIC = {
    "messages": lambda c: c.messages.create(model="claude-x", max_tokens=99, messages=MESSAGES, system="Be brief."),
    "messages, streamed": lambda c: c.messages.create(
        model="claude-x", max_tokens=99, messages=MESSAGES, stream=True
    ),
    "messages, beta": lambda c: c.beta.messages.create(
        model="claude-x", max_tokens=99, messages=MESSAGES, betas=["some-2025-01-01"]
    ),
    "count_tokens": lambda c: c.messages.count_tokens(model="claude-x", messages=MESSAGES),
}


@pytest.mark.parametrize(
    ("kind", "ask"),
    [(openai.OpenAI, ask) for ask in OPENAI.values()] + [(anthropic.Anthropic, ask) for ask in ANTHROPIC.values()],
    ids=[*OPENAI, *ANTHROPIC],
)
def test_requests_arrive_and_answers_return_as_they_were_sent(kind, ask):
    (through, one), (straight, other) = clients(kind)
    assert drained(ask(through)) == drained(ask(straight))
    for ours, theirs in zip(received(one), received(other), strict=True):
        key = ours[2].pop("authorization" if kind is openai.OpenAI else "x-api-key")
        assert key.removeprefix("Bearer ") == UPSTREAM_KEY, "the provider's own key"
        for header in ("authorization", "x-api-key"):
            theirs[2].pop(header, None)
        assert ours == theirs


def test_what_is_kept_can_be_asked_for_again():
    (client, _), _ = clients(openai.OpenAI)
    file = client.files.create(file=("a.jsonl", b"content"), purpose="fine-tune")
    assert client.files.retrieve(file.id) == file
    assert file.id in [one.id for one in client.files.list(purpose="fine-tune")]
    assert client.files.content(file.id).read() == b"content"

    job = client.fine_tuning.jobs.create(model="tune-x", training_file=file.id)
    assert client.fine_tuning.jobs.list_events(job.id).data[0].message == "It began."
    assert client.fine_tuning.jobs.checkpoints.list(job.id).data == []
    assert client.fine_tuning.jobs.pause(job.id).status == "paused"
    assert client.fine_tuning.jobs.resume(job.id).status == "running"
    assert client.fine_tuning.jobs.retrieve(job.id).trained_tokens == 4_000
    assert client.fine_tuning.jobs.cancel(job.id).id == job.id
    assert [one.id for one in client.fine_tuning.jobs.list()] == [job.id]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)

    video = client.videos.create(model="film-x", prompt="a road")
    assert client.videos.retrieve(video.id).status == "completed"
    assert client.videos.download_content(video.id).read() == b"film" * 20_000
    assert client.videos.remix(video.id, prompt="another").id == "video_2"
    assert {one.id for one in client.videos.list()} == {"video_1", "video_2"}
    assert client.videos.delete(video.id).deleted

    response = client.responses.create(model="same-x", input="Good evening")
    assert client.responses.retrieve(response.id).id == response.id
    assert client.responses.input_items.list(response.id).data[0].id == "msg_0"
    client.responses.cancel(response.id)
    client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)

    completion = client.chat.completions.create(model="same-x", messages=MESSAGES, store=True)
    assert client.chat.completions.retrieve(completion.id).id == completion.id
    assert client.chat.completions.update(completion.id, metadata={"a": "b"}).id == completion.id
    assert client.chat.completions.messages.list(completion.id).data[0].role == "user"
    assert [one.choices for one in client.chat.completions.list(model="same-x", limit=1)] == [completion.choices]
    assert client.chat.completions.list(metadata={"a": "none"}).data == []
    assert client.chat.completions.delete(completion.id).deleted


def test_what_is_anothers_doesnt_exist():
    (client, _), _ = clients(openai.OpenAI)
    client.responses.create(model="same-x", input="Good evening")
    stranger = openai.OpenAI(base_url=GATEWAY, api_key=os.environ["KEY"], max_retries=0)
    with pytest.raises(openai.NotFoundError):
        stranger.responses.retrieve("resp_1")
    assert stranger.files.list().data == []
    assert stranger.chat.completions.list(model="same-x").data == []
    with pytest.raises(openai.NotFoundError):
        stranger.responses.create(model="same-x", input="And?", previous_response_id="resp_1")


def test_anthropics_errors_are_raised_as_its_own():
    (client, _), _ = clients(anthropic.Anthropic)
    with pytest.raises(anthropic.NotFoundError) as raised:
        client.messages.create(model="claude-none", max_tokens=9, messages=MESSAGES)
    assert raised.value.body["error"]["type"] == "not_found_error"
    assert raised.value.request_id == raised.value.body["request_id"]
    with pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(model="same-x", max_tokens=9, messages=MESSAGES)
    assert "/v1/chat/completions" in raised.value.message
    with pytest.raises(anthropic.NotFoundError) as raised:
        client.messages.batches.list()
    assert raised.value.request_id == raised.value.body["request_id"]
    wrong = anthropic.Anthropic(base_url=GATEWAY.removesuffix("/v1"), api_key="toll_std_nonsense", max_retries=0)
    with pytest.raises(anthropic.AuthenticationError):
        wrong.messages.create(model="claude-x", max_tokens=9, messages=MESSAGES)


def test_the_sandbox_answers_every_endpoint():
    (client, _), _ = clients(openai.OpenAI)
    soon = {"x-sandbox-job": "0s"}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    chat = client.chat.completions.create(model="sandbox-1", messages=MESSAGES, tools=tools, tool_choice="required")
    assert chat.choices[0].message.tool_calls[0].function.name == "weather"
    chats = [{"model": "sandbox-1", "messages": MESSAGES, "store": True, "max_tokens": most} for most in (9, 10, 11)]
    stored = [client.chat.completions.create(**chat) for chat in chats]
    assert [one.id for one in client.chat.completions.list(model="sandbox-1", limit=2)] == [one.id for one in stored]
    assert client.chat.completions.retrieve(stored[0].id).choices == stored[0].choices
    assert client.chat.completions.update(stored[0].id, metadata={"a": "b"}).metadata == {"a": "b"}
    assert client.chat.completions.delete(stored[0].id).deleted
    whole = client.responses.create(model="sandbox-1", input="Good evening")
    assert client.responses.retrieve(whole.id).output_text == whole.output_text
    with client.responses.stream(model="sandbox-1", input="Good evening") as stream:
        assert stream.get_final_response().output_text == whole.output_text
    assert client.completions.create(model="sandbox-1", prompt="a").choices[0].text
    assert not client.moderations.create(model="sandbox-1", input="a").results[0].flagged
    assert client.images.generate(model="sandbox-image", prompt="a", n=2).data[1].b64_json
    assert client.images.edit(model="sandbox-image", image=picture(), prompt="a").data[0].b64_json
    speech = client.audio.speech.create(model="sandbox-audio", voice="alloy", input="Good evening").read()
    assert speech.startswith(b"RIFF")
    assert client.audio.transcriptions.create(model="sandbox-audio", file=("a.wav", speech)).text
    verbose = client.audio.translations.create(model="sandbox-audio", file=("a.wav", speech), response_format="verbose_json")
    assert verbose.duration == 1
    video = client.videos.create(model="sandbox-video", prompt="a", seconds="8", extra_headers=soon)
    assert client.videos.retrieve(video.id).status == "completed"
    assert client.videos.download_content(video.id).read()
    (claude, _), _ = clients(anthropic.Anthropic)
    asked = {"model": "sandbox-1", "max_tokens": 99, "messages": MESSAGES}
    whole = claude.messages.create(**asked)
    with claude.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert (final.id, final.content[0].text, final.usage) == (whole.id, whole.content[0].text, whole.usage)
    assert claude.messages.count_tokens(model="sandbox-1", messages=MESSAGES).input_tokens == whole.usage.input_tokens
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="sandbox-1", messages=MESSAGES, extra_headers={"x-sandbox-status": "429"})
