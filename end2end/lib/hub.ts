import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { end, findFreePort, readProcessorSeconds, run } from "./process.ts";

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

/** How long a server may take to start, in milliseconds. */
const START_TIMEOUT = 60_000;

/** The password of all accounts in the tests. */
export const PASSWORD = "a horse of another colour";

let organizations = 0;

/** A Tollhouse server: a process on a free port, with a data folder that is removed with it. */
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
    // The PostgreSQL of scripts/with-postgres if there is one, otherwise SQLite in the folder.
    delete this.environment.DATABASE_URL;
    const postgres = process.env.TEST_POSTGRES_URL;
    if (postgres) this.environment.DATABASE_URL = postgres;
  }

  /** Starts a server with `configuration` as its tollhouse.toml, after `prepare` has filled its data folder. */
  static async start(
    configuration?: string,
    environment: Record<string, string> = {},
    prepare: (hub: Hub) => Promise<void> = async () => {},
  ): Promise<Hub> {
    const folder = mkdtempSync(join(tmpdir(), "tollhouse-"));
    if (configuration) writeFileSync(join(folder, "tollhouse.toml"), configuration);
    const hub = new Hub(folder, await findFreePort(), environment);
    await prepare(hub);
    await hub.serve();
    return hub;
  }

  /** Attaches to a server that another process has started and will stop, by its `location` there. */
  static fromLocation(location: string): Hub {
    const { folder, port } = JSON.parse(location) as { folder: string; port: number };
    return new Hub(folder, port, {});
  }

  /** The data folder and port, as text for other processes. */
  get location(): string {
    return JSON.stringify({ folder: this.folder, port: Number(new URL(this.url).port) });
  }

  /** Where the data are: the address of PostgreSQL's database, or the file of SQLite's. */
  get database(): { url: string } | { file: string } {
    const url = this.environment.DATABASE_URL;
    return url ? { url } : { file: join(this.folder, "tollhouse.db") };
  }

  /** Runs a command of the program and reads the JSON it prints. */
  async runCommand<T>(args: string[], input?: string): Promise<T> {
    return JSON.parse(await run(programPath(this.environment), ["--json", ...args], { env: this.environment, input })) as T;
  }

  /** Creates an organization with an owner. */
  async createOrganization(name = `Company ${++organizations}`, timeZone = "UTC"): Promise<Organization> {
    const organization = await this.runCommand<{ slug: string }>(["org", "create", "--name", name, "--time-zone", timeZone]);
    const email = `owner@${organization.slug}.example`;
    const owner = ["--email", email, "--name", "Mira Sorel", "--org", organization.slug, "--role", "owner"];
    await this.runCommand(["user", "create", ...owner, "--password-stdin"], PASSWORD);
    return { slug: organization.slug, email, password: PASSWORD };
  }

  /** Creates a key in the organization's first project; `more` holds further options, such as its name. */
  async createKey(organization: Organization, level = "standard", ...more: string[]): Promise<CreatedKey> {
    const projects = await this.runCommand<{ slug: string }[]>(["project", "list", "--org", organization.slug]);
    const project = level === "admin" ? [] : ["--project", projects[0]?.slug ?? ""];
    const name = more.includes("--name") ? [] : ["--name", `${level} key`];
    const args = ["--org", organization.slug, ...project, ...name, "--level", level, ...more];
    return this.runCommand<CreatedKey>(["key", "create", ...args]);
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

  /** Locks the SQLite file against the server's writes; returns a function that unlocks it. */
  lockDatabase(): () => void {
    const database = new DatabaseSync(join(this.folder, "tollhouse.db"));
    database.exec("BEGIN IMMEDIATE");
    return () => database.close();
  }

  /** Ends the process and starts another on the same port and data, of another `program` if one is given. */
  async restart(program?: string): Promise<void> {
    if (this.server) await end(this.server);
    if (program) this.environment.TOLLHOUSE_BIN = program;
    await this.serve();
  }

  /** The process' resident memory, and its peak, in megabytes. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.server?.pid}/status`, "utf8");
    const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
    return { now: megabytes("VmRSS"), most: megabytes("VmHWM") };
  }

  /** Makes the process' present memory its peak. */
  forgetPeak(): void {
    // man 5 proc: 5 resets VmHWM.
    writeFileSync(`/proc/${this.server?.pid}/clear_refs`, "5");
  }

  /** Seconds for which the process has computed so far, on all cores together. */
  processorSeconds(): number {
    return readProcessorSeconds(this.server?.pid ?? 0);
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    if (this.server) await end(this.server);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async serve(): Promise<void> {
    const log = createWriteStream(join(this.folder, "server.log"));
    await once(log, "open");
    this.server = spawn(programPath(this.environment), ["serve"], { env: this.environment, stdio: ["ignore", log, "inherit"] });
    const deadline = Date.now() + START_TIMEOUT;
    while (!(await this.isReady())) {
      if (this.server.exitCode !== null) throw new Error(`the server ended with ${this.server.exitCode}`);
      if (Date.now() > deadline) throw new Error(`the server didn't answer within ${START_TIMEOUT} ms`);
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

/** The path of the program under test. */
function programPath(environment: NodeJS.ProcessEnv): string {
  const path = environment.TOLLHOUSE_BIN;
  if (!path) throw new Error("TOLLHOUSE_BIN isn't set: make test sets it to the server's program");
  return path;
}
