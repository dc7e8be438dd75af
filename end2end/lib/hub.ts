import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { end, freePort, run } from "./process.ts";

/** A key as `tollhouse key create` tells it. */
export interface CreatedKey {
  id: string;
  secret: string;
  prefix: string;
}

/** An organization with its owner. */
export interface Organization {
  slug: string;
  name: string;
  email: string;
  password: string;
}

/** How long a server may take until it answers, in milliseconds. */
const STARTS_WITHIN = 30_000;

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

  /** Runs a command and reads the JSON it prints. */
  async command<T>(args: string[], input?: string): Promise<T> {
    return JSON.parse(await run(program(), ["--json", ...args], { env: this.environment, input })) as T;
  }

  /** Makes an organization with an owner. */
  async organization(name = `Company ${++organizations}`, timeZone = "UTC"): Promise<Organization> {
    const made = await this.command<{ slug: string }>(["org", "create", "--name", name, "--time-zone", timeZone]);
    const email = `owner@${made.slug}.example`;
    const password = "correct horse battery staple";
    const owner = ["--email", email, "--name", "Mira Sorel", "--org", made.slug, "--role", "owner"];
    await this.command(["user", "create", ...owner, "--password-stdin"], password);
    return { slug: made.slug, name, email, password };
  }

  /** Makes a key in the organization's first project; `more` may name it. */
  async key(organization: Organization, level = "standard", ...more: string[]): Promise<CreatedKey> {
    const projects = await this.command<{ slug: string }[]>(["project", "list", "--org", organization.slug]);
    const project = level === "admin" ? [] : ["--project", projects[0]?.slug ?? ""];
    const name = more.includes("--name") ? [] : ["--name", `${level} key`];
    const args = ["--org", organization.slug, ...project, ...name, "--level", level, ...more];
    return this.command<CreatedKey>(["key", "create", ...args]);
  }

  /** Tells that a secret was found at `place`, which disables its key. */
  async reportLeak(secret: string, place = ""): Promise<void> {
    await this.command(["key", "report-leak", "--place", place], `${secret}\n`);
  }

  /** Ends the process and starts another on the same port and data. */
  async restart(): Promise<void> {
    if (this.server) await end(this.server);
    await this.serve();
  }

  /** The process' id. */
  get pid(): number | undefined {
    return this.server?.pid;
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
