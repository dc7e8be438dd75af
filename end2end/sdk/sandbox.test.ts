/** The sandbox by the helpers for structured outputs of npm's `openai` and `@anthropic-ai/sdk`, with `zod`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const { BASE_URL = "", ENDPOINTS_KEY = "" } = process.env;
const MESSAGES = [{ role: "user" as const, content: "Good evening!" }];
const ASKED = { model: "sandbox-1", messages: MESSAGES };
const RESPONSE = { model: "sandbox-1", input: "Good evening!" };
const MESSAGE = { ...ASKED, max_tokens: 4_000 };

const openai = new OpenAI({ baseURL: BASE_URL, apiKey: ENDPOINTS_KEY, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: BASE_URL.replace(/\/v1$/, ""), apiKey: ENDPOINTS_KEY, maxRetries: 0 });

const Stop = z.object({
  toll: z.number(),
  get next() {
    return Stop.nullable();
  },
});
/** What needs most of a schema: references, choices, nesting, lists, formats, patterns and bounds. */
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
  const asked = { ...ASKED, response_format: zodResponseFormat(Journey, "journey") };
  const parsed = (await openai.chat.completions.parse(asked)).choices[0]?.message.parsed;
  assert.ok(parsed && Journey.parse(parsed));
  const stream = openai.chat.completions.stream(asked);
  assert.deepEqual((await stream.finalChatCompletion()).choices[0]?.message.parsed, parsed);
});

test("responses are parsed, whole and streamed", async () => {
  const asked = { ...RESPONSE, text: { format: zodTextFormat(Journey, "journey") } };
  const parsed = (await openai.responses.parse(asked)).output_parsed;
  assert.ok(parsed && Journey.parse(parsed));
  assert.deepEqual((await openai.responses.stream(asked).finalResponse()).output_parsed, parsed);
});

test("messages are parsed, whole and streamed", async () => {
  const asked = { ...MESSAGE, output_config: { format: zodOutputFormat(Journey) } };
  const parsed = (await anthropic.messages.parse(asked)).parsed_output;
  assert.ok(parsed && Journey.parse(parsed));
  assert.deepEqual((await anthropic.messages.stream(asked).finalMessage()).parsed_output, parsed);
});

test("a tool runs as often as it is called, which is once", async () => {
  const ran: unknown[] = [];
  const weather = zodFunction({
    name: "weather",
    parameters: z.object({ city: z.string() }),
    function: (asked) => {
      ran.push(asked);
      return "sunny [sandbox tool]";
    },
  });
  const asked = { model: "sandbox-1", messages: [{ role: "user" as const, content: "[sandbox tool]" }] };
  const runner = openai.chat.completions.runTools({ ...asked, tools: [weather] });
  assert.ok(await runner.finalContent());
  assert.deepEqual(ran, [{ city: "toll" }]);
});

test("thoughts come in the stream before what is said", async () => {
  const asked = { ...MESSAGE, thinking: { type: "enabled" as const, budget_tokens: 1_024 } };
  const thoughts: string[] = [];
  const stream = anthropic.messages.stream(asked).on("thinking", (delta) => thoughts.push(delta));
  const [thought, said] = (await stream.finalMessage()).content;
  assert.ok(thought?.type === "thinking" && said?.type === "text");
  assert.equal(thoughts.join(""), thought.thinking);
});
