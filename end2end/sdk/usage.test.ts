/** `client.admin.organization.usage` of the unmodified `openai` package of npm, against the calls that the package made. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import OpenAI, { toFile } from "openai";

import { parseCsv } from "../lib/csv.ts";

const { BASE_URL = "", USAGE_KEY = "", USAGE_ADMIN_KEY = "", READ_KEY = "" } = process.env;
const WIDTHS = ["1m", "1h", "1d"] as const;

type Result = Record<string, unknown>;
type Page = { data: { results: object[]; start_time: number; end_time: number }[]; has_more: boolean; next_page: string | null };

const client = new OpenAI({ baseURL: BASE_URL, apiKey: USAGE_KEY, adminAPIKey: USAGE_ADMIN_KEY, maxRetries: 0 });
const { usage } = client.admin.organization;
/** Time before the first call, in Unix seconds. */
const start = Math.floor(Date.now() / 1000) - 60;
/** The tokens that the answers reported. */
const tokens = { chatIn: 0, chatOut: 0, embeddings: 0 };

const resultsOf = (page: Page): Result[] => page.data.flatMap(({ results }) => results as Result[]);
const sum = (page: Page, field: string): number => resultsOf(page).reduce((total, result) => total + Number(result[field]), 0);

before(async () => {
  for (const content of ["Good evening", "Wie geht's?"]) {
    const chat = await client.chat.completions.create({ model: "sandbox-1", messages: [{ role: "user", content }] });
    tokens.chatIn += chat.usage?.prompt_tokens ?? 0;
    tokens.chatOut += chat.usage?.completion_tokens ?? 0;
  }
  tokens.embeddings = (await client.embeddings.create({ model: "sandbox-embedding", input: "a" })).usage.prompt_tokens;
  await client.moderations.create({ model: "sandbox-1", input: "a" });
  await client.images.generate({ model: "sandbox-image", prompt: "a road", n: 2 });
  const picture = await toFile(Buffer.from("\x89PNG\r\n", "latin1"), "a.png", { type: "image/png" });
  await client.images.edit({ model: "sandbox-image", image: picture, prompt: "a road" });
  const speech = await client.audio.speech.create({ model: "sandbox-audio", voice: "alloy", input: "Good evening" });
  const sound = await toFile(Buffer.from(await speech.arrayBuffer()), "a.wav", { type: "audio/wav" });
  await client.audio.transcriptions.create({ model: "sandbox-audio", file: sound });
  const soon = { headers: { "x-sandbox-job": "0s" } };
  const video = await client.videos.create({ model: "sandbox-video", prompt: "a road", seconds: "8" }, soon);
  assert.equal((await client.videos.retrieve(video.id)).status, "completed");
});

for (const bucket_width of WIDTHS) {
  const query = { start_time: start, bucket_width };

  test(`${bucket_width}: each resource has the calls that were made`, async () => {
    const completions = await usage.completions(query);
    assert.deepEqual(
      [sum(completions, "num_model_requests"), sum(completions, "input_tokens"), sum(completions, "output_tokens")],
      [2, tokens.chatIn, tokens.chatOut],
    );
    const embeddings = await usage.embeddings(query);
    assert.deepEqual([sum(embeddings, "num_model_requests"), sum(embeddings, "input_tokens")], [1, tokens.embeddings]);
    assert.equal(sum(await usage.moderations(query), "num_model_requests"), 1);
    const images = await usage.images(query);
    assert.deepEqual([sum(images, "num_model_requests"), sum(images, "images")], [2, 3]);
    const speeches = await usage.audioSpeeches(query);
    assert.deepEqual([sum(speeches, "num_model_requests"), sum(speeches, "characters")], [1, "Good evening".length]);
    assert.equal(sum(await usage.audioTranscriptions(query), "num_model_requests"), 1);
  });

  test(`${bucket_width}: what the gateway doesn't offer is empty`, async () => {
    for (const page of [
      await usage.decisions(query),
      await usage.webSearchCalls(query),
      await usage.fileSearchCalls(query),
      await usage.vectorStores(query),
      await usage.codeInterpreterSessions(query),
      await usage.completions({ ...query, batch: true }),
    ]) {
      assert.ok(page.data.length > 0);
      assert.deepEqual(resultsOf(page), []);
    }
  });
}

test("every group of the package is accepted", async () => {
  const query = { start_time: start };
  const common = ["project_id", "user_id", "api_key_id", "model"] as const;
  const [completion] = resultsOf(await usage.completions({ ...query, group_by: [...common, "batch", "service_tier", "api_source"] }));
  assert.deepEqual([completion?.model, completion?.batch, completion?.api_source], ["sandbox-1", false, "unlabeled"]);
  const images = resultsOf(await usage.images({ ...query, group_by: [...common, "size", "source"] }));
  assert.deepEqual(images.map(({ source }) => source).sort(), ["image.edit", "image.generation"]);
  for (const page of [
    await usage.embeddings({ ...query, group_by: [...common] }),
    await usage.moderations({ ...query, group_by: [...common] }),
    await usage.audioSpeeches({ ...query, group_by: [...common] }),
    await usage.audioTranscriptions({ ...query, group_by: [...common] }),
    await usage.webSearchCalls({ ...query, group_by: [...common, "context_level", "api_source"] }),
    await usage.fileSearchCalls({ ...query, group_by: ["project_id", "user_id", "api_key_id", "vector_store_id"] }),
    await usage.vectorStores({ ...query, group_by: ["project_id"] }),
    await usage.codeInterpreterSessions({ ...query, group_by: ["project_id"] }),
    await usage.decisions({ ...query, group_by: [...common, "batch", "service_tier", "api_source"] }),
    await usage.costs({ ...query, group_by: ["project_id", "user_id", "line_item", "api_key_id", "api_source"] }),
  ]) {
    assert.equal(page.object, "page");
  }
});

test("filters narrow, and those of others find nothing", async () => {
  const query = { start_time: start };
  const [{ api_key_id, project_id } = {}] = resultsOf(await usage.completions({ ...query, group_by: ["api_key_id", "project_id"] }));
  const calls = async (more: object) => sum(await usage.completions({ ...query, ...more }), "num_model_requests");
  assert.equal(await calls({ api_key_ids: [api_key_id], project_ids: [project_id], models: ["sandbox-1"] }), 2);
  assert.equal(await calls({ models: ["another"] }), 0);
  assert.equal(await calls({ user_ids: ["user_01h2xcejqtf2nbrexx3vqjhp41"] }), 0);
  assert.equal(sum(await usage.images({ ...query, sources: ["image.edit"] }), "images"), 1);
});

test("costs of line items are the whole", async () => {
  const dollars = (results: Result[]) => results.reduce((total, { amount }) => total + (amount as { value: number }).value, 0);
  const whole = resultsOf(await usage.costs({ start_time: start }));
  const items = resultsOf(await usage.costs({ start_time: start, group_by: ["line_item"] }));
  const one = resultsOf(await usage.costs({ start_time: start, line_items: ["sandbox-1"] }));
  assert.equal(dollars(one), dollars(items.filter(({ line_item }) => line_item === "sandbox-1")));
  assert.ok(Math.abs(dollars(whole) - dollars(items)) < 1e-9);
});

test("pages follow each other to the end", async () => {
  const query = { start_time: start - 3_600, bucket_width: "1m", limit: 7 } as const;
  const buckets: Page["data"] = [];
  for (let page: Page = await usage.completions(query); ; page = await usage.completions({ ...query, page: page.next_page ?? "" })) {
    buckets.push(...page.data);
    assert.equal(page.has_more, page.next_page !== null);
    if (!page.next_page) break;
  }
  for (const [index, bucket] of buckets.entries()) {
    assert.equal(bucket.end_time - bucket.start_time, 60);
    if (index > 0) assert.equal(bucket.start_time, buckets[index - 1]?.end_time);
  }
  assert.equal(buckets.flatMap(({ results }) => results as Result[]).reduce((total, result) => total + Number(result.num_model_requests), 0), 2);
});

test("a wrong parameter raises BadRequestError, which names it", async () => {
  const wrong: [string, () => Promise<unknown>][] = [
    ["limit", () => usage.completions({ start_time: start, limit: 32 })],
    ["bucket_width", () => usage.costs({ start_time: start, bucket_width: "1w" as "1d" })],
    ["group_by", () => usage.embeddings({ start_time: start, group_by: ["batch" as "model"] })],
    ["user_ids", () => usage.images({ start_time: start, user_ids: ["nobody"] })],
    ["sizes", () => usage.images({ start_time: start, sizes: ["256x256"] })],
    ["page", () => usage.vectorStores({ start_time: start, page: "page_1" })],
  ];
  for (const [param, send] of wrong) {
    await assert.rejects(send, (raised) => {
      assert.ok(raised instanceof OpenAI.BadRequestError, String(raised));
      assert.equal(raised.param, param);
      return true;
    });
  }
});

test("videos and latencies are Tollhouse's own", async () => {
  const options = { query: { start_time: start, bucket_width: "1h" }, headers: { authorization: `Bearer ${USAGE_ADMIN_KEY}` } };
  const videos = await client.get<Page>("/organization/usage/videos", options);
  assert.deepEqual([sum(videos, "milliseconds"), resultsOf(videos).length], [8_000, 1]);
  const latencies = await client.get<Page>("/organization/usage/latencies", options);
  for (const { latency } of resultsOf(latencies)) {
    const { p50, p99 } = latency as Record<string, { ms: number; min_ms: number; max_ms: number | null }>;
    assert.ok(p50 && p99 && p50.min_ms <= p50.ms && p50.ms <= p99.ms && p99.ms <= (p99.max_ms ?? Infinity));
  }
});

test("a page is CSV for those who accept it", async () => {
  const address = `${BASE_URL}/organization/usage/completions?start_time=${start}&group_by=model`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${USAGE_ADMIN_KEY}`, accept: "text/csv" } });
  assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
  const rows = parseCsv(await response.text());
  assert.equal(rows.reduce((total, row) => total + Number(row.input_tokens), 0), tokens.chatIn);
});

test("another organization's key reads none of it", async () => {
  const other = new OpenAI({ baseURL: BASE_URL, apiKey: READ_KEY, adminAPIKey: READ_KEY, maxRetries: 0 });
  const page = await other.admin.organization.usage.images({ start_time: start });
  assert.deepEqual(resultsOf(page), []);
});
