/**
 * What a hundred open dashboards cost the server while 500 calls a second pass through it. Each is a browser
 * on one page of the same organization. Rounds alternate, so that what else the machine does falls on all of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Hub, type Organization } from "../end2end/lib/hub.ts";
import { end, findFreePort } from "../end2end/lib/process.ts";
import { Session } from "../end2end/lib/session.ts";
import { settle } from "./demos.ts";
import { answers, configuration, PATH, required, start, type Target } from "./stand.ts";
import { median, table } from "./table.ts";
import type { Watched } from "./watchers.ts";

const ROUNDS = 3;
const SECONDS = Number(process.env.BENCH_SECONDS ?? "20");
/** Until all dashboards have loaded what they show. */
const WARM_UP_SECONDS = 3;
const DASHBOARDS = Number(process.env.BENCH_DASHBOARDS ?? "100");
/** Sessions that a user may have: each has some of the dashboards. */
const MAX_SESSIONS = 50;
const CALLS_PER_SECOND = 500;
/** How long the provider takes, in milliseconds. */
const DELAY = 20;
/** Calls that the organization has at first. */
const CALLS = Number(process.env.BENCH_DASHBOARD_CALLS ?? "1000000");
/** The most that the dashboards may take, in cores. */
const TARGET = 0.1;
const PAGES = ["none", "overview", "usage", "logs"] as const;

interface Row {
  page: (typeof PAGES)[number];
  /** Of the server's computing. */
  cores: number;
  added_cores: number;
  calls_per_second: number;
  /** The dashboards' queries. */
  queries_per_second: number;
  query_median_ms: number;
  messages_per_second: number;
}

type Round = Omit<Row, "page" | "added_cores">;

export async function dashboards(): Promise<Row[]> {
  const upstream = `127.0.0.1:${await findFreePort()}`;
  const provider = start(required("BENCH_UPSTREAM"), [upstream, String(DELAY)]);
  let demo: Organization | undefined;
  const hub = await Hub.start(configuration(upstream), {}, async (hub) => {
    demo = await hub.runCommand(["demo", "--calls", String(CALLS)]);
  });
  try {
    if (!demo) throw new Error("there is no demo");
    await settle(hub);
    const target = { url: hub.url, headers: { authorization: `Bearer ${(await hub.createKey(demo)).secret}` } };
    await answers(target);
    const sessions: Session[] = [];
    for (let number = 0; number < Math.min(DASHBOARDS, MAX_SESSIONS); number++) sessions.push(await Session.signIn(hub, demo));
    const callers = new Callers(target);
    const rounds = new Map<Row["page"], Round[]>(PAGES.map((page) => [page, []]));
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const page of PAGES) rounds.get(page)?.push(await measure(hub, callers, page, page === "none" ? [] : sessions));
      }
    } finally {
      await callers.stop();
    }
    const rows = summarize(rounds);
    print(rows);
    return rows;
  } finally {
    await hub.stop();
    await end(provider);
  }
}

async function measure(hub: Hub, callers: Callers, page: Row["page"], sessions: Session[]): Promise<Round> {
  const watchers = sessions.length > 0 ? await Watchers.open(hub, page, sessions) : undefined;
  await pause(WARM_UP_SECONDS);
  const before = { at: performance.now(), seconds: hub.processorSeconds(), calls: callers.answered, watched: await watchers?.count() };
  await pause(SECONDS);
  const seconds = (performance.now() - before.at) / 1000;
  const cores = (hub.processorSeconds() - before.seconds) / seconds;
  const calls = callers.answered - before.calls;
  const watched = await watchers?.count();
  await watchers?.close();
  if (watched?.failed) throw new Error(`${watched.failed} of the dashboards' queries failed`);
  if (callers.failed > 0) throw new Error(`${callers.failed} calls failed`);
  return {
    cores,
    calls_per_second: calls / seconds,
    queries_per_second: ((watched?.queries ?? 0) - (before.watched?.queries ?? 0)) / seconds,
    query_median_ms: watched?.median_ms ?? Number.NaN,
    messages_per_second: ((watched?.messages ?? 0) - (before.watched?.messages ?? 0)) / seconds,
  };
}

function summarize(rounds: Map<Row["page"], Round[]>): Row[] {
  const of = (page: Row["page"], figure: (round: Round) => number) => median((rounds.get(page) ?? []).map(figure));
  const without = of("none", ({ cores }) => cores);
  return PAGES.map((page) => ({
    page,
    cores: of(page, ({ cores }) => cores),
    added_cores: of(page, ({ cores }) => cores) - without,
    calls_per_second: of(page, (round) => round.calls_per_second),
    queries_per_second: of(page, (round) => round.queries_per_second),
    query_median_ms: of(page, (round) => round.query_median_ms),
    messages_per_second: of(page, (round) => round.messages_per_second),
  }));
}

function print(rows: Row[]): void {
  table(
    `${DASHBOARDS} open dashboards under ${CALLS_PER_SECOND} calls/s, over ${CALLS} calls (medians of ${ROUNDS} rounds of ${SECONDS} s; the target is ${TARGET} cores more)`,
    ["page", "cores", "more", "calls/s", "messages/s", "queries/s", "median ms", ""],
    rows.map((row) => [
      row.page,
      row.cores.toFixed(3),
      row.added_cores.toFixed(3),
      ...[row.calls_per_second, row.messages_per_second, row.queries_per_second].map((rate) => rate.toFixed(0)),
      Number.isNaN(row.query_median_ms) ? "" : row.query_median_ms.toFixed(1),
      row.added_cores > TARGET ? "missed" : "",
    ]),
  );
}

/** Calls at a steady rate, whether or not earlier ones have ended. */
class Callers {
  answered = 0;
  failed = 0;
  private sent = 0;
  private readonly begun = performance.now();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 128 });
  private readonly timer: NodeJS.Timeout;
  private readonly target: Target;

  constructor(target: Target) {
    this.target = target;
    this.timer = setInterval(() => this.catchUp(), 5);
  }

  /** Stops once all calls have ended. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    while (this.answered + this.failed < this.sent) await pause(0.05);
    this.agent.destroy();
  }

  private catchUp(): void {
    const due = ((performance.now() - this.begun) / 1000) * CALLS_PER_SECOND;
    while (this.sent < due) this.call();
  }

  private call(): void {
    this.sent++;
    const body = JSON.stringify({ model: "bench", messages: [{ role: "user", content: "?" }] });
    const headers = { "content-type": "application/json", "content-length": body.length, ...this.target.headers };
    const fail = () => this.failed++;
    const call = request(this.target.url + PATH, { method: "POST", agent: this.agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? this.answered++ : fail()));
      answer.on("error", fail);
    });
    call.on("error", fail);
    call.end(body);
  }
}

/** The process with the dashboards, whose own computing isn't the server's. */
class Watchers {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.child = child;
    this.lines = lines;
  }

  /** Opens the dashboards, with these sessions by turns. */
  static async open(hub: Hub, page: string, sessions: Session[]): Promise<Watchers> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "watchers.ts")], { stdio: ["pipe", "pipe", "inherit"] });
    const watchers = new Watchers(child, createInterface(child.stdout)[Symbol.asyncIterator]());
    const cookies = Array.from({ length: DASHBOARDS }, (_, number) => {
      const { cookie } = sessions[number % sessions.length]!;
      return `${cookie.name}=${cookie.value}`;
    });
    child.stdin.write(`${JSON.stringify({ url: hub.url, slug: sessions[0]?.organization.slug, page, cookies })}\n`);
    await watchers.read();
    return watchers;
  }

  /** What all of them have done so far. */
  async count(): Promise<Watched> {
    this.child.stdin?.write("\n");
    return this.read();
  }

  async close(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.stdin?.end();
    await ended;
  }

  private async read(): Promise<Watched> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the dashboards' process ended");
    return JSON.parse(value) as Watched;
  }
}

async function pause(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
