import type { ServerResponse } from "node:http";

type Json = Record<string, unknown>;

/** The tokens that each answer in this file reports. */
export const USAGE = { input: 30, cached: 10, output: 12 };

const CREATED = 1_700_000_000;
const openAiUsage = {
  input_tokens: USAGE.input,
  input_tokens_details: { cached_tokens: USAGE.cached },
  output_tokens: USAGE.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: USAGE.input + USAGE.output,
};
const anthropicUsage = {
  input_tokens: USAGE.input - USAGE.cached,
  cache_read_input_tokens: USAGE.cached,
  cache_creation_input_tokens: 0,
  output_tokens: USAGE.output,
};
const completion = (model: unknown, id = "chatcmpl-kept") => ({
  id,
  object: "chat.completion",
  created: CREATED,
  model,
  choices: [{ index: 0, message: { role: "assistant", content: "Good evening.", refusal: null }, logprobs: null, finish_reason: "stop" }],
  usage: { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: USAGE.input + USAGE.output },
});
const response = (model: unknown, status = "completed") => ({
  id: "resp_1",
  object: "response",
  created_at: CREATED,
  status,
  model,
  error: null,
  output: [{ id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Good evening.", annotations: [] }] }],
  parallel_tool_calls: true,
  tool_choice: "auto",
  tools: [],
  usage: status === "completed" ? openAiUsage : null,
});
const message = (model: unknown, done: boolean) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model,
  content: done ? [{ type: "text", text: "Good evening." }] : [],
  stop_reason: done ? "end_turn" : null,
  stop_sequence: null,
  usage: done ? anthropicUsage : { ...anthropicUsage, output_tokens: 1 },
});
const file = { id: "file-1", object: "file", bytes: 7, created_at: CREATED, filename: "a.jsonl", purpose: "fine-tune", status: "processed" };
const video = (id: string) => ({ id, object: "video", created_at: CREATED, model: "film-x", status: "completed", progress: 100, seconds: "8", size: "720x1280" });
const job = (status: string) => ({
  id: "ftjob-1",
  object: "fine_tuning.job",
  created_at: CREATED,
  model: "tune-x",
  status,
  trained_tokens: status === "succeeded" ? 4_000 : null,
  training_file: "file-1",
  result_files: [],
  hyperparameters: {},
  organization_id: "org-1",
  seed: 1,
});
const list = (...data: Json[]) => ({ object: "list", data, has_more: false });

function sendEvents(answer: ServerResponse, named: boolean, all: Json[]): void {
  answer.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of all) answer.write(`${named ? `event: ${event.type}\n` : ""}data: ${JSON.stringify(event)}\n\n`);
  answer.end();
}

/** Answers as OpenAI and Anthropic do, with one object of each kind. `form` is the body where that is a form. */
export function answer(answer: ServerResponse, method: string, url: string, body: Json, form: string): void {
  const path = url.split("?")[0] ?? "";
  const sendJson = (document: unknown) => void answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
  const sendBytes = (content: string, type: string) => void answer.writeHead(200, { "content-type": type }).end(content);
  const { model, stream } = body;
  switch (`${method} ${path}`) {
    case "POST /v1/chat/completions":
    case "GET /v1/chat/completions/chatcmpl-kept":
    case "POST /v1/chat/completions/chatcmpl-kept":
      return sendJson(completion(model ?? "same-x"));
    case "GET /v1/chat/completions/chatcmpl-kept/messages":
      return sendJson(list({ id: "m", role: "user", content: "hello" }));
    case "DELETE /v1/chat/completions/chatcmpl-kept":
      return sendJson({ id: "chatcmpl-kept", object: "chat.completion.deleted", deleted: true });
    case "POST /v1/completions":
      return sendJson({ id: "cmpl-1", object: "text_completion", created: CREATED, model, choices: [{ text: "Good evening.", index: 0, finish_reason: "stop", logprobs: null }], usage: completion(model).usage });
    case "POST /v1/responses":
      if (!stream) return sendJson(response(model, body.background ? "queued" : "completed"));
      return sendEvents(answer, true, [
        { type: "response.created", sequence_number: 0, response: response(model, "in_progress") },
        { type: "response.output_text.delta", sequence_number: 1, item_id: "msg_1", output_index: 0, content_index: 0, delta: "Good evening.", logprobs: [] },
        { type: "response.completed", sequence_number: 2, response: response(model) },
      ]);
    case "GET /v1/responses/resp_1":
      return sendJson(response("same-x"));
    case "POST /v1/responses/resp_1/cancel":
      return sendJson(response("same-x", "cancelled"));
    case "GET /v1/responses/resp_1/input_items":
      return sendJson(list({ id: "msg_0", type: "message", role: "user", content: [] }));
    case "DELETE /v1/responses/resp_1":
      return sendJson({ id: "resp_1", object: "response", deleted: true });
    case "POST /v1/moderations":
      return sendJson({ id: "modr-1", model, results: [{ flagged: false, categories: {}, category_scores: {} }] });
    case "POST /v1/messages":
      if (!stream) return sendJson(message(model, true));
      return sendEvents(answer, true, [
        { type: "message_start", message: message(model, false) },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Good evening." } },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: USAGE.output } },
        { type: "message_stop" },
      ]);
    case "POST /v1/messages/count_tokens":
      return sendJson({ input_tokens: USAGE.input });
    case "POST /v1/images/generations":
    case "POST /v1/images/edits":
    case "POST /v1/images/variations":
      if (stream) return sendEvents(answer, true, [{ type: "image_generation.completed", b64_json: "AAAA", created_at: CREATED, usage: openAiUsage }]);
      return sendJson({ created: CREATED, data: [{ b64_json: "AAAA" }, { b64_json: "AAAA" }] });
    case "POST /v1/audio/speech":
      return sendBytes("sound".repeat(20_000), "audio/mpeg");
    case "POST /v1/audio/transcriptions":
    case "POST /v1/audio/translations":
      if (form.includes('name="response_format"\r\n\r\ntext')) return sendBytes("Good evening.\n", "text/plain");
      return sendJson({ text: "Good evening.", duration: 90, usage: { type: "duration", seconds: 90 } });
    case "POST /v1/files":
    case "GET /v1/files/file-1":
      return sendJson(file);
    case "GET /v1/files/file-1/content":
      return sendBytes("content", "application/octet-stream");
    case "DELETE /v1/files/file-1":
      return sendJson({ id: "file-1", object: "file", deleted: true });
    case "POST /v1/fine_tuning/jobs":
    case "POST /v1/fine_tuning/jobs/ftjob-1/resume":
      return sendJson(job("running"));
    case "POST /v1/fine_tuning/jobs/ftjob-1/pause":
      return sendJson(job("paused"));
    case "GET /v1/fine_tuning/jobs/ftjob-1":
    case "POST /v1/fine_tuning/jobs/ftjob-1/cancel":
      return sendJson(job("succeeded"));
    case "GET /v1/fine_tuning/jobs/ftjob-1/events":
      return sendJson(list({ id: "e", object: "fine_tuning.job.event", created_at: CREATED, level: "info", message: "It began." }));
    case "GET /v1/fine_tuning/jobs/ftjob-1/checkpoints":
      return sendJson(list());
    case "POST /v1/videos":
      return sendJson(video("video_1"));
    case "GET /v1/videos/video_1":
      return sendJson(video("video_1"));
    case "POST /v1/videos/video_1/remix":
      return sendJson(video("video_2"));
    case "GET /v1/videos/video_1/content":
      return sendBytes("film".repeat(20_000), "video/mp4");
    case "DELETE /v1/videos/video_1":
      return sendJson({ id: "video_1", object: "video.deleted", deleted: true });
    default:
      return void answer.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error: { message: "There is nothing here." } }));
  }
}
