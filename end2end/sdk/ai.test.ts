/** Vercel's AI SDK and the `@anthropic-ai/sdk` and `openai` packages of npm against the sandbox: tools, streams, and structured outputs. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { embedMany, generateText, isStepCount, type LanguageModel, Output, streamText, tool } from "ai";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const { BASE_URL = "", ENDPOINTS_KEY = "" } = process.env;
const HUB = BASE_URL.replace(/\/v1$/, "");
const MODEL = "sandbox-1";
const TOOL_PROMPT = "What is the weather like? [sandbox tool]";
const Trip = z.object({ title: z.string(), places: z.array(z.string()), days: z.number().int() });

const settings = { baseURL: BASE_URL, apiKey: ENDPOINTS_KEY };
const openai = createOpenAI(settings);
const MODELS: Record<string, () => LanguageModel> = {
  chat: () => openai.chat(MODEL),
  responses: () => openai(MODEL),
  messages: () => createAnthropic(settings)(MODEL),
  compatible: () => createOpenAICompatible({ name: "hub", ...settings, includeUsage: true, supportsStructuredOutputs: true })(MODEL),
};

for (const [name, model] of Object.entries(MODELS)) {
  test(`the AI SDK, ${name}: answers and streams`, async () => {
    const options = { model: model(), prompt: "Hello", maxRetries: 0, maxOutputTokens: 999 };
    const whole = await generateText(options);
    assert.ok(whole.text);
    const streamed = streamText(options);
    let text = "";
    let pieces = 0;
    for await (const piece of streamed.textStream) {
      text += piece;
      pieces++;
    }
    assert.equal(text, whole.text);
    assert.ok(pieces > 2);
    const usage = await streamed.usage;
    assert.deepEqual([usage.inputTokens, usage.outputTokens], [whole.usage.inputTokens, whole.usage.outputTokens]);
  });

  test(`the AI SDK, ${name}: calls a tool and answers its result`, async () => {
    const called: unknown[] = [];
    const weather = tool({
      description: "Tells the weather.",
      inputSchema: z.object({ city: z.string(), days: z.number().int() }),
      execute: async (input) => {
        called.push(input);
        return "sunny";
      },
    });
    const options = { model: model(), prompt: TOOL_PROMPT, tools: { weather }, stopWhen: isStepCount(4), maxRetries: 0, maxOutputTokens: 999 };
    assert.ok((await generateText(options)).text);
    assert.equal(called.length, 1);
    const streamed = streamText(options);
    await streamed.consumeStream();
    assert.ok(await streamed.text);
    assert.equal(called.length, 2);
  });

  test(`the AI SDK, ${name}: answers in a form`, async () => {
    const options = { model: model(), prompt: "Plan a trip.", output: Output.object({ schema: Trip }), maxRetries: 0, maxOutputTokens: 999 };
    Trip.parse((await generateText(options)).output);
    const streamed = streamText(options);
    await streamed.consumeStream();
    Trip.parse(await streamed.output);
  });
}

test("the AI SDK embeds", async () => {
  const { embeddings } = await embedMany({ model: openai.embedding("sandbox-embedding"), values: ["one", "two"], maxRetries: 0 });
  assert.equal(embeddings.length, 2);
});

test("openai: tools are called and answered, and answers have the form that is asked for", async () => {
  const client = new OpenAI({ ...settings, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: TOOL_PROMPT }];
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const called: string[] = [];
  const weather = { name: "weather", description: "Tells the weather.", parameters, parse: JSON.parse, function: ({ city }: { city: string }) => void called.push(city) };
  const runner = client.chat.completions.runTools({ model: MODEL, messages, tools: [{ type: "function", function: weather }] });
  assert.ok(await runner.finalContent());
  assert.equal(called.length, 1);
  const planned = [{ role: "user" as const, content: "Plan a trip." }];
  const chat = await client.chat.completions.parse({ model: MODEL, messages: planned, response_format: zodResponseFormat(Trip, "trip") });
  Trip.parse(chat.choices[0]?.message.parsed);
  const response = await client.responses.parse({ model: MODEL, input: "Plan a trip.", text: { format: zodTextFormat(Trip, "trip") } });
  Trip.parse(response.output_parsed);
});

test("@anthropic-ai/sdk: answers, streams, calls tools, and answers in a form", async () => {
  const client = new Anthropic({ baseURL: HUB, apiKey: ENDPOINTS_KEY, maxRetries: 0 });
  const options = { model: MODEL, max_tokens: 999, messages: [{ role: "user" as const, content: "Hello" }] };
  const whole = await client.messages.create(options);
  const streamed = await client.messages.stream(options).finalMessage();
  assert.deepEqual(streamed.content, whole.content);
  assert.deepEqual([streamed.usage.input_tokens, streamed.usage.output_tokens], [whole.usage.input_tokens, whole.usage.output_tokens]);
  const input_schema = { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] };
  const tooled = await client.messages.create({ ...options, messages: [{ role: "user", content: TOOL_PROMPT }], tools: [{ name: "weather", input_schema }] });
  assert.equal(tooled.stop_reason, "tool_use");
  const parsed = await client.messages.parse({ ...options, output_config: { format: zodOutputFormat(Trip) } });
  Trip.parse(parsed.parsed_output);
  const models: string[] = [];
  for await (const { id } of client.models.list({ limit: 1 })) models.push(id);
  assert.ok(models.includes(MODEL) && !models.includes("sandbox-embedding"), models.join());
});

for (const [name, headers, status] of [
  ["too large", { authorization: `Bearer ${ENDPOINTS_KEY}` }, 413],
  ["without a key", {}, 401],
] as const) {
  test(`fetch reads why a large body is refused that is ${name}`, async () => {
    const body = Buffer.alloc(64 * 1024 * 1024, " ");
    const answer = await fetch(`${BASE_URL}/chat/completions`, { method: "POST", body, headers });
    assert.equal(answer.status, status);
    assert.ok(((await answer.json()) as { error: { message: string } }).error.message);
  });
}
