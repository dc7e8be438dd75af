"""What the `openai` and `anthropic` packages of PyPI make of models: tools that are called and answered, streams of them, and
answers in a form that was asked for. The sandbox does all of it."""

import json
import os

import anthropic
import openai
import pytest
from pydantic import BaseModel

HUB = os.environ["BASE_URL"].removesuffix("/v1")
KEY = os.environ["ENDPOINTS_KEY"]
MODEL = "sandbox-1"
ASKING = "What is the weather like? [sandbox tool]"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = {"name": "weather", "description": "Tells the weather.", "parameters": PARAMETERS}


class Place(BaseModel):
    city: str
    population: int


class Trip(BaseModel):
    title: str
    places: list[Place]
    is_long: bool


def by_openai() -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{HUB}/v1", api_key=KEY, max_retries=0)


def by_anthropic() -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=HUB, api_key=KEY, max_retries=0)


def assert_fits(arguments: dict) -> None:
    assert (type(arguments["city"]), type(arguments["days"])) == (str, int)


def test_a_tool_of_a_chat_is_called_once_and_its_result_is_answered():
    client, tools = by_openai(), [{"type": "function", "function": WEATHER}]
    messages = [{"role": "user", "content": ASKING}]
    asked = client.chat.completions.create(model=MODEL, messages=messages, tools=tools).choices[0]
    assert asked.finish_reason == "tool_calls"
    (call,) = asked.message.tool_calls
    assert_fits(json.loads(call.function.arguments))
    messages += [asked.message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answered = client.chat.completions.create(model=MODEL, messages=messages, tools=tools).choices[0]
    assert (answered.finish_reason, answered.message.tool_calls) == ("stop", None)
    assert answered.message.content


def test_a_tool_of_a_chat_is_streamed():
    tools = [{"type": "function", "function": {**WEATHER, "strict": True}}]
    with by_openai().chat.completions.stream(
        model=MODEL, messages=[{"role": "user", "content": ASKING}], tools=tools
    ) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
    assert len(done) == 1
    assert_fits(json.loads(done[0].arguments))


def test_a_tool_of_a_response_is_called_once_and_its_result_is_answered():
    client, tools = by_openai(), [{"type": "function", "strict": True, **WEATHER}]
    asked = client.responses.create(model=MODEL, input=ASKING, tools=tools)
    (call,) = [item for item in asked.output if item.type == "function_call"]
    assert_fits(json.loads(call.arguments))
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    items = [{"role": "user", "content": ASKING}, call.to_dict(), result]
    for answered in (
        client.responses.create(model=MODEL, input=items, tools=tools),
        client.responses.create(model=MODEL, input=[result], previous_response_id=asked.id, tools=tools),
    ):
        assert not [item for item in answered.output if item.type == "function_call"]
        assert answered.output_text


def test_a_tool_of_a_response_is_streamed():
    tools = [{"type": "function", "strict": True, **WEATHER}]
    with by_openai().responses.stream(model=MODEL, input=ASKING, tools=tools) as stream:
        done = [event for event in stream if event.type == "response.function_call_arguments.done"]
        final = stream.get_final_response()
    assert len(done) == 1
    assert_fits(json.loads(done[0].arguments))
    assert final.usage.output_tokens > 0


def test_a_tool_of_a_message_is_called_once_and_its_result_is_answered():
    client = by_anthropic()
    tools = [{"name": "weather", "input_schema": PARAMETERS}]
    messages = [{"role": "user", "content": ASKING}]
    asked = client.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=tools)
    assert asked.stop_reason == "tool_use"
    (call,) = [block for block in asked.content if block.type == "tool_use"]
    assert_fits(call.input)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    messages += [{"role": "assistant", "content": asked.content}, {"role": "user", "content": [result]}]
    answered = client.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=tools)
    assert (answered.stop_reason, answered.content[0].type) == ("end_turn", "text")


def test_a_tool_of_a_message_is_streamed():
    with by_anthropic().messages.stream(
        model=MODEL,
        max_tokens=99,
        messages=[{"role": "user", "content": ASKING}],
        tools=[{"name": "weather", "input_schema": PARAMETERS}],
    ) as stream:
        final = stream.get_final_message()
    (call,) = [block for block in final.content if block.type == "tool_use"]
    assert_fits(call.input)
    assert final.usage.input_tokens > 0 and final.usage.output_tokens > 0


def test_a_chat_answers_in_the_form_that_is_asked_for():
    messages = [{"role": "user", "content": "Plan a trip."}]
    answer = by_openai().chat.completions.parse(model=MODEL, messages=messages, response_format=Trip)
    assert isinstance(answer.choices[0].message.parsed, Trip)
    with by_openai().chat.completions.stream(model=MODEL, messages=messages, response_format=Trip) as stream:
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Trip)
    plain = by_openai().chat.completions.create(model=MODEL, messages=messages, response_format={"type": "json_object"})
    assert isinstance(json.loads(plain.choices[0].message.content), dict)


def test_a_response_answers_in_the_form_that_is_asked_for():
    asked = {"model": MODEL, "input": "Plan a trip.", "text_format": Trip}
    assert isinstance(by_openai().responses.parse(**asked).output_parsed, Trip)
    with by_openai().responses.stream(**asked) as stream:
        assert isinstance(stream.get_final_response().output_parsed, Trip)


def test_a_message_answers_in_the_form_that_is_asked_for():
    messages = [{"role": "user", "content": "Plan a trip."}]
    asked = {"model": MODEL, "max_tokens": 999, "messages": messages, "output_format": Trip}
    assert isinstance(by_anthropic().messages.parse(**asked).parsed_output, Trip)
    with by_anthropic().messages.stream(**asked) as stream:
        assert isinstance(stream.get_final_message().parsed_output, Trip)


def test_models_are_listed_in_the_form_of_each():
    listed = {model.id: model for model in by_openai().models.list()}
    assert "/v1/responses" in listed[MODEL].endpoints
    assert [model.id for model in by_openai().models.list(extra_query={"service": "embeddings"})]
    assert "sandbox-embedding" not in [model.id for model in by_anthropic().models.list(limit=1)]
    assert {MODEL, "claude-x"} <= {model.id for model in by_anthropic().models.list(limit=1)}
    assert by_anthropic().models.retrieve(MODEL).display_name == MODEL


@pytest.mark.parametrize("path", ["", "/v1/v1", "//v1", "/v1/"])
def test_a_base_url_that_isnt_quite_right_does_no_harm(path):
    client = openai.OpenAI(base_url=HUB + path, api_key=KEY, max_retries=0)
    assert client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a"}]).choices
    claude = anthropic.Anthropic(base_url=f"{HUB}{path}", api_key=KEY, max_retries=0)
    assert claude.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "a"}]).content


def test_a_base_url_that_is_wrong_is_told_the_right_one():
    azure = openai.AzureOpenAI(azure_endpoint=HUB, api_version="2024-10-21", api_key=KEY, max_retries=0)
    with pytest.raises(openai.NotFoundError, match=f"base URL is {HUB}/v1 for OpenAI clients"):
        azure.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a"}])
    claude = anthropic.Anthropic(base_url=f"{HUB}/anthropic", api_key=KEY, max_retries=0)
    with pytest.raises(anthropic.NotFoundError, match=f"{HUB} for Anthropic clients"):
        claude.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "a"}])


def test_what_anthropic_has_and_isnt_offered_is_refused_as_anthropic_would():
    client = by_anthropic()
    for ask in (lambda: client.beta.files.list(), lambda: client.beta.skills.list(), lambda: client.messages.batches.list()):
        with pytest.raises(anthropic.NotFoundError) as raised:
            ask()
        assert raised.value.body["error"]["type"] == "not_found_error"


def test_an_overloaded_provider_is_known_as_one():
    asked = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}
    with pytest.raises(anthropic.InternalServerError) as raised:
        by_anthropic().messages.create(**asked, extra_headers={"x-sandbox-status": "529"})
    assert (raised.value.status_code, raised.value.body["error"]["type"]) == (529, "overloaded_error")
    with pytest.raises(openai.InternalServerError) as raised:
        by_openai().chat.completions.create(**asked, extra_headers={"x-sandbox-status": "503"})
    assert raised.value.status_code == 503
