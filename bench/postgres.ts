/** A PostgreSQL of a benchmark's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Runs `work` with a PostgreSQL of its own, where hubs then have their databases. */
export async function withPostgres<T>(work: () => Promise<T>): Promise<T> {
  const script = join(import.meta.dirname, "../scripts/with-postgres");
  // It runs until its input ends.
  const postgres = spawn(script, ["sh", "-c", 'echo "$TEST_POSTGRES_URL"; cat'], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [url] = (await once(createInterface(postgres.stdout), "line")) as [string];
    process.env.TEST_POSTGRES_URL = url;
    return await work();
  } finally {
    delete process.env.TEST_POSTGRES_URL;
    postgres.stdin.end();
    await once(postgres, "exit");
  }
}
