import type { CreatedKey } from "../lib/hub.ts";
import type { Session } from "../lib/session.ts";
import { expect } from "./fixtures.ts";

/** Largest number of events that a request may have. */
const MAX_BATCH = 10_000;

/** Reports `count` calls of a key, one second after another up to now; `data` says what is special about each. */
export async function reportCalls(owner: Session, key: CreatedKey, count: number, data: (number: number) => object = () => ({})): Promise<void> {
  const { hub, organization } = owner;
  const { secret } = await hub.createKey(organization, "admin", "--scope", "events.write");
  const end = Date.now();
  const event = (number: number) => ({
    specversion: "1.0",
    id: `${end}-${number}`,
    source: "/tests",
    type: "tollhouse.call",
    time: new Date(end - (count - number) * 1_000).toISOString(),
    data: { api_key_id: key.id, endpoint: "/v1/chat/completions", model: "gpt-x", duration_ms: 120, input_tokens: 10, ...data(number) },
  });
  for (let first = 0; first < count; first += MAX_BATCH) {
    const length = Math.min(MAX_BATCH, count - first);
    const response = await fetch(`${hub.url}/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/cloudevents-batch+json" },
      body: JSON.stringify(Array.from({ length }, (_, number) => event(first + number))),
    });
    expect(await response.json()).toMatchObject({ new: length });
  }
}
