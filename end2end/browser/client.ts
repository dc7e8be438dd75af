import OpenAI from "openai";

import type { Hub } from "../lib/hub.ts";
import type { Usage } from "../lib/money.ts";

/** One call, as the official client reads it. */
export interface ClientCall extends Usage {
  requestId: string;
  at: number;
}

export function client(hub: Hub, secret: string): OpenAI {
  return new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: secret, maxRetries: 0 });
}

/** Calls the sandbox with OpenAI's client. */
export async function call(hub: Hub, secret: string, content = "Hello"): Promise<ClientCall> {
  const request = { model: "sandbox-1", messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  return readCall(response, data.usage);
}

/** Calls the sandbox with OpenAI's client, and reads the answer as a stream. */
export async function callStreaming(hub: Hub, secret: string, content = "Hello"): Promise<ClientCall> {
  const { data, response } = await client(hub, secret)
    .chat.completions.create({
      model: "sandbox-1",
      messages: [{ role: "user", content }],
      stream: true,
      stream_options: { include_usage: true },
    })
    .withResponse();
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of data) usage = chunk.usage ?? usage;
  return readCall(response, usage);
}

function readCall(response: Response, usage: OpenAI.CompletionUsage | null | undefined): ClientCall {
  if (!usage) throw new Error("the answer reports no usage");
  return {
    requestId: response.headers.get("x-request-id") ?? "",
    at: Date.now(),
    tokensIn: usage.prompt_tokens,
    cachedTokensIn: usage.prompt_tokens_details?.cached_tokens ?? 0,
    tokensOut: usage.completion_tokens,
  };
}
