/** How long queries of the dashboard take, by HTTP, as the number of calls grows. */
import type { Session } from "../end2end/lib/session.ts";
import type { Demo } from "./demos.ts";
import { median, percentile, table } from "./table.ts";

/** How often each query is sent. */
export const TIMES = Number(process.env.BENCH_TIMES ?? "40");
/** Queries that take this many seconds together aren't sent as often, but at least this often. */
const ENOUGH = { seconds: 20, times: 10 };
/** The most that a query may take at ten million calls, compared with one million. */
const MAX_RATIO = 1.3;

export interface Times {
  times: number;
  median_ms: number;
  p95_ms: number;
  slowest_ms: number;
}

interface Row {
  database: string;
  query: string;
  target_ms: number;
  by_calls: (Times & { calls: number; note: string })[];
  /** Of the p95 at the most calls to that at the fewest, and likewise of the medians. */
  ratio: number;
  ratio_of_medians: number;
}

/** The server's answer to a query, whose times are measured without reading the JSON. */
export async function ask<T>(session: Session, path: string, input: object): Promise<{ answer: T; times: Times }> {
  const body = JSON.stringify({ organization: session.organization.slug, ...input });
  const headers = {
    "content-type": "application/json",
    origin: session.hub.url,
    cookie: `${session.cookie.name}=${session.cookie.value}`,
  };
  const times: number[] = [];
  let text = "";
  const started = performance.now();
  const isEnough = () => times.length >= ENOUGH.times && performance.now() - started > ENOUGH.seconds * 1000;
  while (times.length < TIMES && !isEnough()) {
    const begun = performance.now();
    const response = await fetch(`${session.hub.url}/api/${path}`, { method: "POST", headers, body });
    text = await response.text();
    times.push(performance.now() - begun);
    if (!response.ok) throw new Error(`${path} of ${body} was answered with ${response.status}: ${text}`);
  }
  return { answer: JSON.parse(text) as T, times: summary(times) };
}

export function summary(times: number[]): Times {
  return { times: times.length, median_ms: median(times), p95_ms: percentile(times, 0.95), slowest_ms: Math.max(...times) };
}

/** The times of each query on each database, for growing numbers of calls. */
export class Timings {
  readonly rows: Row[] = [];

  /** Adds what was measured; `note` says what is particular about the answer. */
  add({ database, calls }: Demo, query: string, target_ms: number, times: Times, note = ""): void {
    let row = this.rows.find((row) => row.database === database && row.query === query);
    if (!row) {
      row = { database, query, target_ms, by_calls: [], ratio: Number.NaN, ratio_of_medians: Number.NaN };
      this.rows.push(row);
    }
    row.by_calls.push({ calls, note, ...times });
    const [fewest, most] = [row.by_calls[0], row.by_calls.at(-1)];
    if (!fewest || !most || fewest === most) return;
    row.ratio = most.p95_ms / fewest.p95_ms;
    row.ratio_of_medians = most.median_ms / fewest.median_ms;
  }

  /** Prints a table for each database; `checksGrowth` says whether there is a target for the ratio too. */
  print(title: string, checksGrowth: boolean): void {
    for (const database of new Set(this.rows.map((row) => row.database))) {
      const rows = this.rows.filter((row) => row.database === database);
      const sizes = rows[0]?.by_calls.map(({ calls }) => calls) ?? [];
      table(
        `${title}, on ${database} (${TIMES} times, by HTTP)`,
        ["query", ...sizes.flatMap((calls) => [`${calls}: median ms`, "p95 ms"]), "ratio", "of medians", "target ms", ""],
        rows.map((row) => [
          row.query,
          ...row.by_calls.flatMap(({ median_ms, p95_ms }) => [median_ms.toFixed(1), p95_ms.toFixed(1)]),
          factor(row.ratio),
          factor(row.ratio_of_medians),
          row.target_ms,
          [verdict(row, checksGrowth), row.by_calls.at(-1)?.note].filter(Boolean).join("; "),
        ]),
      );
    }
  }
}

function factor(ratio: number): string {
  return Number.isNaN(ratio) ? "" : ratio.toFixed(2);
}

function verdict({ by_calls, target_ms, ratio }: Row, checksGrowth: boolean): string {
  const isSlow = (by_calls.at(-1)?.p95_ms ?? 0) > target_ms;
  const grows = checksGrowth && ratio > MAX_RATIO;
  return [isSlow && "missed", grows && "grows"].filter(Boolean).join(", ");
}
