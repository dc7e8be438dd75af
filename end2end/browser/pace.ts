import { pbkdf2Sync } from "node:crypto";

/** What the yardstick takes on a quiet machine, in milliseconds: measured on two cores of November 2026. */
const QUIET = 220;
/** Several tests run at once, so the machine is never quiet meanwhile. */
const CROWDED = 3;
/** With a browser slowed down, and answers held back. */
const UNSETTLED = 3;

/** Whether `scripts/test-steady` runs the tests: each browser is slowed down, and answers overtake each other. */
export const STEADY = process.env.TEST_STEADY !== undefined;

/** How much longer things may take than for somebody on a quiet machine. Measured once, for all processes of a run. */
const PACE = Number((process.env.TEST_PACE ??= String(CROWDED * measured() * (STEADY ? UNSETTLED : 1))));

/**
 * How long may be waited in tests for what takes `milliseconds` at most on a quiet machine, where `make bench` measures it.
 *
 * The room is there so that a busy machine fails no test; it is no measure of what is good enough for people.
 */
export function within(milliseconds: number): number {
  return Math.round(milliseconds * PACE);
}

function measured(): number {
  const began = performance.now();
  pbkdf2Sync("yardstick", "salt", 2_000_000, 32, "sha256");
  return Math.max(1, (performance.now() - began) / QUIET);
}
