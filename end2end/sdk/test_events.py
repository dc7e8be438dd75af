"""`POST /v1/events` with PyPI's `cloudevents`, as it is, for a sender, and the documented schema for its judge."""

import gzip
import json
import os
import pathlib
import re
import uuid
from datetime import datetime, timedelta, timezone

import httpx2 as httpx
import jsonschema
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

URL = os.environ["BASE_URL"] + "/events"
KEY = {"authorization": f"Bearer {os.environ['EVENTS_KEY']}"}
DOCS = pathlib.Path(__file__).parents[2] / "docs"
SCHEMA = jsonschema.Draft202012Validator(json.loads((DOCS / "events.schema.json").read_text()))


def event(id: str, data: dict, kind: str = "tollhouse.tokens", **more) -> CloudEvent:
    attributes = {"id": id, "source": "/sdk", "type": kind, "specversion": "1.0", **more}
    return CloudEvent({"time": datetime.now(timezone.utc), **attributes}, data)


def send(*events: CloudEvent) -> httpx.Response:
    messages = [to_structured_event(event) for event in events]
    if len(messages) == 1:
        return httpx.post(URL, content=messages[0].body, headers={**messages[0].headers, **KEY})
    body = b"[" + b",".join(message.body for message in messages) + b"]"
    return httpx.post(URL, content=body, headers={"content-type": "application/cloudevents-batch+json", **KEY})


def counts(response: httpx.Response) -> tuple[int, ...]:
    answer = response.json()
    assert answer["object"] == "events.result"
    assert answer["refused"] == len(answer["errors"])
    return response.status_code, answer["new"], answer["duplicate"], answer["refused"]


def test_an_event_counts_once():
    one = event(str(uuid.uuid4()), {"model": "sandbox-1", "input_tokens": 3, "output_tokens": 4})
    assert counts(send(one)) == (200, 1, 0, 0)
    assert counts(send(one)) == (200, 0, 1, 0)


def test_an_event_in_binary_mode_is_the_same():
    one = event(f"binary € {uuid.uuid4()}", {"model": "sandbox-1", "input_tokens": 3}, subject="an extension")
    message = to_binary_event(one)
    for expected in ((200, 1, 0, 0), (200, 0, 1, 0)):
        assert counts(httpx.post(URL, content=message.body, headers={**message.headers, **KEY})) == expected
    assert counts(send(one)) == (200, 0, 1, 0)


def test_a_packed_batch_is_read():
    batch = b"[" + to_structured_event(event(str(uuid.uuid4()), {"output_tokens": 1})).body + b"]"
    headers = {"content-type": "application/cloudevents-batch+json", "content-encoding": "gzip", **KEY}
    assert counts(httpx.post(URL, content=gzip.compress(batch), headers=headers)) == (200, 1, 0, 0)


def test_a_batch_is_taken_as_far_as_it_makes_sense():
    good = [event(str(uuid.uuid4()), {"output_tokens": number}) for number in range(20)]
    old = event("old", {"output_tokens": 1}, time=datetime.now(timezone.utc) - timedelta(days=36))
    unknown = event("unknown", {"output_tokens": 1}, "com.example.cookies")
    answer = send(*good, old, good[0], unknown)
    assert counts(answer) == (200, 20, 1, 2)
    told = [(error["index"], error["id"], error["code"], error["param"]) for error in answer.json()["errors"]]
    assert told == [(20, "old", "event_too_old", "time"), (22, "unknown", "unknown_type", "type")]


def test_whatever_is_wrong_is_told_in_openais_form():
    wrong = send(event("wrong", {"output_token": 1}))
    assert counts(wrong) == (400, 0, 0, 1)
    assert (wrong.json()["error"]["param"], wrong.json()["error"]["type"]) == ("data", "invalid_request_error")
    for body, status in [(b"{", 400), (b"[" + b"0," * 10_000 + b"0]", 413), (b" " * 11_000_000, 413)]:
        answer = httpx.post(URL, content=body, headers={"content-type": "application/cloudevents-batch+json", **KEY})
        assert answer.status_code == status
        assert answer.json()["error"]["message"]
    answer = httpx.post(URL, content=b"a", headers={"content-type": "text/plain", **KEY})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def documented() -> list[dict]:
    """The examples in the documentation, but for answers."""
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "events.md").read_text(), re.DOTALL)
    return [example for example in map(json.loads, blocks) if "specversion" in example]


def test_the_documentations_examples_are_taken():
    examples = documented()
    assert len(examples) == 3
    now = datetime.now(timezone.utc).isoformat()
    batch = [{**example, "id": str(uuid.uuid4()), "time": now} for example in examples]
    headers = {"content-type": "application/cloudevents-batch+json", **KEY}
    assert counts(httpx.post(URL, content=json.dumps(batch), headers=headers)) == (200, 3, 0, 0)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("tollhouse.call", {}),
        ("tollhouse.call", {"status": 500, "seconds": 1.5, "service": "audio"}),
        ("tollhouse.call", {"bytes": 1, "hours": 1}),
        ("tollhouse.call", {"status": 99}),
        ("tollhouse.tokens", {}),
        ("tollhouse.tokens", {"input_tokens": 1}),
        ("tollhouse.tokens", {"input_tokens": -1}),
        ("tollhouse.tokens", {"input_tokens": 1.5}),
        ("tollhouse.tokens", {"input_tokens": 100.0}),
        ("tollhouse.call", {"status": 200.0}),
        ("tollhouse.tokens", {"input_tokens": 1, "images": 1}),
        ("tollhouse.tokens", {"input_tokens": 2**31, "estimated": True}),
        ("tollhouse.tokens", {"input_tokens": 2**31 + 1}),
        ("tollhouse.video_seconds", {"seconds": 0}),
        ("tollhouse.video_seconds", {"seconds": 1, "service": "video"}),
        ("tollhouse.video_seconds", {"seconds": 2678401}),
        ("tollhouse.stored_bytes", {"bytes": 1}),
        ("tollhouse.stored_bytes", {"bytes": 1, "hours": 0.5}),
        ("tollhouse.stored_bytes", {"bytes": 1, "hours": 745}),
        ("tollhouse.call", {"tags": {"Customer": "Ümlaut & Co", "feature_2": "b-1"}}),
        ("tollhouse.tokens", {"input_tokens": 1, "tags": {}}),
        ("tollhouse.video_seconds", {"seconds": 1, "tags": {"customer": "x" * 128}}),
        ("tollhouse.call", {"tags": {"customer": "x" * 129}}),
        ("tollhouse.call", {"tags": {"customer": " "}}),
        ("tollhouse.call", {"tags": {"customer": 7}}),
        ("tollhouse.call", {"tags": {"x" * 32: "a"}}),
        ("tollhouse.call", {"tags": {"x" * 33: "a"}}),
        ("tollhouse.call", {"tags": {"1st": "a"}}),
        ("tollhouse.call", {"tags": ["customer"]}),
        ("tollhouse.call", {"tags": {f"n{number}": "a" for number in range(8)}}),
        ("tollhouse.call", {"tags": {f"n{number}": "a" for number in range(9)}}),
        ("com.example.cookies", {}),
    ],
)
def test_the_schema_and_the_server_agree(kind: str, data: dict):
    sent = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/schema", "type": kind, "data": data}
    answer = httpx.post(URL, json=sent, headers=KEY)
    assert (answer.status_code == 200) == SCHEMA.is_valid(sent), answer.text


def test_it_takes_a_key_with_the_scope():
    for key, status in [("wrong", 401), (os.environ["KEY"], 403)]:
        answer = httpx.post(URL, json=[], headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == status
