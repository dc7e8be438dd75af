import { expect } from "@playwright/test";

import { scaleTimeout } from "./pace.ts";

/** How long a change may take until it is applied everywhere, in milliseconds. */
const CHANGE_TIMEOUT = 1_000;

/**
 * Retries until a change that was just made is applied: until `attempt` returns a value, which this returns.
 * An attempt that begins a second or more after the change must succeed.
 */
export async function retryUntilApplied<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const changedAt = Date.now();
  for (;;) {
    const beganAt = Date.now();
    const result = await attempt();
    if (result !== undefined) return result;
    expect(beganAt - changedAt, "the change is applied within a second").toBeLessThan(scaleTimeout(CHANGE_TIMEOUT));
  }
}
