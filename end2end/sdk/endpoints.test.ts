/** The unmodified `openai` package of npm on all endpoints: each request is sent through Tollhouse and straight to the provider. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import OpenAI, { toFile } from "openai";

import type { ReceivedRequest } from "../lib/upstream.ts";

const { BASE_URL = "", UPSTREAM_URL = "", ENDPOINTS_KEY = "", UPSTREAM_KEY = "" } = process.env;
const MESSAGES = [{ role: "user" as const, content: "Good evening! Wie geht's? 你好 🌙" }];
/** Headers that may differ: each connection has its own. */
const CONNECTION_HEADERS = ["host", "connection", "accept-encoding", "transfer-encoding", "content-length", "x-test"];

function client(straight = false, name: string = randomUUID()): OpenAI {
  const [baseURL, apiKey] = straight ? [UPSTREAM_URL, UPSTREAM_KEY] : [BASE_URL, ENDPOINTS_KEY];
  return new OpenAI({ baseURL, apiKey, maxRetries: 0, defaultHeaders: { "x-test": name } });
}

/** Fetches the requests that the provider received with this name, without what may differ. */
async function fetchReceived(name: string): Promise<object[]> {
  const requests = (await (await fetch(`${UPSTREAM_URL.replace(/\/v1$/, "")}/requests/${name}`)).json()) as ReceivedRequest[];
  assert.notEqual(requests.length, 0);
  return requests.map(({ method, path, headers, raw }) => {
    const comparedHeaders = Object.fromEntries(Object.entries(headers).filter(([key]) => !CONNECTION_HEADERS.includes(key)));
    let body = Buffer.from(raw, "base64").toString("latin1");
    const boundary = /boundary=(\S+)/.exec(`${comparedHeaders["content-type"]}`)?.[1];
    if (boundary) {
      body = body.replaceAll(boundary, "BOUNDARY");
      comparedHeaders["content-type"] = "multipart/form-data";
    }
    return { method, path, headers: comparedHeaders, body };
  });
}

const sound = () => toFile(Buffer.alloc(100_000, "RIFF"), "a.wav", { type: "audio/wav" });
const picture = () => toFile(Buffer.from("\x89PNG\r\n--x\r\n", "latin1"), "a.png", { type: "image/png" });

const REQUESTS: Record<string, (openai: OpenAI) => Promise<unknown>> = {
  chat: (openai) => openai.chat.completions.create({ model: "same-x", messages: MESSAGES, seed: 7 }),
  "chat, streamed": (openai) =>
    openai.chat.completions.create({ model: "same-x", messages: MESSAGES, stream: true, stream_options: { include_usage: true } }),
  completions: (openai) => openai.completions.create({ model: "same-x", prompt: "Good evening" }),
  responses: (openai) => openai.responses.create({ model: "same-x", input: "Good evening" }),
  "responses, streamed": (openai) => openai.responses.create({ model: "same-x", input: "Good evening", stream: true }),
  embeddings: (openai) => openai.embeddings.create({ model: "same-embed", input: ["a", "b"] }),
  moderations: (openai) => openai.moderations.create({ model: "same-x", input: "Good evening" }),
  images: (openai) => openai.images.generate({ model: "draw-x", prompt: "a road" }),
  "images, edited": async (openai) => openai.images.edit({ model: "draw-x", image: await picture(), prompt: "a road" }),
  "images, varied": async (openai) => openai.images.createVariation({ model: "draw-x", image: await picture() }),
  speech: (openai) => openai.audio.speech.create({ model: "talk-x", voice: "alloy", input: "Good evening" }),
  transcriptions: async (openai) => openai.audio.transcriptions.create({ model: "talk-x", file: await sound() }),
  translations: async (openai) => openai.audio.translations.create({ model: "talk-x", file: await sound() }),
  videos: (openai) => openai.videos.create({ model: "film-x", prompt: "a road" }),
  files: async (openai) => openai.files.create({ file: await toFile(Buffer.from("content"), "a.jsonl"), purpose: "fine-tune" }),
};

/** Reads an answer to its end, whether it is a stream, a body or an object. */
async function drain(answer: unknown): Promise<unknown> {
  if (answer instanceof Response) return Buffer.from(await answer.arrayBuffer()).toString("base64");
  if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
    const events: unknown[] = [];
    for await (const event of answer as AsyncIterable<unknown>) events.push(event);
    return events;
  }
  return JSON.parse(JSON.stringify(answer, (key, value) => (key === "_request_id" ? undefined : value)));
}

for (const [name, send] of Object.entries(REQUESTS)) {
  test(`${name}: the request arrives and the answer returns as it was sent`, async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    assert.deepEqual(await drain(await send(client(false, one))), await drain(await send(client(true, other))));
    assert.deepEqual(await fetchReceived(one), await fetchReceived(other));
  });
}

test("objects that the provider keeps can be retrieved", async () => {
  const openai = client();
  const file = await openai.files.create({ file: await toFile(Buffer.from("content"), "a.jsonl"), purpose: "fine-tune" });
  assert.equal((await openai.files.retrieve(file.id)).filename, "a.jsonl");
  assert.equal(await (await openai.files.content(file.id)).text(), "content");
  assert.ok((await openai.files.list()).data.some(({ id }) => id === file.id));
  const job = await openai.fineTuning.jobs.create({ model: "tune-x", training_file: file.id });
  assert.equal((await openai.fineTuning.jobs.retrieve(job.id)).status, "succeeded");
  const video = await openai.videos.create({ model: "film-x", prompt: "a road" });
  assert.equal((await openai.videos.retrieve(video.id)).status, "completed");
  assert.equal((await (await openai.videos.downloadContent(video.id)).arrayBuffer()).byteLength, 80_000);
  const response = await openai.responses.create({ model: "same-x", input: "Good evening" });
  assert.equal((await openai.responses.retrieve(response.id)).id, response.id);
  await openai.files.delete(file.id);
  await assert.rejects(openai.files.retrieve(file.id), OpenAI.NotFoundError);
});
