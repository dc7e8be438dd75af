import assert from "node:assert/strict";

import { parseCsv } from "../lib/csv.ts";
import { cost, nanos, type Usage } from "../lib/money.ts";
import type { Session } from "../lib/session.ts";
import { PRICES } from "./configuration.ts";

/** What a client was told of one call. */
export interface Told extends Usage {
  requestId: string;
  model: string;
}

/** Checks that Tollhouse recorded just the calls that clients were told of, with their tokens, at their cost. */
export async function reconcile(told: Told[], session: Session): Promise<void> {
  const calls = parseCsv(await session.csv("calls", { outcome: "succeeded" }));
  const recorded = new Map(calls.map((call) => [call.request_id, call]));
  assert.equal(calls.length, told.length, "as many calls in the log as clients made");

  let spend = 0n;
  for (const { requestId, model, ...usage } of told) {
    const price = PRICES[model];
    assert.ok(price, `${model} has a price`);
    const expected = cost(price, usage);
    spend += expected;
    const call = recorded.get(requestId);
    assert.ok(call, `${requestId} is in the log`);
    assert.deepEqual(
      [call.model, call.tokens_in, call.cached_tokens_in, call.tokens_out, nanos(call.cost_usd ?? "")],
      [model, `${usage.tokensIn}`, `${usage.cachedTokensIn}`, `${usage.tokensOut}`, expected],
      `${requestId}: the log and the client agree`,
    );
  }

  const total = parseCsv(await session.csv("usage", { range: "7d" })).at(-1);
  assert.equal(nanos(total?.spend_usd ?? ""), spend, "the chart's spend is the sum of what the calls cost");
  console.log(`${told.length} calls: tokens and costs in the log and the chart equal what the clients were told`);
}
