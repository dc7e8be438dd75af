import assert from "node:assert/strict";

import { parseCsv } from "../lib/csv.ts";
import { cost, parseDollars, sumDollars, type Usage } from "../lib/money.ts";
import type { Session } from "../lib/session.ts";
import { PRICES } from "./configuration.ts";

/** One call, as a client read it and the tests note it. */
export interface CallNote extends Usage {
  requestId: string;
  model: string;
}

/** Checks that Tollhouse recorded exactly the calls that clients noted, with their tokens and costs. */
export async function reconcile(notes: CallNote[], session: Session): Promise<void> {
  const calls = parseCsv(await session.exportCsv("calls", { outcome: "succeeded" }));
  const recorded = new Map(calls.map((call) => [call.request_id, call]));
  assert.equal(calls.length, notes.length, "as many calls in the log as clients made");

  let spend = 0n;
  for (const { requestId, model, ...usage } of notes) {
    const price = PRICES[model];
    assert.ok(price, `${model} has a price`);
    const expected = cost(price, usage);
    spend += expected;
    const call = recorded.get(requestId);
    assert.ok(call, `${requestId} is in the log`);
    assert.deepEqual(
      [call.model, call.tokens_in, call.cached_tokens_in, call.tokens_out, parseDollars(call.cost_usd ?? "")],
      [model, `${usage.tokensIn}`, `${usage.cachedTokensIn}`, `${usage.tokensOut}`, expected],
      `${requestId}: the log and the client agree`,
    );
  }

  const rows = parseCsv(await session.exportCsv("usage", { range: "7d" }));
  const total = sumDollars(rows.map((row) => row.spend_usd));
  assert.equal(total, spend, "the chart's spend is the sum of what the calls cost");
  console.log(`${notes.length} calls: tokens and costs in the log and the chart equal what the clients read`);
}
