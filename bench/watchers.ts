/**
 * Open dashboards on one page, as a process of their own. Its first line of input is their JSON, and it prints what they have done once all
 * are connected and after each further line, until its input ends.
 *
 * A dashboard does what the browser's does (app/src/state/live.rs): it has a WebSocket, and after a message about a new call it repeats
 * its page's queries, at most once a second.
 */
import { createInterface } from "node:readline";

import { median } from "./table.ts";

/** The queries that each page repeats, as it is opened without a choice. */
const QUERIES: Record<string, [path: string, input: object][]> = {
  overview: [["overview/get", {}]],
  usage: [["usage/report", { query: {} }]],
  logs: [
    ["calls/list", { query: {} }],
    ["calls/activity", { query: { time_zone: "Europe/Berlin" } }],
    ["calls/facets", { query: {} }],
  ],
};
const MIN_REFRESH_INTERVAL_MS = 1_000;

/** What dashboards have done so far. */
export interface Watched {
  messages: number;
  queries: number;
  failed: number;
  median_ms: number;
}

interface Input {
  url: string;
  slug: string;
  page: string;
  /** Of each dashboard's session. */
  cookies: string[];
}

const times: number[] = [];
let [messages, failed] = [0, 0];

async function open({ url, slug, page }: Input, cookie: string): Promise<void> {
  const headers = { cookie, origin: url };
  let [isOver, hasNews] = [true, false];
  const refresh = () => {
    if (!isOver || !hasNews) return;
    [isOver, hasNews] = [false, false];
    setTimeout(() => {
      isOver = true;
      refresh();
    }, MIN_REFRESH_INTERVAL_MS);
    for (const [path, input] of QUERIES[page] ?? []) void query(`${url}/api/${path}`, headers, { organization: slug, ...input });
  };
  // Node's own option, which browsers don't have.
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/live?organization=${slug}`, { headers } as unknown as string[]);
  socket.addEventListener("message", ({ data }) => {
    messages++;
    hasNews ||= "latest" in (JSON.parse(String(data)) as object);
    refresh();
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("a dashboard has no connection")));
  });
  socket.addEventListener("close", () => failed++);
}

async function query(url: string, headers: Record<string, string>, input: object): Promise<void> {
  const begun = performance.now();
  const init = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(input) };
  const isAnswered = await fetch(url, init).then(async (response) => (await response.arrayBuffer(), response.ok), () => false);
  times.push(performance.now() - begun);
  if (!isAnswered) failed++;
}

let isOpen = false;
for await (const line of createInterface(process.stdin)) {
  if (!isOpen) {
    const input = JSON.parse(line) as Input;
    await Promise.all(input.cookies.map((cookie) => open(input, cookie)));
    isOpen = true;
  }
  console.log(JSON.stringify({ messages, queries: times.length, failed, median_ms: median(times) } satisfies Watched));
}
process.exit();
