/**
 * What rollups cost the path of a call: the gateway as it is, and with a database that drops them by a trigger. The server makes them in
 * both, which is the smaller part. Rounds alternate.
 */
import { Hub } from "../end2end/lib/hub.ts";
import { end, findFreePort, readProcessorSeconds } from "../end2end/lib/process.ts";
import { type Database, query } from "./demos.ts";
import { withPostgres } from "./postgres.ts";
import { answers, configuration, load, required, start, type Target } from "./stand.ts";
import { median, table } from "./table.ts";

const ROUNDS = 5;
const SECONDS = Number(process.env.BENCH_SECONDS ?? "5");
const CONNECTIONS = 64;
/** How long the provider takes, in milliseconds. */
const DELAY = 0;

const TRIGGERS: Record<Database, string> = {
  SQLite: "CREATE TRIGGER no_rollups BEFORE INSERT ON rollups BEGIN SELECT raise(IGNORE); END",
  PostgreSQL:
    "CREATE FUNCTION no_rollups() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; " +
    "CREATE TRIGGER no_rollups BEFORE INSERT ON rollups FOR EACH ROW EXECUTE FUNCTION no_rollups()",
};

interface Figures {
  calls_per_second: number;
  p50_ms: number;
  p99_ms: number;
  /** Computing of the server, and of PostgreSQL, for each call until it was stored. */
  call_us: number;
}

interface Row {
  database: Database;
  with: Figures;
  without: Figures;
  /** Of the computing for a call. */
  added_us: number;
  /** Of the calls per second with rollups to those without. */
  ratio: number;
}

export async function rollups(): Promise<Row[]> {
  const upstream = `127.0.0.1:${await findFreePort()}`;
  const provider = start(required("BENCH_UPSTREAM"), [upstream, String(DELAY)]);
  try {
    const rows = [await compare("SQLite", upstream), await withPostgres(() => compare("PostgreSQL", upstream))];
    table(
      `The gateway with rollups and without, ${CONNECTIONS} connections (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
      ["", "calls/s", "p50 ms", "p99 ms", "µs a call", "more µs", "ratio of calls/s"],
      rows.flatMap((row) => [
        [`${row.database}, without`, ...cells(row.without), "", ""],
        [`${row.database}, with`, ...cells(row.with), row.added_us.toFixed(1), row.ratio.toFixed(2)],
      ]),
    );
    return rows;
  } finally {
    await end(provider);
  }
}

async function compare(database: Database, upstream: string): Promise<Row> {
  const usual = await Hub.start(configuration(upstream));
  try {
    // On PostgreSQL, each has one of its own.
    return await (database === "PostgreSQL" ? withPostgres(() => compareTo(usual, database, upstream)) : compareTo(usual, database, upstream));
  } finally {
    await usual.stop();
  }
}

async function compareTo(usual: Hub, database: Database, upstream: string): Promise<Row> {
  const other = await Hub.start(configuration(upstream), {}, async (hub) => {
    await hub.runCommand(["migrate"]);
    await query(hub, TRIGGERS[database]);
  });
  try {
    const targets = [await target(usual), await target(other)];
    const rounds: Figures[][] = [[], []];
    for (let round = -1; round < ROUNDS; round++) {
      for (const [index, hub] of [usual, other].entries()) {
        const figures = await measure(hub, targets[index]!);
        // The first one warms caches and connections up.
        if (round >= 0) rounds[index]?.push(figures);
      }
    }
    const rows = await Promise.all([usual, other].map((hub) => query(hub, "SELECT count(*) FROM rollups")));
    if (rows[0] === "0" || rows[1] !== "0") throw new Error(`there are ${rows.join(" and ")} rollups`);
    const [all, without] = rounds.map(medians) as [Figures, Figures];
    return { database, with: all, without, added_us: all.call_us - without.call_us, ratio: all.calls_per_second / without.calls_per_second };
  } finally {
    await other.stop();
  }
}

async function target(hub: Hub): Promise<Target> {
  const key = await hub.createKey(await hub.createOrganization());
  const target = { url: hub.url, headers: { authorization: `Bearer ${key.secret}` } };
  await answers(target);
  return target;
}

async function measure(hub: Hub, target: Target): Promise<Figures> {
  const before = await computed(hub);
  const round = await load(target, CONNECTIONS, SECONDS);
  if (round.failed > 0) throw new Error(`${round.failed} calls failed`);
  const seconds = (await computedAtRest(hub)) - before;
  return {
    calls_per_second: round.requests / (round.microseconds / 1e6),
    p50_ms: round.p50 / 1000,
    p99_ms: round.p99 / 1000,
    call_us: (seconds / round.requests) * 1e6,
  };
}

/** Seconds that the server has computed, and PostgreSQL's processes for it. */
async function computed(hub: Hub): Promise<number> {
  let seconds = hub.processorSeconds();
  if ("url" in hub.database) {
    const pids = (await query(hub, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")).split("\n");
    seconds += pids.reduce((sum, pid) => sum + readProcessorSeconds(Number(pid)), 0);
  }
  return seconds;
}

/** The same once all calls are stored: the server and the database have nothing to do. */
async function computedAtRest(hub: Hub): Promise<number> {
  for (let before = await computed(hub); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = await computed(hub);
    if (now - before < 0.05) return now;
    before = now;
  }
}

function medians(rounds: Figures[]): Figures {
  const of = (figure: (round: Figures) => number) => median(rounds.map(figure));
  return {
    calls_per_second: of((round) => round.calls_per_second),
    p50_ms: of((round) => round.p50_ms),
    p99_ms: of((round) => round.p99_ms),
    call_us: of((round) => round.call_us),
  };
}

function cells({ calls_per_second, p50_ms, p99_ms, call_us }: Figures): string[] {
  return [calls_per_second.toFixed(0), p50_ms.toFixed(1), p99_ms.toFixed(1), call_us.toFixed(1)];
}
