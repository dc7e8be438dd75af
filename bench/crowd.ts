/** What a paying client notices of strangers and of a careless neighbour: nothing is the aim, twice the quiet p99 the limit. */
import { join } from "node:path";

import { Hub } from "../end2end/lib/hub.ts";
import { end, findFreePort } from "../end2end/lib/process.ts";
import { answers, configuration, PATH, required, start, type Target } from "./stand.ts";
import { median, table } from "./table.ts";

const ROUNDS = 3;
const SECONDS = 20;
/** The client's calls at once. */
const CALLERS = 8;
/** How long the provider takes, in milliseconds. */
const DELAY = 20;

interface Figures {
  calls: number;
  p50_ms: number;
  p99_ms: number;
}

export async function crowd(): Promise<{ quiet: Figures; crowded: Figures; ratio_p99: number; most_memory_mb: number }> {
  const upstream = `127.0.0.1:${await findFreePort()}`;
  const provider = start(required("BENCH_UPSTREAM"), [upstream, String(DELAY)]);
  const hub = await Hub.start(`${configuration(upstream)}\n[sign_up]\nopen = true\n`);
  try {
    const [paying, neighbour] = [await hub.createOrganization(), await hub.createOrganization()];
    const target = { url: hub.url, headers: { authorization: `Bearer ${(await hub.createKey(paying)).secret}` } };
    const other = (await hub.createKey(neighbour)).secret;
    await answers(target);
    await round(target, 3); // warms caches and connections up
    const [quiet, crowded]: [Figures[], Figures[]] = [[], []];
    for (let number = 0; number < ROUNDS; number++) {
      quiet.push(await round(target, SECONDS));
      const strangers = start(process.execPath, [join(import.meta.dirname, "strangers.ts"), new URL(hub.url).port, other]);
      try {
        await round(target, 5); // until all of them are there
        crowded.push(await round(target, SECONDS));
      } finally {
        await end(strangers);
      }
    }
    const result = {
      quiet: medians(quiet),
      crowded: medians(crowded),
      ratio_p99: medians(crowded).p99_ms / medians(quiet).p99_ms,
      most_memory_mb: hub.memory().most,
    };
    table(
      `A paying client's calls, ${CALLERS} at once, beside 500 silent connections, 50 refused sign-ups a second and 20 unfinished uploads of 30 MB`,
      ["", "calls/s", "p50 ms", "p99 ms"],
      ([["quiet", result.quiet], ["crowded", result.crowded]] as const).map(([what, { calls, p50_ms, p99_ms }]) => [
        what,
        Math.round(calls / SECONDS),
        p50_ms.toFixed(1),
        p99_ms.toFixed(1),
      ]),
    );
    console.log(`p99 ${result.ratio_p99.toFixed(2)} times the quiet one; the server took ${result.most_memory_mb} MB at most\n`);
    return result;
  } finally {
    await hub.stop();
    await end(provider);
  }
}

/** Calls for so many seconds; each caller waits for its answer before it calls again. */
async function round(target: Target, seconds: number): Promise<Figures> {
  const body = JSON.stringify({ model: "bench", messages: [{ role: "user", content: "?" }] });
  const headers = { "content-type": "application/json", ...target.headers };
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  const caller = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      const answer = await fetch(target.url + PATH, { method: "POST", body, headers });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`a paying client's call was answered with ${answer.status}`);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { calls: times.length, p50_ms: at(0.5), p99_ms: at(0.99) };
}

function medians(rounds: Figures[]): Figures {
  const of = (figure: (round: Figures) => number) => median(rounds.map(figure));
  return { calls: of(({ calls }) => calls), p50_ms: of(({ p50_ms }) => p50_ms), p99_ms: of(({ p99_ms }) => p99_ms) };
}

