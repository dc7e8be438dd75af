/**
 * Calls through the gateway, against nginx's bare `proxy_pass` to the same provider in the same run. Every call is
 * stored durably before it is answered. Rounds alternate, so that what else the machine does falls on both.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Hub } from "../end2end/lib/hub.ts";
import { end, freePort, run } from "../end2end/lib/process.ts";
import { Session } from "../end2end/lib/session.ts";
import { median, table } from "./table.ts";

/** How long the provider takes to answer, in milliseconds. */
const DELAYS = [0, 20];
const CONNECTIONS = [1, 16, 64];
const ROUNDS = 3;
const SECONDS = 3;
const PATH = "/v1/chat/completions";

/** What wrk measured in one round; times in microseconds. */
interface Round {
  requests: number;
  microseconds: number;
  p50: number;
  p99: number;
  failed: number;
}

interface Figures {
  calls_per_second: number;
  p50_us: number;
  p99_us: number;
}

interface Row {
  provider_ms: number;
  connections: number;
  nginx: Figures;
  tollhouse: Figures;
  ratio: number;
  added_p50_us: number;
  added_p99_us: number;
}

export async function gateway(): Promise<{ calls: Row[]; memory_mb: { idle: number; after: number } }> {
  const rows: Row[] = [];
  let memory = { idle: 0, after: 0 };
  for (const delay of DELAYS) {
    const stand = await Stand.set(delay);
    try {
      const idle = stand.memory();
      for (const connections of CONNECTIONS) rows.push(await stand.compare(connections));
      await stand.checkLog();
      if (delay === 0) memory = { idle, after: stand.memory() };
    } finally {
      await stand.clear();
    }
  }
  print(rows, memory);
  return { calls: rows, memory_mb: memory };
}

/** A provider, nginx and Tollhouse in front of it. */
class Stand {
  private readonly delay: number;
  private readonly folder = mkdtempSync(join(tmpdir(), "nginx-"));
  private readonly processes: ChildProcess[] = [];
  private hub!: Hub;
  private session!: Session;
  private nginx = "";
  private key = "";
  private answered = 0;

  private constructor(delay: number) {
    this.delay = delay;
  }

  static async set(delay: number): Promise<Stand> {
    const stand = new Stand(delay);
    const upstream = `127.0.0.1:${await freePort()}`;
    stand.spawn(required("BENCH_UPSTREAM"), [upstream, String(delay)]);
    await stand.startNginx(upstream);
    await stand.startHub(upstream);
    return stand;
  }

  /** Medians of alternating rounds. */
  async compare(connections: number): Promise<Row> {
    const rounds: { nginx: Round[]; tollhouse: Round[] } = { nginx: [], tollhouse: [] };
    await this.load(this.hub.url, connections, 1); // warms caches and connections up
    for (let round = 0; round < ROUNDS; round++) {
      rounds.nginx.push(await this.load(this.nginx, connections));
      rounds.tollhouse.push(await this.load(this.hub.url, connections));
    }
    const [nginx, tollhouse] = [figures(rounds.nginx), figures(rounds.tollhouse)];
    return {
      provider_ms: this.delay,
      connections,
      nginx,
      tollhouse,
      ratio: tollhouse.calls_per_second / nginx.calls_per_second,
      added_p50_us: tollhouse.p50_us - nginx.p50_us,
      added_p99_us: tollhouse.p99_us - nginx.p99_us,
    };
  }

  /** Whether no call is lost; those that wrk hung up on at a round's end are there too. */
  async checkLog(): Promise<void> {
    const report = await this.session.ask<{ total: { calls: number } }>("usage/report", { query: { range: "7d" } });
    if (report.total.calls < this.answered) {
      throw new Error(`${this.answered} calls were answered, but only ${report.total.calls} are in the log`);
    }
  }

  /** The server's resident memory, in megabytes. */
  memory(): number {
    const status = readFileSync(`/proc/${this.hub.pid}/status`, "utf8");
    return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
  }

  async clear(): Promise<void> {
    await this.hub?.stop();
    for (const process of this.processes) await end(process);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startNginx(upstream: string): Promise<void> {
    const listen = `127.0.0.1:${await freePort()}`;
    const file = join(this.folder, "nginx.conf");
    const template = readFileSync(join(import.meta.dirname, "nginx.conf"), "utf8");
    writeFileSync(file, template.replaceAll("FOLDER", this.folder).replace("UPSTREAM", upstream).replace("LISTEN", listen));
    this.spawn("nginx", ["-p", this.folder, "-c", file]);
    this.nginx = `http://${listen}`;
    await answers(this.nginx + PATH);
  }

  private async startHub(upstream: string): Promise<void> {
    this.hub = await Hub.start(`
      [[provider]]
      name = "upstream"
      kind = "openai"
      base_url = "http://${upstream}/v1"

      [[model]]
      name = "bench"
      providers = ["upstream"]
      service = "chat"
      [model.price]
      input_per_million = "0.25"
      output_per_million = "2.00"
    `);
    const organization = await this.hub.organization();
    this.key = (await this.hub.key(organization)).secret;
    this.session = await Session.signIn(this.hub, organization);
  }

  private async load(url: string, connections: number, seconds = SECONDS): Promise<Round> {
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", join(import.meta.dirname, "chat.lua"), url + PATH];
    const output = await run("wrk", args, { env: { ...process.env, KEY: this.key } });
    const round = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Round;
    if (round.failed > 0) throw new Error(`${round.failed} of ${round.requests} calls to ${url} failed`);
    if (url === this.hub.url) this.answered += round.requests;
    return round;
  }

  private spawn(program: string, args: string[]): void {
    this.processes.push(spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] }));
  }
}

/** Waits until something at `url` answers. */
async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(url, { method: "POST", body: "{}" }).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${url}`);
}

function figures(rounds: Round[]): Figures {
  return {
    calls_per_second: Math.round(median(rounds.map(({ requests, microseconds }) => (requests / microseconds) * 1e6))),
    p50_us: median(rounds.map(({ p50 }) => p50)),
    p99_us: median(rounds.map(({ p99 }) => p99)),
  };
}

function print(rows: Row[], memory: { idle: number; after: number }): void {
  const milliseconds = (microseconds: number) => (microseconds / 1000).toFixed(2);
  table(
    `The gateway beside nginx's bare proxy_pass: calls a second, and latency in ms (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
    ["provider, connections", "nginx/s", "tollhouse/s", "ratio", "nginx p50", "p99", "tollhouse p50", "p99", "added p50", "p99"],
    rows.map(({ provider_ms, connections, nginx, tollhouse, ratio, added_p50_us, added_p99_us }) => [
      `${provider_ms} ms, ${connections}`,
      nginx.calls_per_second,
      tollhouse.calls_per_second,
      ratio.toFixed(2),
      ...[nginx.p50_us, nginx.p99_us, tollhouse.p50_us, tollhouse.p99_us, added_p50_us, added_p99_us].map(milliseconds),
    ]),
  );
  console.log(`The server's memory: ${memory.idle} MB idle, ${memory.after} MB after the load\n`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} isn't set: make bench sets it`);
  return value;
}
