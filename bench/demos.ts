/**
 * Demo organizations of growing size, with calls over 13 months, on SQLite and PostgreSQL. Each is filled once for all benchmarks that
 * measure over them, since ten million calls take minutes.
 */
import { Hub, type Organization } from "../end2end/lib/hub.ts";
import { run } from "../end2end/lib/process.ts";
import { Session } from "../end2end/lib/session.ts";
import { withPostgres } from "./postgres.ts";

export type Database = "SQLite" | "PostgreSQL";

/** How many calls there are. */
const CALLS = (process.env.BENCH_CALLS ?? "1000000,10000000").split(",").map(Number);
const DATABASES = (process.env.BENCH_DATABASES ?? "SQLite,PostgreSQL").split(",") as Database[];

export interface Demo {
  database: Database;
  calls: number;
  hub: Hub;
  /** That of the organization's owner. */
  session: Session;
  /** Calls stored per second as it was filled. */
  fill_calls_per_second: number;
}

/** Runs `measure` over each demo organization, the smaller one first. */
export async function withDemos(measure: (demo: Demo) => Promise<void>): Promise<void> {
  for (const database of DATABASES) {
    for (const calls of CALLS) {
      const work = () => withDemo(database, calls, measure);
      await (database === "PostgreSQL" ? withPostgres(work) : work());
    }
  }
}

async function withDemo(database: Database, calls: number, measure: (demo: Demo) => Promise<void>): Promise<void> {
  let filled: (Organization & { seconds: number }) | undefined;
  const hub = await Hub.start(undefined, {}, async (hub) => {
    filled = await hub.runCommand(["demo", "--calls", String(calls)]);
    // As autovacuum would have done, which otherwise runs while times are measured.
    if (database === "PostgreSQL") await query(hub, "VACUUM (ANALYZE)");
  });
  try {
    if (!filled) throw new Error("there is no demo");
    await settle(hub);
    const session = await Session.signIn(hub, filled);
    await measure({ database, calls, hub, session, fill_calls_per_second: Math.round(calls / filled.seconds) });
  } finally {
    await hub.stop();
  }
}

/** Runs a statement next to the server, with the database's own program, and returns what that prints. */
export async function query(hub: Hub, statement: string): Promise<string> {
  const { database } = hub;
  const output =
    "url" in database
      ? await run("psql", [database.url, "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--command", statement])
      : await run("sqlite3", [database.file, statement]);
  return output.trim();
}

/** Waits until the server has done what is due after its start, such as the upkeep of rollups. */
export async function settle(hub: Hub): Promise<void> {
  for (;;) {
    const kinds = await hub.runCommand<{ running: number; oldest_due_at: number | null }[]>(["jobs"]);
    const isBusy = kinds.some(({ running, oldest_due_at }) => running > 0 || (oldest_due_at ?? Infinity) <= Date.now());
    if (!isBusy) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
