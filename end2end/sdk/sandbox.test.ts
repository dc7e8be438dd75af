/** The sandbox with the helpers for structured outputs of npm's `openai` and `@anthropic-ai/sdk`, and with `zod`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const { BASE_URL = "", ENDPOINTS_KEY = "" } = process.env;
const MESSAGES = [{ role: "user" as const, content: "Good evening!" }];
const CHAT_REQUEST = { model: "sandbox-1", messages: MESSAGES };
const RESPONSES_REQUEST = { model: "sandbox-1", input: "Good evening!" };
const MESSAGES_REQUEST = { ...CHAT_REQUEST, max_tokens: 4_000 };

const openai = new OpenAI({ baseURL: BASE_URL, apiKey: ENDPOINTS_KEY, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: BASE_URL.replace(/\/v1$/, ""), apiKey: ENDPOINTS_KEY, maxRetries: 0 });

const Stop = z.object({
  toll: z.number(),
  get next() {
    return Stop.nullable();
  },
});
/** A schema with references, choices, nesting, lists, formats, patterns and bounds. */
const Journey = z.object({
  name: z.string().min(6).max(8),
  plate: z.string().regex(/^[A-Z]{3}-\d{4}$/),
  id: z.uuid(),
  mail: z.email(),
  link: z.url(),
  token: z.jwt(),
  password: z.string().regex(/^(?=.*[A-Z])(?=.*\d).{8,}$/),
  begun: z.iso.datetime(),
  day: z.iso.date(),
  at: z.iso.time(),
  kind: z.enum(["car", "cart"]),
  form: z.literal("journey"),
  stops: z.array(Stop).min(2),
  age: z.int().min(18).lt(99),
  share: z.number().gt(0).lt(1),
  fare: z.number().multipleOf(5),
  by: z.union([z.object({ t: z.literal("cash"), coins: z.int() }), z.object({ t: z.literal("card"), last: z.string() })]),
  note: z.string().nullable(),
});

test("chat completions are parsed, whole and streamed", async () => {
  const request = { ...CHAT_REQUEST, response_format: zodResponseFormat(Journey, "journey") };
  const parsed = (await openai.chat.completions.parse(request)).choices[0]?.message.parsed;
  assert.ok(parsed && Journey.parse(parsed));
  const stream = openai.chat.completions.stream(request);
  assert.deepEqual((await stream.finalChatCompletion()).choices[0]?.message.parsed, parsed);
});

test("responses are parsed, whole and streamed", async () => {
  const request = { ...RESPONSES_REQUEST, text: { format: zodTextFormat(Journey, "journey") } };
  const parsed = (await openai.responses.parse(request)).output_parsed;
  assert.ok(parsed && Journey.parse(parsed));
  assert.deepEqual((await openai.responses.stream(request).finalResponse()).output_parsed, parsed);
});

test("messages are parsed, whole and streamed", async () => {
  const request = { ...MESSAGES_REQUEST, output_config: { format: zodOutputFormat(Journey) } };
  const parsed = (await anthropic.messages.parse(request)).parsed_output;
  assert.ok(parsed && Journey.parse(parsed));
  assert.deepEqual((await anthropic.messages.stream(request).finalMessage()).parsed_output, parsed);
});

test("a tool runs as often as it is called, which is once", async () => {
  const inputs: unknown[] = [];
  const weather = zodFunction({
    name: "weather",
    parameters: z.object({ city: z.string() }),
    function: (input) => {
      inputs.push(input);
      return "sunny [sandbox tool]";
    },
  });
  const request = { model: "sandbox-1", messages: [{ role: "user" as const, content: "[sandbox tool]" }] };
  const runner = openai.chat.completions.runTools({ ...request, tools: [weather] });
  assert.ok(await runner.finalContent());
  assert.deepEqual(inputs, [{ city: "toll" }]);
});

test("thinking comes in the stream before the text", async () => {
  const request = { ...MESSAGES_REQUEST, thinking: { type: "enabled" as const, budget_tokens: 1_024 } };
  const thoughts: string[] = [];
  const stream = anthropic.messages.stream(request).on("thinking", (delta) => thoughts.push(delta));
  const [thought, text] = (await stream.finalMessage()).content;
  assert.ok(thought?.type === "thinking" && text?.type === "text");
  assert.equal(thoughts.join(""), thought.thinking);
});
