import { expect } from "@playwright/test";

import { within } from "./pace.ts";

/** How long a change may take until it holds, in milliseconds. */
const HOLDS_WITHIN = 1_000;

/** Tries until what was just changed holds, and gives what the attempt then gave. What begins a second later must succeed. */
export async function untilItHolds<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const changed = Date.now();
  for (;;) {
    const began = Date.now();
    const given = await attempt();
    if (given !== undefined) return given;
    expect(began - changed, "it holds within a second").toBeLessThan(within(HOLDS_WITHIN));
  }
}
