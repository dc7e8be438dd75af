import { pbkdf2Sync } from "node:crypto";

/** How long `measureSlowness` hashes on a quiet machine, in milliseconds: measured on two cores in November 2026. */
const QUIET_DURATION = 220;
/** How many times longer things take while several tests run at once. */
const PARALLEL_FACTOR = 3;
/** How many times longer things take while `unsettle` slows the browser down and holds answers back. */
const STEADY_FACTOR = 3;

/** Whether `scripts/test-steady` runs the tests: each browser is slowed down, and answers overtake each other. */
export const STEADY = process.env.TEST_STEADY !== undefined;

/** How many times longer things may take than on a quiet machine. Measured once, for all processes of a run. */
const TIMEOUT_FACTOR = Number((process.env.TEST_PACE ??= String(PARALLEL_FACTOR * measureSlowness() * (STEADY ? STEADY_FACTOR : 1))));

/**
 * Extends the `milliseconds` that something may take on a quiet machine, so that a busy machine fails no test.
 *
 * Whether the product is fast enough for people is measured by `make bench`, not by these timeouts.
 */
export function scaleTimeout(milliseconds: number): number {
  return Math.round(milliseconds * TIMEOUT_FACTOR);
}

/** Returns how many times slower than a quiet machine this one is, at least 1. */
function measureSlowness(): number {
  const began = performance.now();
  pbkdf2Sync("yardstick", "salt", 2_000_000, 32, "sha256");
  return Math.max(1, (performance.now() - began) / QUIET_DURATION);
}
