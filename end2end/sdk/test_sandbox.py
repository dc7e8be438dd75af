"""The sandbox against what the official SDKs expect, with `openai` and `anthropic` of PyPI as they are.

The SDKs take what comes without a look at it. Here each answer, and each event of a stream, is held against their types,
strictly, and parsed by their own helpers for structured outputs.
"""

import enum
import json
import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import anthropic
import anthropic.types.beta
import httpx2 as httpx
import jsonschema
import openai
import pytest
from anthropic.types import Message, MessageTokensCount, RawMessageStreamEvent
from openai.types import (
    Completion,
    CreateEmbeddingResponse,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
    ImagesResponse,
    ModerationCreateResponse,
    Video,
)
from openai.types.audio import Transcription, TranscriptionDiarized, TranscriptionVerbose
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent
from openai.types.responses.input_token_count_response import InputTokenCountResponse
from openai.types.responses.response_item_list import ResponseItemList
from pydantic import BaseModel, Field, TypeAdapter

BASE_URL, KEY = os.environ["BASE_URL"], os.environ["ENDPOINTS_KEY"]
HEADERS = {"authorization": f"Bearer {KEY}"}
ASKED = [{"role": "user", "content": "Good evening!"}]
CHAT = {"model": "sandbox-1", "messages": ASKED}
RESPONSE = {"model": "sandbox-1", "input": "Good evening!"}
MESSAGE = {"model": "sandbox-1", "max_tokens": 4_000, "messages": ASKED}

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA}
CLAUDES_TOOL = {"name": "weather", "input_schema": SCHEMA}
STRICT = {"name": "place", "schema": SCHEMA, "strict": True}


def client() -> openai.OpenAI:
    return openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)


def claude() -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=BASE_URL.removesuffix("/v1"), api_key=KEY, max_retries=0)


def strictly(kind, text: str):
    """What is of this type, without a value converted or a field left out."""
    return TypeAdapter(kind).validate_json(text, strict=True)


def ask(path: str, body: dict | None = None, method: str = "POST", **more) -> httpx.Response:
    answer = httpx.request(method, BASE_URL + path, json=body, headers=HEADERS, timeout=60, **more)
    assert answer.status_code == 200, answer.text
    return answer


def events(path: str, body: dict) -> list[str]:
    """The data of all events."""
    answer = ask(path, {**body, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    return [text for text in data if text != "[DONE]"]


CHATS = {
    "words": {},
    "several": {"n": 3, "max_tokens": 5},
    "likelihoods": {"logprobs": True, "top_logprobs": 2},
    "a schema": {"response_format": {"type": "json_schema", "json_schema": STRICT}},
    "an object": {"response_format": {"type": "json_object"}},
    "a tool": {"tools": [CHAT_TOOL], "tool_choice": "required"},
    "thought": {"reasoning_effort": "high"},
    "stored": {"store": True, "metadata": {"a": "b"}},
    "a tier": {"service_tier": "auto"},
    "stopped": {"stop": [" "]},
}
RESPONSES = {
    "words": {},
    "cut": {"max_output_tokens": 2},
    "a schema": {"text": {"format": {"type": "json_schema", **STRICT}, "verbosity": "low"}},
    "an object": {"text": {"format": {"type": "json_object"}}},
    "a tool": {"tools": [TOOL], "tool_choice": {"type": "function", "name": "weather"}},
    "a custom tool": {"tools": [{"type": "custom", "name": "shell"}], "tool_choice": "required"},
    "thought": {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]},
    "thought and told": {"reasoning": {"summary": "auto"}, "instructions": "Be brief.", "metadata": {"a": "b"}},
    "with a web search": {"tools": [{"type": "web_search"}], "temperature": 0, "service_tier": "flex"},
}
MESSAGES = {
    "words": {},
    "cut": {"max_tokens": 2},
    "stopped": {"stop_sequences": [" "]},
    "a schema": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    "a tool": {"tools": [CLAUDES_TOOL], "tool_choice": {"type": "any"}},
    "thought": {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
    "thought, with a tool": {"thinking": {"type": "adaptive"}, "tools": [CLAUDES_TOOL], "messages": [{"role": "user", "content": "[sandbox tool]"}]},
}


@pytest.mark.parametrize("more", CHATS.values(), ids=CHATS)
def test_chat_completions_are_of_their_types(more):
    whole = strictly(ChatCompletion, ask("/chat/completions", {**CHAT, **more}).text)
    options = {"stream_options": {"include_usage": True}}
    chunks = [strictly(ChatCompletionChunk, text) for text in events("/chat/completions", {**CHAT, **more, **options})]
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[-1].usage == whole.usage and chunks[-1].choices == []
    for choice in whole.choices:
        told = [one for chunk in chunks for one in chunk.choices if one.index == choice.index]
        assert told[0].delta.role == "assistant"
        assert "".join(one.delta.content or "" for one in told) == (choice.message.content or "")
        assert [one.finish_reason for one in told if one.finish_reason] == [choice.finish_reason]


@pytest.mark.parametrize("more", RESPONSES.values(), ids=RESPONSES)
def test_responses_are_of_their_types(more):
    whole = strictly(Response, ask("/responses", {**RESPONSE, **more}).text)
    told = [strictly(ResponseStreamEvent, text) for text in events("/responses", {**RESPONSE, **more})]
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert [event.type for event in told[:2]] == ["response.created", "response.in_progress"]
    assert told[-1].type == f"response.{whole.status}"
    assert told[-1].response.output == whole.output and told[-1].response.usage == whole.usage
    done = [event for event in told if event.type == "response.output_item.done"]
    assert [event.item for event in done] == whole.output
    # Each item begins before anything is said of it, and nothing is said of it after its end.
    open_item = None
    for event in told[2:-1]:
        if event.type == "response.output_item.added":
            assert open_item is None
            open_item = event.output_index
        assert event.output_index == open_item
        if event.type == "response.output_item.done":
            open_item = None


@pytest.mark.parametrize("more", MESSAGES.values(), ids=MESSAGES)
def test_messages_are_of_their_types(more):
    asked = {**MESSAGE, **more}
    whole = strictly(Message, ask("/messages", asked).text)
    strictly(anthropic.types.beta.BetaMessage, whole.to_json())
    texts = [text for text in events("/messages", asked) if json.loads(text)["type"] != "ping"]
    told = [strictly(RawMessageStreamEvent, text) for text in texts]
    assert [told[0].type, told[-2].type, told[-1].type] == ["message_start", "message_delta", "message_stop"]
    assert told[-2].usage.input_tokens == whole.usage.input_tokens == told[0].message.usage.input_tokens
    assert told[-2].usage.output_tokens == whole.usage.output_tokens
    with claude().messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert final.to_dict() == whole.to_dict()
    count = {name: value for name, value in asked.items() if name in ("model", "messages", "tools", "thinking")}
    assert strictly(MessageTokensCount, ask("/messages/count_tokens", count).text).input_tokens > 0


def test_everything_else_is_of_its_types():
    strictly(Completion, ask("/completions", {"model": "sandbox-1", "prompt": ["a", "b"], "n": 2}).text)
    for encoding in ("float", "base64"):
        embeddings = {"model": "sandbox-embedding", "input": ["a", "b"], "encoding_format": encoding}
        answer = ask("/embeddings", embeddings)
        if encoding == "float":
            strictly(CreateEmbeddingResponse, answer.text)
    for asked, results in [("a", 1), (["a", "b"], 2), ([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://a.example"}}], 1)]:
        moderation = strictly(ModerationCreateResponse, ask("/moderations", {"model": "sandbox-1", "input": asked}).text)
        assert len(moderation.results) == results
    image = {"model": "sandbox-image", "prompt": "a road", "n": 2}
    assert len(strictly(ImagesResponse, ask("/images/generations", image).text).data) == 2
    drawn = events("/images/generations", {**image, "partial_images": 2})
    kinds = [ImageGenPartialImageEvent] * 2 + [ImageGenCompletedEvent] * 2
    [strictly(kind, text) for kind, text in zip(kinds, drawn, strict=True)]
    for form, kind in [("json", Transcription), ("verbose_json", TranscriptionVerbose), ("diarized_json", TranscriptionDiarized)]:
        fields = {"model": "sandbox-audio", "response_format": form, "timestamp_granularities[]": "word"}
        answer = httpx.post(BASE_URL + "/audio/transcriptions", data=fields, files={"file": ("a.wav", b"RIFF")}, headers=HEADERS)
        strictly(kind, answer.text)
    video = strictly(Video, ask("/videos", {"model": "sandbox-video", "prompt": "a road", "size": "1280x720"}).text)
    assert strictly(Video, ask(f"/videos/{video.id}", method="GET").text).size == "1280x720"
    strictly(InputTokenCountResponse, ask("/responses/input_tokens", RESPONSE).text)


def test_what_is_kept_is_of_its_types():
    made = strictly(Response, ask("/responses", {**RESPONSE, "input": [*ASKED, {"role": "assistant", "content": "Yes?"}, *ASKED]}).text)
    items = strictly(ResponseItemList, ask(f"/responses/{made.id}/input_items", method="GET").text)
    assert [item.role for item in items.data] == ["user", "assistant", "user"]
    assert strictly(Response, ask(f"/responses/{made.id}", method="GET").text) == made
    again = list(client().responses.retrieve(made.id, stream=True, starting_after=2))
    assert again[0].sequence_number == 3 and again[-1].response.output_text == made.output_text

    completion = strictly(ChatCompletion, ask("/chat/completions", {**CHAT, "store": True, "metadata": {"a": "b"}}).text)
    kept = strictly(ChatCompletion, ask(f"/chat/completions/{completion.id}", method="GET").text)
    assert (kept.choices, kept.metadata) == (completion.choices, {"a": "b"})
    assert [message.content for message in client().chat.completions.messages.list(completion.id)] == ["Good evening!"]


def test_a_background_response_is_told_as_what_it_is():
    asked = {"model": "sandbox-1", "input": "Good evening!", "background": True}
    made = client().responses.create(**asked, extra_headers={"x-sandbox-job": "600s"})
    assert made.status == "in_progress"
    assert client().responses.cancel(made.id).status == "cancelled"
    kept = strictly(Response, ask(f"/responses/{made.id}", method="GET").text)
    assert (kept.status, kept.error, kept.output) == ("cancelled", None, [])
    told = list(client().responses.create(**asked, stream=True, extra_headers={"x-sandbox-job": "100ms"}))
    assert [told[0].response.status, told[-1].response.status] == ["in_progress", "completed"]


def test_a_conversation_is_compacted():
    asked = {"model": "sandbox-1", "input": [*ASKED, {"role": "assistant", "content": "Yes?"}]}
    raw = ask("/responses/compact", asked).json()
    # The SDK's type has no place for a user's message, which the reference says come first.
    assert [item["type"] for item in raw["output"]] == ["message", "compaction"]
    strictly(CompactedResponse, json.dumps({**raw, "output": raw["output"][1:]}))
    compacted = client().responses.compact(**asked)
    again = [item.to_dict() for item in compacted.output] + [{"role": "user", "content": "And now?"}]
    assert client().responses.create(model="sandbox-1", input=again).output_text


class Kind(str, enum.Enum):
    car = "car"
    cart = "cart"


class Stop(BaseModel):
    toll: int
    next: "Stop | None"


class Journey(BaseModel):
    """What needs most of a schema: references, choices, nesting, lists, formats, patterns and bounds."""

    name: Annotated[str, Field(min_length=6, max_length=8)]
    plate: Annotated[str, Field(pattern=r"^[A-Z]{3}-\d{4}$")]
    id: UUID
    day: date
    at: time
    begun: datetime
    lasts: timedelta
    kind: Kind
    form: Literal["journey"]
    stops: Annotated[list[Stop], Field(min_length=2)]
    zones: set[int]
    guests: Annotated[set[UUID], Field(min_length=2)]
    seats: Annotated[set[Annotated[str, Field(pattern=r"^\d[A-F]$")]], Field(min_length=3)]
    paid: Decimal
    age: Annotated[int, Field(ge=18, lt=99)]
    share: Annotated[float, Field(gt=0, lt=1)]
    back: "Journey | None" = None
    note: str = "none"


@pytest.mark.parametrize("kind", [Journey, Stop], ids=["journey", "stop"])
def test_structured_outputs_are_parsed(kind):
    asked = {"model": "sandbox-1", "messages": ASKED}
    completion = client().chat.completions.parse(**asked, response_format=kind)
    assert isinstance(completion.choices[0].message.parsed, kind)
    with client().chat.completions.stream(**asked, response_format=kind) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == completion.choices[0].message.parsed
    response = client().responses.parse(**RESPONSE, text_format=kind)
    assert isinstance(response.output_parsed, kind)
    with client().responses.stream(**RESPONSE, text_format=kind) as stream:
        assert stream.get_final_response().output_parsed == response.output_parsed
    for messages in (claude().messages, claude().beta.messages):
        message = messages.parse(**MESSAGE, output_format=kind)
        assert isinstance(message.parsed_output, kind)
    with claude().messages.stream(**MESSAGE, output_format=kind) as stream:
        assert stream.get_final_message().parsed_output == message.parsed_output
    schema = kind.model_json_schema()
    raw = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}
    told = client().chat.completions.create(**asked, **raw).choices[0].message.content
    jsonschema.validate(json.loads(told), schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def test_an_answer_that_is_cut_isnt_taken_for_a_whole_one():
    with pytest.raises(openai.LengthFinishReasonError):
        client().chat.completions.parse(**CHAT, response_format=Journey, max_completion_tokens=3)
    cut = client().responses.create(**RESPONSE, text={"format": {"type": "json_schema", **STRICT}}, max_output_tokens=3)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_tools_are_called_and_then_not_again():
    completion = client().chat.completions.parse(**CHAT, tools=[openai.pydantic_function_tool(Stop)], tool_choice="required")
    call = completion.choices[0].message.tool_calls[0]
    assert isinstance(call.function.parsed_arguments, Stop)
    called = completion.choices[0].message.model_dump(exclude_none=True, include={"role", "tool_calls"})
    del called["tool_calls"][0]["function"]["parsed_arguments"]
    then = [*ASKED, called, {"role": "tool", "tool_call_id": call.id, "content": "done"}]
    tools = [openai.pydantic_function_tool(Stop)]
    assert client().chat.completions.create(model="sandbox-1", messages=then, tools=tools, tool_choice="required").choices[0].message.content

    asked = {"model": "sandbox-1", "tools": [TOOL], "tool_choice": "required"}
    response = client().responses.create(**asked, input=ASKED)
    output = {"type": "function_call_output", "call_id": response.output[0].call_id, "output": "sunny"}
    assert client().responses.create(**asked, input=[*ASKED, *response.output, output]).output_text
    assert client().responses.create(**asked, input=[output], previous_response_id=response.id).output_text

    runs = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """How the weather is.

        Args:
            city: Where.
        """
        runs.append(city)
        return "sunny [sandbox tool]"

    asked = {**MESSAGE, "messages": [{"role": "user", "content": "[sandbox tool]"}], "tools": [weather]}
    final = claude().beta.messages.tool_runner(**asked).until_done()
    assert (runs, final.stop_reason) == (["toll"], "end_turn")

