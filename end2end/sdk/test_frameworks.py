"""What is built upon the official clients: LangChain, Pydantic AI and OpenAI's agents, as they are, by each API that they
speak, with tools, streams and structured outputs."""

import asyncio
import os

import pytest
from agents import Agent as OpenAiAgent
from agents import OpenAIChatCompletionsModel
from agents import OpenAIResponsesModel as AgentsResponsesModel
from agents import Runner, function_tool, set_tracing_disabled
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

HUB = os.environ["BASE_URL"].removesuffix("/v1")
OPENAI = {"base_url": f"{HUB}/v1", "api_key": os.environ["ENDPOINTS_KEY"]}
ANTHROPIC = {"base_url": HUB, "api_key": os.environ["ENDPOINTS_KEY"]}
MODEL = "sandbox-1"
ASKING = "What is the weather like? [sandbox tool]"

set_tracing_disabled(True)


class Trip(BaseModel):
    """A trip."""

    title: str
    days: int


LANGCHAIN = {
    "chat": lambda: ChatOpenAI(model=MODEL, max_retries=0, **OPENAI),
    "responses": lambda: ChatOpenAI(model=MODEL, max_retries=0, use_responses_api=True, **OPENAI),
    "messages": lambda: ChatAnthropic(model=MODEL, max_retries=0, max_tokens=999, **ANTHROPIC),
}
PYDANTIC_AI = {
    "chat": lambda: OpenAIChatModel(MODEL, provider=OpenAIProvider(**OPENAI)),
    "responses": lambda: OpenAIResponsesModel(MODEL, provider=OpenAIProvider(**OPENAI)),
    # That a model takes schemas, Pydantic AI goes by the names of Anthropic's own.
    "messages": lambda: AnthropicModel(
        MODEL, provider=AnthropicProvider(**ANTHROPIC), profile={"supports_json_schema_output": True}
    ),
}
AGENTS = {
    "chat": lambda: OpenAIChatCompletionsModel(MODEL, AsyncOpenAI(**OPENAI)),
    "responses": lambda: AgentsResponsesModel(MODEL, AsyncOpenAI(**OPENAI)),
}


def by(models):
    return pytest.mark.parametrize("model", models.values(), ids=models)


@by(LANGCHAIN)
def test_langchain_answers_and_streams(model):
    whole = model().invoke("Hello")
    assert whole.text and whole.usage_metadata["output_tokens"] > 0
    streamed = list(model().stream("Hello"))
    assert len(streamed) > 2
    assert "".join(chunk.text for chunk in streamed) == whole.text


@by(LANGCHAIN)
def test_langchain_calls_a_tool_and_answers_its_result(model):
    @tool
    def weather(city: str, days: int) -> str:
        """Tells the weather."""
        return f"sunny in {city} for {days} days"

    with_tool = model().bind_tools([weather])
    asking = HumanMessage(ASKING)
    asked = with_tool.invoke([asking])
    (call,) = asked.tool_calls
    result = weather.invoke(call)
    assert isinstance(result, ToolMessage)
    answered = with_tool.invoke([asking, asked, result])
    assert answered.text and not answered.tool_calls
    streamed = None
    for chunk in with_tool.stream([asking]):
        streamed = chunk if streamed is None else streamed + chunk
    assert [call["args"] for call in streamed.tool_calls] == [call["args"]]


@by(LANGCHAIN)
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_langchain_answers_in_a_form(model, method):
    assert isinstance(model().with_structured_output(Trip, method=method).invoke("Plan a trip."), Trip)


def test_langchain_embeds():
    embeddings = OpenAIEmbeddings(model="sandbox-embedding", check_embedding_ctx_length=False, **OPENAI)
    assert len(embeddings.embed_documents(["one", "two"])) == 2


@by(PYDANTIC_AI)
def test_pydantic_ai_answers_and_streams(model):
    whole = Agent(model()).run_sync("Hello")
    assert whole.output and whole.usage.output_tokens > 0
    streamed = Agent(model()).run_stream_sync("Hello")
    assert "".join(streamed.stream_text(delta=True)) == whole.output


@by(PYDANTIC_AI)
def test_pydantic_ai_calls_a_tool_and_answers_its_result(model):
    agent, called = Agent(model()), []

    @agent.tool_plain
    def weather(city: str, days: int) -> str:
        """Tells the weather."""
        called.append((city, days))
        return "sunny"

    assert agent.run_sync(ASKING).output
    assert len(called) == 1


@by(PYDANTIC_AI)
def test_pydantic_ai_answers_in_a_form(model):
    # By a tool that it makes of it, and by the API's own way.
    assert isinstance(Agent(model(), output_type=Trip).run_sync("Plan a trip.").output, Trip)
    assert isinstance(Agent(model(), output_type=NativeOutput(Trip)).run_sync("Plan a trip.").output, Trip)


@by(AGENTS)
def test_openais_agents_answer_and_call_a_tool(model):
    called = []

    @function_tool
    def weather(city: str, days: int) -> str:
        """Tells the weather."""
        called.append((city, days))
        return "sunny"

    agent = OpenAiAgent(name="assistant", model=model(), tools=[weather])
    assert Runner.run_sync(agent, "Hello").final_output
    assert called == []
    assert Runner.run_sync(agent, ASKING, max_turns=3).final_output
    assert len(called) == 1


@by(AGENTS)
def test_openais_agents_answer_in_a_form(model):
    agent = OpenAiAgent(name="assistant", model=model(), output_type=Trip)
    assert isinstance(Runner.run_sync(agent, "Plan a trip.").final_output, Trip)


@by(AGENTS)
def test_openais_agents_stream(model):
    async def pieces() -> list[str]:
        running = Runner.run_streamed(OpenAiAgent(name="assistant", model=model()), "Hello")
        events = [event async for event in running.stream_events()]
        assert running.final_output
        return [event.data.delta for event in events if getattr(event, "data", None) and event.data.type == "response.output_text.delta"]

    assert len(asyncio.run(pieces())) > 2
