import OpenAI from "openai";

import type { Hub } from "../lib/hub.ts";
import type { Usage } from "../lib/money.ts";

/** What the official client was told of one call. */
export interface Told extends Usage {
  requestId: string;
  at: number;
}

export function client(hub: Hub, secret: string): OpenAI {
  return new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: secret, maxRetries: 0 });
}

/** Calls the sandbox with OpenAI's own client. */
export async function call(hub: Hub, secret: string, content = "Hello"): Promise<Told> {
  const request = { model: "sandbox-1", messages: [{ role: "user" as const, content }] };
  const { data, response } = await client(hub, secret).chat.completions.create(request).withResponse();
  return told(response, data.usage);
}

/** The same, streamed. */
export async function callStreaming(hub: Hub, secret: string, content = "Hello"): Promise<Told> {
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
  return told(response, usage);
}

function told(response: Response, usage: OpenAI.CompletionUsage | null | undefined): Told {
  if (!usage) throw new Error("the client wasn't told of any usage");
  return {
    requestId: response.headers.get("x-request-id") ?? "",
    at: Date.now(),
    tokensIn: usage.prompt_tokens,
    cachedTokensIn: usage.prompt_tokens_details?.cached_tokens ?? 0,
    tokensOut: usage.completion_tokens,
  };
}
