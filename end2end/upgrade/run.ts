/**
 * Upgrades a server under load: UPGRADE_FROM serves, UPGRADE_TO starts on the same database, which migrates it, both
 * serve side by side, and the first one stops. On SQLite, which has one server at a time, the second follows the first.
 * The gateway must refuse nothing, and each call that was answered must be in the log once.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { parseCsv } from "../lib/csv.ts";
import { Hub, type Organization } from "../lib/hub.ts";
import { sumDollars } from "../lib/money.ts";
import { Session } from "../lib/session.ts";
import { CallLoad, PageLoad } from "./load.ts";

/** Calls before, during and after the upgrade, each. */
const CALLS = 300;
const DEMO_CALLS = "20000";
/** How long migrations in the background may take here, in milliseconds. */
const BACKGROUND_TIMEOUT = 120_000;

interface MigrationReport {
  schema: { version: string; pending: string[]; unknown: string[] };
  background: { name: string; state: string; rows_done: number; error: string | null }[];
}

const [from, to] = [process.env.UPGRADE_FROM, process.env.UPGRADE_TO];
if (!from || !to) throw new Error("UPGRADE_FROM and UPGRADE_TO aren't set: scripts/try-upgrade sets them");
const isPostgres = process.env.TEST_POSTGRES_URL !== undefined;

/** The spend and number of calls that the page Usage shows of an organization. */
async function totals(hub: Hub, organization: Organization, range: string): Promise<object> {
  const session = await Session.signIn(hub, organization);
  const { total } = await session.invoke<{ total: object }>("usage/report", { query: { range } });
  return total;
}

/** Waits until everything in the background is done; returns what was. */
async function waitForBackground(hub: Hub): Promise<MigrationReport> {
  for (const deadline = Date.now() + BACKGROUND_TIMEOUT; ; await sleep(500)) {
    const report = await hub.runCommand<MigrationReport>(["migrate", "--status"]);
    if (report.background.every(({ state }) => state === "done")) return report;
    if (Date.now() > deadline) throw new Error(`the background isn't done: ${JSON.stringify(report.background)}`);
  }
}

/** Replaces the server `earlier` under load; returns the server that remains. */
async function upgrade(earlier: Hub, load: CallLoad, serveOn: (...servers: Hub[]) => Promise<void>): Promise<Hub> {
  if (!isPostgres) {
    await earlier.restart(to);
    return earlier;
  }
  const later = await Hub.start(undefined, { TOLLHOUSE_BIN: to ?? "" });
  await serveOn(earlier, later);
  await load.more(CALLS);
  await serveOn(later);
  await earlier.stop();
  return later;
}

const earlier = await Hub.start(undefined, { TOLLHOUSE_BIN: from });
const hubs = [earlier];
try {
  const demo = await earlier.runCommand<Organization>(["demo", "--calls", DEMO_CALLS, "--days", "60"]);
  const demoTotals = await totals(earlier, demo, "90d");
  const organization = await earlier.createOrganization();
  const { secret } = await earlier.createKey(organization);

  const load = new CallLoad(secret, [earlier]);
  const pages = new PageLoad([await Session.signIn(earlier, organization)]);
  const serveOn = async (...servers: Hub[]) => {
    await pages.moveTo(await Promise.all(servers.map((server) => Session.signIn(server, organization))));
    await load.moveTo(...servers);
  };
  await load.more(CALLS);
  // On SQLite no page is read while no server runs.
  if (!isPostgres) await pages.end();
  const remaining = await upgrade(earlier, load, serveOn);
  if (remaining !== earlier) hubs.push(remaining);
  await load.more(CALLS);
  await pages.end();
  const report = await waitForBackground(remaining);
  await load.end();

  assert.deepEqual(load.refused, [], "no call is refused");
  if (isPostgres) assert.equal(load.unanswered, 0, "no call is cut off");
  const session = await Session.signIn(remaining, organization);
  const calls = parseCsv(await session.exportCsv("calls", { outcome: "succeeded" }));
  const logged = new Set(calls.map((call) => call.request_id));
  assert.equal(logged.size, calls.length, "no call is in the log twice");
  assert.deepEqual(load.answered.filter((id) => !logged.has(id)), [], "no answered call is missing");
  assert.ok(calls.length <= load.answered.length + load.unanswered, "no call is made up");
  const usage = parseCsv(await session.exportCsv("usage", { range: "7d" }));
  assert.equal(sumDollars(usage.map((row) => row.spend_usd)), sumDollars(calls.map((call) => call.cost_usd)), "usage is the sum of what calls cost");
  assert.deepEqual(await totals(remaining, demo, "90d"), demoTotals, "earlier calls stay as they were");
  const found = await session.invoke<{ total: number }>("api_keys/list", { query: { search: "UPGRADE" } });
  assert.equal(found.total, pages.names.length, "each key is found, whichever server created it");
  assert.deepEqual(report.schema.pending, []);
  console.log(
    `${isPostgres ? "PostgreSQL" : "SQLite"}: ${load.answered.length} calls answered, 0 refused, ${load.unanswered} unanswered, ` +
      `${calls.length} in the log; ${pages.names.length} keys created and found; ` +
      report.background.map(({ name, rows_done }) => `${name}: ${rows_done} rows`).join(", "),
  );
} finally {
  for (const hub of hubs) await hub.stop();
}
