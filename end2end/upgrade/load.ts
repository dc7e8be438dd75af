import { setTimeout as sleep } from "node:timers/promises";

import type { Hub } from "../lib/hub.ts";
import type { Session } from "../lib/session.ts";

/** Calls under way at a time. */
const CALLERS = 6;
/** Pause of a caller between two calls, in milliseconds: the machine has more to do than this test. */
const PAUSE = 20;

/** Calls of a program, one after another and some at a time, to those servers that currently take calls. */
export class CallLoad {
  /** The ids of calls whose whole answer was read. */
  readonly answered: string[] = [];
  /** What servers answered instead of a success. */
  readonly refused: string[] = [];
  /** Calls without a whole answer, since a server couldn't be reached or hung up. */
  unanswered = 0;
  private servers: Hub[];
  private readonly running = new Map<number, Hub>();
  private readonly secret: string;
  private readonly callers: Promise<void>[];
  private isOver = false;

  constructor(secret: string, servers: Hub[]) {
    this.secret = secret;
    this.servers = servers;
    this.callers = Array.from({ length: CALLERS }, (_, caller) => this.call(caller));
  }

  /** Calls only these servers from now on, and waits until calls to others are over. */
  async moveTo(...servers: Hub[]): Promise<void> {
    this.servers = servers;
    while ([...this.running.values()].some((server) => !servers.includes(server))) await sleep(10);
  }

  /** Waits until so many more calls were answered. */
  async more(calls: number): Promise<void> {
    const enough = this.answered.length + calls;
    while (this.answered.length < enough && this.refused.length === 0) await sleep(20);
  }

  /** Begins no more calls, and waits until those under way are over. */
  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.callers);
  }

  private async call(caller: number): Promise<void> {
    for (let number = caller; !this.isOver; number++) {
      const server = this.servers[number % this.servers.length] as Hub;
      this.running.set(caller, server);
      await this.callOnce(server, number % 3 === 0);
      this.running.delete(caller);
      await sleep(PAUSE);
    }
  }

  private async callOnce(server: Hub, stream: boolean): Promise<void> {
    const headers = { authorization: `Bearer ${this.secret}`, "content-type": "application/json" };
    const body = JSON.stringify({ model: "sandbox-1", stream, messages: [{ role: "user", content: "Good evening." }] });
    try {
      const response = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers, body });
      const text = await response.text();
      if (response.ok) this.answered.push(response.headers.get("x-request-id") ?? "");
      else this.refused.push(`${response.status} ${text}`);
    } catch {
      this.unanswered++;
    }
  }
}

/** A member who reads pages and creates keys, on those servers in turn that currently serve. */
export class PageLoad {
  /** The names of the created keys. */
  readonly names: string[] = [];
  private sessions: Session[];
  private running: Session | undefined;
  private readonly reader: Promise<void>;
  private isOver = false;

  constructor(sessions: Session[]) {
    this.sessions = sessions;
    this.reader = this.read();
  }

  /** Uses only these sessions from now on, and waits until requests of others are over. */
  async moveTo(sessions: Session[]): Promise<void> {
    this.sessions = sessions;
    while (this.running && !sessions.includes(this.running)) await sleep(10);
  }

  /** Ends, and throws if a request has failed. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.reader;
  }

  private async read(): Promise<void> {
    for (let number = 0; !this.isOver; number++) {
      const session = this.sessions[number % this.sessions.length] as Session;
      this.running = session;
      const name = `Upgrade ${number}`;
      await session.createKey({ name });
      this.names.push(name);
      await session.invoke("usage/report", { query: { range: "7d" } });
      await session.invoke("calls/list", { query: {} });
      await session.invoke("api_keys/list", { query: { search: "UPGRADE" } });
      this.running = undefined;
      await sleep(100);
    }
  }
}
