/** A provider, and what stands in front of it: nginx's bare `proxy_pass` and Tollhouse. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Hub } from "../end2end/lib/hub.ts";
import { end, findFreePort, run } from "../end2end/lib/process.ts";
import { Session } from "../end2end/lib/session.ts";
import { median } from "./table.ts";

export const ROUNDS = 3;
export const SECONDS = 3;
export const PATH = "/v1/chat/completions";

/** Whatever can be asked for a chat completion. */
export interface Target {
  url: string;
  headers?: Record<string, string>;
  /** Whether some calls may fail, or take longer than wrk waits, without ending the benchmark. */
  mayFail?: boolean;
}

/** What wrk measured in one round; times in microseconds. */
export interface Round {
  requests: number;
  microseconds: number;
  p50: number;
  p99: number;
  failed: number;
}

/** Of whole answers. */
export interface Figures {
  calls_per_second: number;
  p50_us: number;
  p99_us: number;
  /** Calls that failed, in all rounds. */
  failed: number;
}

/** What `bench-streams` measured in one round. */
interface StreamRound {
  streams: number;
  tokens: number;
  failed: number;
  microseconds: number;
  first_byte_p50: number;
  first_byte_p99: number;
}

/** Of streamed answers. */
export interface StreamFigures {
  tokens_per_second: number;
  first_byte_p50_us: number;
  first_byte_p99_us: number;
}

export class Stand {
  readonly nginx: Target;
  readonly tollhouse: Target;
  readonly upstream: string;
  private readonly folder: string;
  private readonly hub: Hub;
  private readonly session: Session;
  private readonly processes: ChildProcess[];
  private answered = 0;

  private constructor(parts: Pick<Stand, "nginx" | "tollhouse" | "upstream"> & { folder: string; hub: Hub; session: Session; processes: ChildProcess[] }) {
    this.nginx = parts.nginx;
    this.tollhouse = parts.tollhouse;
    this.upstream = parts.upstream;
    this.folder = parts.folder;
    this.hub = parts.hub;
    this.session = parts.session;
    this.processes = parts.processes;
  }

  /** With a provider that takes `delay` milliseconds; `bodies` says whether requests and answers are kept. */
  static async set(delay: number, bodies = false): Promise<Stand> {
    const folder = mkdtempSync(join(tmpdir(), "stand-"));
    const upstream = `127.0.0.1:${await findFreePort()}`;
    const processes = [start(required("BENCH_UPSTREAM"), [upstream, String(delay)])];
    const listen = `127.0.0.1:${await findFreePort()}`;
    const file = join(folder, "nginx.conf");
    const template = readFileSync(join(import.meta.dirname, "nginx.conf"), "utf8");
    writeFileSync(file, template.replaceAll("FOLDER", folder).replace("UPSTREAM", upstream).replace("LISTEN", listen));
    processes.push(start("nginx", ["-p", folder, "-c", file]));
    const nginx = { url: `http://${listen}` };
    await answers(nginx);
    const hub = await Hub.start(configuration(upstream));
    const organization = await hub.createOrganization();
    await hub.runCommand(["org", "bodies", "--org", organization.slug, "--days", bodies ? "30" : "off"]);
    const key = (await hub.createKey(organization)).secret;
    const session = await Session.signIn(hub, organization);
    const tollhouse = { url: hub.url, headers: { authorization: `Bearer ${key}` } };
    return new Stand({ nginx, tollhouse, upstream, folder, hub, session, processes });
  }

  /** Whole answers: medians of rounds in which all of `targets` take turns. */
  async compare<T extends Target[]>(connections: number, ...targets: T): Promise<{ [I in keyof T]: Figures }> {
    const rounds: Round[][] = targets.map(() => []);
    for (const target of targets) await this.load(target, connections, 1); // warms caches and connections up
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, target] of targets.entries()) rounds[index]?.push(await this.load(target, connections));
    }
    return rounds.map(figures) as { [I in keyof T]: Figures };
  }

  /** The same with streamed answers. */
  async compareStreams<T extends Target[]>(connections: number, ...targets: T): Promise<{ [I in keyof T]: StreamFigures }> {
    const rounds: StreamRound[][] = targets.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, target] of targets.entries()) rounds[index]?.push(await this.streams(target, connections));
    }
    return rounds.map(streamFigures) as { [I in keyof T]: StreamFigures };
  }

  /** Whether no call is lost; those that were hung up on at a round's end are there too. */
  async checkLog(): Promise<void> {
    const report = await this.session.invoke<{ total: { calls: number } }>("usage/report", { query: { range: "7d" } });
    if (report.total.calls < this.answered) {
      throw new Error(`${this.answered} calls were answered, but only ${report.total.calls} are in the log`);
    }
  }

  /** Tollhouse's resident memory, and the most it was, in megabytes. */
  memory(): { now: number; most: number } {
    return this.hub.memory();
  }

  async clear(): Promise<void> {
    await this.hub.stop();
    for (const process of this.processes) await end(process);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async load(target: Target, connections: number, seconds = SECONDS): Promise<Round> {
    const round = await load(target, connections, seconds);
    if (round.failed > 0 && !target.mayFail) throw new Error(`${round.failed} of ${round.requests} calls to ${target.url} failed`);
    if (target === this.tollhouse) this.answered += round.requests;
    return round;
  }

  private async streams(target: Target, connections: number): Promise<StreamRound> {
    const args = [new URL(target.url).host, String(connections), String(SECONDS)];
    const KEY = target.headers?.authorization?.replace("Bearer ", "") ?? "";
    const round = JSON.parse(await run(required("BENCH_STREAMS"), args, { env: { ...process.env, KEY } })) as StreamRound;
    if (round.failed > 0) throw new Error(`${round.failed} streams of ${target.url} broke off`);
    if (target === this.tollhouse) this.answered += round.streams;
    return round;
  }
}

/** Asks `target` for chat completions, as fast as it answers them over these connections. */
export async function load(target: Target, connections: number, seconds: number): Promise<Round> {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", join(import.meta.dirname, "chat.lua"), target.url + PATH];
  const headers = Object.entries(target.headers ?? {}).map(([name, value]) => `${name}\t${value}\n`).join("");
  const output = await run("wrk", args, { env: { ...process.env, HEADERS: headers } });
  return JSON.parse(output.trim().split("\n").at(-1) ?? "") as Round;
}

/** Starts a program that runs until it is ended. */
export function start(program: string, args: string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(program, args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...environment } });
}

/** Waits until `target` answers a chat completion. */
export async function answers(target: Target, within = 10_000): Promise<void> {
  const body = JSON.stringify({ model: "bench", messages: [{ role: "user", content: "?" }] });
  const headers = { "content-type": "application/json", ...target.headers };
  for (const deadline = Date.now() + within; Date.now() < deadline; ) {
    const response = await fetch(target.url + PATH, { method: "POST", body, headers }).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${target.url}`);
}

/** A hub's, with that provider. */
export function configuration(upstream: string): string {
  return `
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
  `;
}

function figures(rounds: Round[]): Figures {
  return {
    calls_per_second: Math.round(median(rounds.map(({ requests, microseconds }) => (requests / microseconds) * 1e6))),
    p50_us: median(rounds.map(({ p50 }) => p50)),
    p99_us: median(rounds.map(({ p99 }) => p99)),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  };
}

function streamFigures(rounds: StreamRound[]): StreamFigures {
  return {
    tokens_per_second: Math.round(median(rounds.map(({ tokens, microseconds }) => (tokens / microseconds) * 1e6))),
    first_byte_p50_us: median(rounds.map(({ first_byte_p50 }) => first_byte_p50)),
    first_byte_p99_us: median(rounds.map(({ first_byte_p99 }) => first_byte_p99)),
  };
}

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} isn't set: make bench sets it`);
  return value;
}
