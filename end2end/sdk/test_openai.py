"""The `openai` package of PyPI, as it is."""

import json
import os

import openai
import pytest

MESSAGES = [{"role": "user", "content": "Good evening! Wie geht's? 你好 🌙"}]


def client(key: str = "KEY") -> openai.OpenAI:
    return openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ.get(key, key), max_retries=0)


def note(headers, model: str, usage) -> None:
    """Notes what we were told, to be compared with what was recorded."""
    details = getattr(usage, "prompt_tokens_details", None)
    told = {
        "requestId": headers["x-request-id"],
        "model": model,
        "tokensIn": usage.prompt_tokens,
        "cachedTokensIn": (details and details.cached_tokens) or 0,
        "tokensOut": getattr(usage, "completion_tokens", 0),
    }
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(told) + "\n")


@pytest.mark.parametrize("model", ["sandbox-1", "gpt-x"])
def test_a_model_answers(model):
    response = client().chat.completions.with_raw_response.create(model=model, messages=MESSAGES)
    completion = response.parse()
    assert completion.choices[0].message.content
    note(response.headers, model, completion.usage)


@pytest.mark.parametrize("model", ["sandbox-1", "gpt-x"])
def test_a_model_streams_and_reports_usage_where_it_is_asked_to(model):
    response = client().chat.completions.with_raw_response.create(
        model=model, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(response.parse())
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert [bool(chunk.usage) for chunk in chunks].count(True) == 1
    note(response.headers, model, chunks[-1].usage)


@pytest.mark.parametrize("model", ["sandbox-embedding", "embed-x"])
def test_a_model_embeds(model):
    response = client().embeddings.with_raw_response.create(model=model, input=["one", "two"])
    answer = response.parse()
    assert [type(item.embedding[0]) for item in answer.data] == [float, float]
    note(response.headers, model, answer.usage)


def test_only_models_that_a_key_may_call_are_listed():
    assert "gpt-x" in [model.id for model in client().models.list()]
    assert [model.id for model in client("SANDBOX_ONLY_KEY").models.list()] == ["sandbox-1"]


@pytest.mark.parametrize(
    ("key", "model", "error", "status", "code"),
    [
        ("toll_std_nonsense", "gpt-x", openai.AuthenticationError, 401, "invalid_api_key"),
        ("REVOKED_KEY", "gpt-x", openai.AuthenticationError, 401, "invalid_api_key"),
        ("READ_KEY", "gpt-x", openai.PermissionDeniedError, 403, "insufficient_permissions"),
        ("SANDBOX_ONLY_KEY", "gpt-x", openai.PermissionDeniedError, 403, "model_not_allowed"),
        ("KEY", "gpt-none", openai.NotFoundError, 404, "model_not_found"),
        ("KEY", "unreachable", openai.InternalServerError, 502, "upstream_error"),
        ("KEY", "broken", openai.InternalServerError, 502, "upstream_error"),
        ("KEY", "busy", openai.RateLimitError, 429, "busy"),
        ("KEY", "silent", openai.InternalServerError, 504, "upstream_timeout"),
    ],
)
def test_a_refusal_raises_the_error_that_its_code_is_known_by(key, model, error, status, code):
    with pytest.raises(error) as raised:
        client(key).chat.completions.create(model=model, messages=MESSAGES)
    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert raised.value.request_id


def test_a_malformed_request_names_what_is_wrong():
    with pytest.raises(openai.BadRequestError) as raised:
        client().chat.completions.create(model=5, messages=MESSAGES)
    assert raised.value.param == "model"


def test_tags_are_sent_by_headers_and_fields_and_a_wrong_header_is_named():
    tagged = client().with_options(default_headers={"x-tollhouse-tag-customer": "acme"})
    response = tagged.chat.completions.with_raw_response.create(
        model="sandbox-1",
        messages=MESSAGES,
        user="u-1",
        safety_identifier="s-1",
        metadata={"experiment": "b", "Not a tag": "c"},
        extra_headers={"x-tollhouse-tag-feature": "chat"},
    )
    completion = response.parse()
    assert completion.choices[0].message.content
    note(response.headers, "sandbox-1", completion.usage)
    with pytest.raises(openai.BadRequestError) as raised:
        tagged.responses.create(model="sandbox-1", input="Hello", extra_headers={"x-tollhouse-tag-1": "a"})
    assert raised.value.param == "x-tollhouse-tag-1"


def test_a_torn_stream_raises_an_error_rather_than_ending_as_if_complete():
    with pytest.raises(openai.APIError):
        list(client().chat.completions.create(model="torn", messages=MESSAGES, stream=True))
