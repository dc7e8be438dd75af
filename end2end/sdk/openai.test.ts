/** The unmodified `openai` package of npm. */
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";

import OpenAI from "openai";

import type { CallNote } from "./reconcile.ts";

const { BASE_URL = "", KEY = "", READ_KEY = "", SANDBOX_ONLY_KEY = "", REVOKED_KEY = "", NOTES = "" } = process.env;
const MESSAGES = [{ role: "user" as const, content: "Good evening! Wie geht's? 你好 🌙" }];

function client(apiKey = KEY): OpenAI {
  return new OpenAI({ baseURL: BASE_URL, apiKey, maxRetries: 0 });
}

/** Notes what the client read, to be compared with what Tollhouse recorded. */
function note(response: Response, model: string, usage: OpenAI.CompletionUsage | OpenAI.CreateEmbeddingResponse.Usage | null | undefined) {
  assert.ok(usage, "the answer reports usage");
  const callNote: CallNote = {
    requestId: response.headers.get("x-request-id") ?? "",
    model,
    tokensIn: usage.prompt_tokens,
    cachedTokensIn: ("prompt_tokens_details" in usage && usage.prompt_tokens_details?.cached_tokens) || 0,
    tokensOut: "completion_tokens" in usage ? usage.completion_tokens : 0,
  };
  appendFileSync(NOTES, `${JSON.stringify(callNote)}\n`);
}

for (const model of ["sandbox-1", "gpt-x"]) {
  test(`${model} answers`, async () => {
    const { data, response } = await client().chat.completions.create({ model, messages: MESSAGES }).withResponse();
    assert.ok(data.choices[0]?.message.content);
    note(response, model, data.usage);
  });

  test(`${model} streams, and reports usage where it is asked to`, async () => {
    const request = { model, messages: MESSAGES, stream: true, stream_options: { include_usage: true } } as const;
    const { data, response } = await client().chat.completions.create(request).withResponse();
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of data) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.ok(text);
    note(response, model, usage);
  });
}

test("a usage chunk that wasn't requested isn't passed on, though it is counted", async () => {
  const request = { model: "gpt-x", messages: MESSAGES };
  const streamed = await client().chat.completions.create({ ...request, stream: true }).withResponse();
  for await (const chunk of streamed.data) {
    assert.ok(!chunk.usage, "no usage");
    assert.equal(chunk.choices.length, 1);
  }
  const whole = await client().chat.completions.create(request).withResponse();
  for (const { response } of [streamed, whole]) note(response, request.model, whole.data.usage);
});

for (const model of ["sandbox-embedding", "embed-x"]) {
  test(`${model} embeds`, async () => {
    const { data, response } = await client().embeddings.create({ model, input: ["one", "two"] }).withResponse();
    assert.equal(data.data.length, 2);
    assert.equal(typeof data.data[0]?.embedding[0], "number");
    note(response, model, data.usage);
  });
}

test("models are listed, only those that a key may call", async () => {
  const names = async (key: string) => (await client(key).models.list()).data.map(({ id }) => id);
  assert.ok((await names(KEY)).includes("gpt-x"));
  assert.deepEqual(await names(SANDBOX_ONLY_KEY), ["sandbox-1"]);
});

type ErrorClass = { name: string } & (abstract new (...given: never[]) => InstanceType<typeof OpenAI.APIError>);
const ERROR_CASES: [name: string, key: string, model: string, error: ErrorClass, status: number, code: string][] = [
  ["an unknown key", "toll_std_nonsense", "gpt-x", OpenAI.AuthenticationError, 401, "invalid_api_key"],
  ["a revoked key", REVOKED_KEY, "gpt-x", OpenAI.AuthenticationError, 401, "invalid_api_key"],
  ["a read-only key", READ_KEY, "gpt-x", OpenAI.PermissionDeniedError, 403, "insufficient_permissions"],
  ["a model that the key may not call", SANDBOX_ONLY_KEY, "gpt-x", OpenAI.PermissionDeniedError, 403, "model_not_allowed"],
  ["an unknown model", KEY, "gpt-none", OpenAI.NotFoundError, 404, "model_not_found"],
  ["a provider that is down", KEY, "unreachable", OpenAI.InternalServerError, 502, "upstream_error"],
  ["a provider's own failure", KEY, "broken", OpenAI.InternalServerError, 502, "upstream_error"],
  ["a provider's own refusal", KEY, "busy", OpenAI.RateLimitError, 429, "busy"],
  ["a provider that never answers", KEY, "silent", OpenAI.InternalServerError, 504, "upstream_timeout"],
];
for (const [name, key, model, error, status, code] of ERROR_CASES) {
  test(`${name} raises ${error.name}`, async () => {
    await assert.rejects(client(key).chat.completions.create({ model, messages: MESSAGES }), (raised) => {
      assert.ok(raised instanceof error, String(raised));
      assert.equal(raised.status, status);
      assert.equal(raised.code, code);
      assert.ok(raised.requestID, "the error has the request's ID");
      return true;
    });
  });
}

test("a malformed request raises BadRequestError, which names what is wrong", async () => {
  const malformed = { model: 5, messages: MESSAGES } as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;
  await assert.rejects(client().chat.completions.create(malformed), (raised) => {
    assert.ok(raised instanceof OpenAI.BadRequestError, String(raised));
    assert.equal(raised.param, "model");
    return true;
  });
});

test("a stream that is torn raises an error rather than ending as if complete", async () => {
  const stream = await client().chat.completions.create({ model: "torn", messages: MESSAGES, stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream);
  });
});

test("2,000 calls, 50 at once, are all answered", { timeout: 300_000 }, async () => {
  let begun = 0;
  const caller = async () => {
    const openai = client();
    while (begun < 2_000) {
      const number = begun++;
      const model = number % 2 === 0 ? "gpt-x" : "sandbox-1";
      const messages = [{ role: "user" as const, content: "more ".repeat(number % 17) + number }];
      const { data, response } = await openai.chat.completions.create({ model, messages }).withResponse();
      note(response, model, data.usage);
    }
  };
  await Promise.all(Array.from({ length: 50 }, caller));
});
