/** The usage page's query for 90 days, over demo organizations of growing size. */
import { Hub, type Organization } from "../end2end/lib/hub.ts";
import { Session } from "../end2end/lib/session.ts";
import { median, table } from "./table.ts";

/** How many calls there are. */
const CALLS = (process.env.BENCH_CALLS ?? "1000000,10000000").split(",").map(Number);
const GROUPS = ["model", "key", "project"];
/** Days of these are no rows: they are made of the organization's own, and hours and quarters. */
const ZONES = ["UTC", "Asia/Kathmandu", "Pacific/Auckland", "America/St_Johns"];
const TIMES = 20;

interface Row {
  calls: number;
  fill_calls_per_second: number;
  group: string;
  median_ms: number;
  slowest_ms: number;
  /** The most memory that the server took so far. */
  rss_mb: number;
}

export async function usage(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const calls of CALLS) rows.push(...(await measure(calls)));
  table(
    `The usage query for 90 days (${TIMES} times, by HTTP)`,
    ["calls, group", "median ms", "slowest ms", "most MB", "demo calls/s"],
    rows.map(({ calls, group, median_ms, slowest_ms, rss_mb, fill_calls_per_second }) => [
      `${calls}, ${group}`,
      median_ms.toFixed(1),
      slowest_ms.toFixed(1),
      rss_mb,
      fill_calls_per_second,
    ]),
  );
  return rows;
}

async function measure(calls: number): Promise<Row[]> {
  let demo: (Organization & { seconds: number }) | undefined;
  const hub = await Hub.start(undefined, {}, async (hub) => {
    demo = await hub.runCommand(["demo", "--calls", String(calls)]);
  });
  try {
    if (!demo) throw new Error("there is no demo");
    const session = await Session.signIn(hub, demo);
    const speed = Math.round(calls / demo.seconds);
    const rows: Row[] = [];
    const of = { calls, fill_calls_per_second: speed };
    const add = async (name: string, group: string, zone?: string) => {
      const times = await time(session, group, zone);
      rows.push({ ...of, group: name, ...times, rss_mb: hub.memory().most });
    };
    for (const group of GROUPS) await add(group, group);
    for (const zone of ZONES) await add(`model in ${zone}`, "model", zone);
    return rows;
  } finally {
    await hub.stop();
  }
}

async function time(session: Session, group: string, time_zone?: string): Promise<Pick<Row, "median_ms" | "slowest_ms">> {
  const times: number[] = [];
  for (let round = 0; round < TIMES; round++) {
    const begun = performance.now();
    await session.invoke("usage/report", { query: { range: "90d", group, time_zone } });
    times.push(performance.now() - begun);
  }
  return { median_ms: median(times), slowest_ms: Math.max(...times) };
}
