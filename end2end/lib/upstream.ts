import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { answer } from "./answers.ts";

/** A request that the mock provider received. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  authorization: string | undefined;
  body: Record<string, any>;
  /** The body as it arrived, in base 64. */
  raw: string;
}

/**
 * A mock provider with OpenAI's API. The model's name says how it behaves: `broken` fails, `busy` rejects, `silent` never
 * answers, `torn` ends its stream half-way; all others answer, and report the tokens of {@link usageOf}.
 */
export class Upstream {
  readonly requests: ReceivedRequest[] = [];
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.url = `http://127.0.0.1:${port}/v1`;
  }

  static async start(): Promise<Upstream> {
    let upstream: Upstream | undefined;
    const server = createServer((request, response) => void upstream?.answer(request, response));
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the mock provider has no port");
    upstream = new Upstream(server, address.port);
    return upstream;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, "close");
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const form = request.headers["content-type"]?.startsWith("multipart/");
    const body = form ? {} : JSON.parse(bytes.toString() || "{}");
    const path = request.url ?? "";
    const { headers, method = "" } = request;
    // The requests with this name in `x-test`, for the test that sent them.
    if (path.startsWith("/requests/")) return sendJson(response, 200, this.requests.filter(({ headers }) => `/requests/${headers["x-test"]}` === path));
    this.requests.push({ method, path, headers, authorization: headers.authorization, body, raw: bytes.toString("base64") });
    switch (body.model) {
      case "broken":
        return sendJson(response, 500, { error: { message: "It broke.", type: "server_error", param: null, code: "it_broke" } });
      case "busy":
        return sendJson(response, 429, { error: { message: "Too busy.", type: "rate_limit_error", param: null, code: "busy" } });
      case "silent":
        return;
    }
    if (path === "/v1/embeddings") return sendJson(response, 200, embeddings(body));
    if (path === "/v1/chat/completions" && body.stream) return sendStream(response, body);
    if (path === "/v1/chat/completions" && !body.store) return sendJson(response, 200, completion(body));
    return answer(response, method, path, body, bytes.toString("latin1"));
  }
}

/** The tokens that the mock provider reports for a request: made up, but equal for equal requests. */
export function usageOf(body: Record<string, any>): { prompt_tokens: number; cached_tokens: number; completion_tokens: number } {
  const length = JSON.stringify(body.messages ?? body.input).length;
  return { prompt_tokens: length + 7, cached_tokens: Math.floor(length / 3), completion_tokens: (length % 41) + 3 };
}

function usage(body: Record<string, any>) {
  const { prompt_tokens, cached_tokens, completion_tokens } = usageOf(body);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens },
  };
}

function completion(body: Record<string, any>) {
  const message = { role: "assistant", content: "Good evening.", refusal: null };
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: body.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
    usage: usage(body),
  };
}

function sendStream(response: ServerResponse, body: Record<string, any>): void {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: body.model };
  const send = (data: unknown, sent = () => {}) => response.write(`data: ${JSON.stringify(data)}\n\n`, sent);
  const choice = (delta: object, finish_reason: string | null = null) => [{ index: 0, delta, finish_reason }];
  response.writeHead(200, { "content-type": "text/event-stream" });
  const begin = { ...head, choices: choice({ role: "assistant", content: "Good " }) };
  if (body.model === "torn") {
    send(begin, () => response.destroy());
    return;
  }
  send(begin);
  send({ ...head, choices: choice({ content: "evening." }) });
  send({ ...head, choices: choice({}, "stop") });
  if (body.stream_options?.include_usage) send({ ...head, choices: [], usage: usage(body) });
  response.end("data: [DONE]\n\n");
}

function embeddings(body: Record<string, any>) {
  const inputs: unknown[] = Array.isArray(body.input) ? body.input : [body.input];
  const vector = [0.25, -0.5, 0.125];
  const bytes = Buffer.from(new Float32Array(vector).buffer).toString("base64");
  const embedding = body.encoding_format === "base64" ? bytes : vector;
  const { prompt_tokens } = usageOf(body);
  return {
    object: "list",
    model: body.model,
    data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
    usage: { prompt_tokens, total_tokens: prompt_tokens },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
