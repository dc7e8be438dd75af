/**
 * A million calls as CSV, against the database's own program for the same rows in the same run: `sqlite3 -csv` and `\copy`. Both write
 * a file. These don't format moments, IDs and amounts as the server does, and keep rare properties as the JSON that they are stored as.
 */
import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Hub } from "../end2end/lib/hub.ts";
import { type Demo, query, settle } from "./demos.ts";
import { median, table } from "./table.ts";

const ROUNDS = 3;
const MOST_CALLS = 1_000_000;
/** The least share of the program's rows per second, and the most memory above that of an idle server, in megabytes. */
const TARGETS = { ratio: 0.5, added_mb: 20 };

interface Row {
  database: string;
  /** In the database, and in the file. */
  calls: number;
  rows: number;
  rows_per_second: number;
  program_rows_per_second: number;
  ratio: number;
  /** Memory of the server that has just started, and how much more its first file took. */
  idle_mb: number;
  added_mb: number;
  /** How much more the last file took than the server had before it. */
  added_later_mb: number;
}

export class Exports {
  readonly rows: Row[] = [];

  async measure(demo: Demo): Promise<void> {
    const { database, calls, hub } = demo;
    const from = await firstStart(demo);
    // What the server kept for other queries isn't the file's.
    await hub.restart();
    await settle(hub);
    const folder = mkdtempSync(join(tmpdir(), "exports-"));
    try {
      const [own, others]: [number[], number[]] = [[], []];
      const [before_mb, added_mb]: [number[], number[]] = [[], []];
      let rows = 0;
      for (let round = 0; round < ROUNDS; round++) {
        before_mb.push(hub.memory().now);
        hub.forgetPeak();
        const file = await timed(() => download(demo, from, join(folder, "own.csv")));
        added_mb.push(hub.memory().most - (before_mb.at(-1) ?? 0));
        const other = await timed(() => dump(hub, from, join(folder, "other.csv")));
        if (file.rows !== other.rows) throw new Error(`the server's file has ${file.rows} rows, the program's ${other.rows}`);
        rows = file.rows;
        own.push(file.rows / file.seconds);
        others.push(other.rows / other.seconds);
      }
      const [rows_per_second, program_rows_per_second] = [Math.round(median(own)), Math.round(median(others))];
      const ratio = rows_per_second / program_rows_per_second;
      const memory = { idle_mb: before_mb[0] ?? 0, added_mb: added_mb[0] ?? 0, added_later_mb: added_mb.at(-1) ?? 0 };
      this.rows.push({ database, calls, rows, rows_per_second, program_rows_per_second, ratio, ...memory });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  print(): void {
    table(
      `Calls as CSV, beside sqlite3 -csv and \\copy (medians of ${ROUNDS}; targets: ratio ${TARGETS.ratio}, ${TARGETS.added_mb} MB more)`,
      ["calls", "rows", "rows/s", "program's rows/s", "ratio", "idle MB", "first: MB more", "last: MB more", ""],
      this.rows.map((row) => [
        `${row.calls} on ${row.database}`,
        row.rows,
        row.rows_per_second,
        row.program_rows_per_second,
        row.ratio.toFixed(2),
        row.idle_mb,
        row.added_mb,
        row.added_later_mb,
        row.ratio < TARGETS.ratio || row.added_mb > TARGETS.added_mb ? "missed" : "",
      ]),
    );
  }
}

/** The start of the first of the newest million calls; all calls of its millisecond are in the file. */
async function firstStart({ hub, calls }: Demo): Promise<number> {
  const offset = Math.min(calls, MOST_CALLS) - 1;
  return Number(await query(hub, `SELECT started_at FROM calls ORDER BY organization_id DESC, id DESC LIMIT 1 OFFSET ${offset}`));
}

/** The server's file, of all columns. */
async function download({ hub, session }: Demo, from: number, file: string): Promise<string> {
  const search = new URLSearchParams({ organization: session.organization.slug, from: new Date(from).toISOString() });
  const cookie = `cookie: ${session.cookie.name}=${session.cookie.value}`;
  await save("curl", ["--silent", "--show-error", "--fail", "--header", cookie, `${hub.url}/api/calls/export.csv?${search}`], file);
  return file;
}

/** The same rows by the database's program. */
async function dump(hub: Hub, from: number, file: string): Promise<string> {
  const { database } = hub;
  if ("url" in database) {
    await save("psql", [database.url, "--no-psqlrc", "--quiet", "--command", `\\copy (${statement(from, (id) => id)}) TO '${file}' CSV HEADER`]);
  } else {
    await save("sqlite3", ["-readonly", "-csv", "-header", database.file, statement(from, (id) => `hex(${id})`)], file);
  }
  return file;
}

/** The query for the calls, with IDs as `text` makes them readable. */
function statement(from: number, text: (id: string) => string): string {
  const moment = from.toString(16).padStart(12, "0");
  // SQLite's are 16 bytes. The first 48 bits of an ID are its call's time (RFC 9562).
  const lowest = text("id") === "id" ? `'${moment}${"0".repeat(20)}'::uuid` : `x'${moment}${"0".repeat(20)}'`;
  const columns = [
    "c.started_at",
    text("c.id"),
    "p.name AS project",
    "k.name AS key",
    text("s.api_key_id"),
    "s.service",
    ...["endpoint", "model", "provider", "status"].map((name) => `coalesce(c.${name}, s.${name}) AS ${name}`),
    "s.outcome",
    ...["error_code", "times", "reported", "estimated", "tokens_in", "cached_tokens_in", "cache_write_tokens_in", "tokens_out"].map((name) => `c.${name}`),
    ...["images", "media_ms", "byte_hours", "cost_nanos", "duration_us", "rare", "tags"].map((name) => `c.${name}`),
  ];
  return `SELECT ${columns.join(", ")} FROM calls c \
    JOIN series s ON s.organization_id = c.organization_id AND s.id = c.series_id \
    LEFT JOIN projects p ON p.organization_id = s.organization_id AND p.id = s.project_id \
    LEFT JOIN api_keys k ON k.organization_id = s.organization_id AND k.id = s.api_key_id \
    WHERE c.organization_id = (SELECT id FROM organizations) AND c.id >= ${lowest} ORDER BY c.id DESC`;
}

/** Makes a file, and counts its rows afterwards. */
async function timed(make: () => Promise<string>): Promise<{ rows: number; seconds: number }> {
  const begun = performance.now();
  const file = await make();
  const seconds = (performance.now() - begun) / 1000;
  let lines = 0;
  for await (const chunk of createReadStream(file)) for (const byte of chunk as Buffer) if (byte === 10) lines++;
  return { rows: lines - 1, seconds };
}

/** Runs a program whose output is the content of `file`, if one is given. */
async function save(program: string, args: string[], file?: string): Promise<void> {
  const output = file ? openSync(file, "w") : undefined;
  try {
    const options: SpawnOptions = { stdio: ["ignore", output ?? "ignore", "inherit"] };
    const [code] = await once(spawn(program, args, options), "close");
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  } finally {
    if (output !== undefined) closeSync(output);
  }
}
