import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { end, freePort, run } from "./process.ts";

/** A key, and its secret. */
export interface CreatedKey {
  id: string;
  secret: string;
}

/** An organization, and how its owner signs in. */
export interface Organization {
  slug: string;
  email: string;
  password: string;
}

/** How long a server may take until it answers, in milliseconds. */
const STARTS_WITHIN = 60_000;

/** What everybody in the tests signs in with. */
export const PASSWORD = "a horse of another colour";

let organizations = 0;

/** A Tollhouse of its own: a process on a free port with a data folder that goes with it. */
export class Hub {
  readonly url: string;
  private readonly folder: string;
  private readonly environment: NodeJS.ProcessEnv;
  private server: ChildProcess | undefined;

  private constructor(folder: string, port: number, environment: Record<string, string>) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.environment = {
      ...process.env,
      TOLLHOUSE_ADDR: `127.0.0.1:${port}`,
      TOLLHOUSE_DATA: folder,
      TOLLHOUSE_LOG: "warn",
      ...environment,
    };
    // The PostgreSQL of scripts/with-postgres where there is one, and SQLite in the folder otherwise.
    delete this.environment.DATABASE_URL;
    const postgres = process.env.TEST_POSTGRES_URL;
    if (postgres) this.environment.DATABASE_URL = postgres;
  }

  /** Starts one, with `configuration` as its tollhouse.toml, after `prepare` has filled its data folder. */
  static async start(
    configuration?: string,
    environment: Record<string, string> = {},
    prepare: (hub: Hub) => Promise<void> = async () => {},
  ): Promise<Hub> {
    const folder = mkdtempSync(join(tmpdir(), "tollhouse-"));
    if (configuration) writeFileSync(join(folder, "tollhouse.toml"), configuration);
    const hub = new Hub(folder, await freePort(), environment);
    await prepare(hub);
    await hub.serve();
    return hub;
  }

  /** The one that another process has started, and stops: what `place` said there. */
  static at(place: string): Hub {
    const { folder, port } = JSON.parse(place) as { folder: string; port: number };
    return new Hub(folder, port, {});
  }

  /** Where it is, for other processes. */
  get place(): string {
    return JSON.stringify({ folder: this.folder, port: Number(new URL(this.url).port) });
  }

  /** Runs a command and reads the JSON it prints. */
  async command<T>(args: string[], input?: string): Promise<T> {
    return JSON.parse(await run(program(), ["--json", ...args], { env: this.environment, input })) as T;
  }

  /** Makes an organization with an owner. */
  async organization(name = `Company ${++organizations}`, timeZone = "UTC"): Promise<Organization> {
    const made = await this.command<{ slug: string }>(["org", "create", "--name", name, "--time-zone", timeZone]);
    const email = `owner@${made.slug}.example`;
    const owner = ["--email", email, "--name", "Mira Sorel", "--org", made.slug, "--role", "owner"];
    await this.command(["user", "create", ...owner, "--password-stdin"], PASSWORD);
    return { slug: made.slug, email, password: PASSWORD };
  }

  /** Makes a key in the organization's first project; `more` may name it. */
  async key(organization: Organization, level = "standard", ...more: string[]): Promise<CreatedKey> {
    const projects = await this.command<{ slug: string }[]>(["project", "list", "--org", organization.slug]);
    const project = level === "admin" ? [] : ["--project", projects[0]?.slug ?? ""];
    const name = more.includes("--name") ? [] : ["--name", `${level} key`];
    const args = ["--org", organization.slug, ...project, ...name, "--level", level, ...more];
    return this.command<CreatedKey>(["key", "create", ...args]);
  }

  /** Reports keys that were found at `url`, as a scanner does; that disables them. */
  async reportLeaks(keys: CreatedKey[], url?: string): Promise<void> {
    const response = await fetch(`${this.url}/v1/keys/report-leak`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(keys.map(({ secret }) => ({ token: secret, type: "tollhouse_api_key", url }))),
    });
    if (!response.ok) throw new Error(`the report was answered with ${response.status}: ${await response.text()}`);
  }

  /** Keeps the server from writing to its SQLite file until what this gives is called. */
  lockDatabase(): () => void {
    const database = new DatabaseSync(join(this.folder, "tollhouse.db"));
    database.exec("BEGIN IMMEDIATE");
    return () => database.close();
  }

  /** Ends the process and starts another on the same port and data. */
  async restart(): Promise<void> {
    if (this.server) await end(this.server);
    await this.serve();
  }

  /** The process' resident memory, and the most it was, in megabytes. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.server?.pid}/status`, "utf8");
    const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
    return { now: megabytes("VmRSS"), most: megabytes("VmHWM") };
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    if (this.server) await end(this.server);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async serve(): Promise<void> {
    const log = createWriteStream(join(this.folder, "server.log"));
    await once(log, "open");
    this.server = spawn(program(), ["serve"], { env: this.environment, stdio: ["ignore", log, "inherit"] });
    const deadline = Date.now() + STARTS_WITHIN;
    while (!(await this.isReady())) {
      if (this.server.exitCode !== null) throw new Error(`the server ended with ${this.server.exitCode}`);
      if (Date.now() > deadline) throw new Error(`the server didn't answer within ${STARTS_WITHIN} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}

/** The program under test. */
function program(): string {
  const path = process.env.TOLLHOUSE_BIN;
  if (!path) throw new Error("TOLLHOUSE_BIN isn't set: make test sets it to the server's program");
  return path;
}
