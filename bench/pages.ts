/** How long the server takes for each page with its first answers, over a demo organization on SQLite and PostgreSQL. */
import { Hub, type Organization } from "../end2end/lib/hub.ts";
import { Session } from "../end2end/lib/session.ts";
import { withPostgres } from "./postgres.ts";
import { median, table } from "./table.ts";

const CALLS = Number(process.env.BENCH_PAGE_CALLS ?? "3000000");
const TIMES = 20;
/** The slowest that a page may be at the median, in milliseconds. */
const TARGET = 30;

interface Row {
  page: string;
  sqlite_ms: number;
  postgres_ms: number;
}

export async function pages(): Promise<Row[]> {
  const sqlite = await measure();
  const postgres = await withPostgres(measure);
  const rows = [...sqlite].map(([page, sqlite_ms]) => ({ page, sqlite_ms, postgres_ms: postgres.get(page) ?? Number.NaN }));
  table(
    `The pages over ${CALLS} calls of 13 months (medians of ${TIMES}; the target is ${TARGET} ms)`,
    ["page", "SQLite ms", "PostgreSQL ms", ""],
    rows.map(({ page, sqlite_ms, postgres_ms }) => [
      page,
      sqlite_ms.toFixed(1),
      postgres_ms.toFixed(1),
      Math.max(sqlite_ms, postgres_ms) > TARGET ? "missed" : "",
    ]),
  );
  return rows;
}

/** The median of each page, in milliseconds, by its path in the organization. */
async function measure(): Promise<Map<string, number>> {
  let demo: Organization | undefined;
  const hub = await Hub.start(undefined, {}, async (hub) => {
    demo = await hub.runCommand(["demo", "--calls", String(CALLS)]);
  });
  try {
    if (!demo) throw new Error("there is no demo");
    const session = await Session.signIn(hub, demo);
    const medians = new Map<string, number>();
    for (const [name, path] of await addresses(session)) medians.set(name, await time(session, path));
    return medians;
  } finally {
    await hub.stop();
  }
}

/** Every page, each with the filters, ranges and orders that differ in their queries; ids are named in the first part. */
async function addresses(session: Session): Promise<[name: string, path: string][]> {
  const { keys } = await session.invoke<{ keys: { id: string }[] }>("api_keys/list", { query: {} });
  const [project] = await session.invoke<{ id: string }[]>("projects/list");
  const key = keys[0]?.id;
  if (!key || !project) throw new Error("the demo has no keys or projects");
  const ranges = ["today", "7d", "30d", "month", "last-month", "90d", "12m"];
  const paths = [
    "",
    "/keys",
    ...["sort=name", "sort=spend", "sort=used", "hint=unused", "hint=wide", "status=active", "status=revoked", "q=prod", "q=zzz", `project=${project.id}`].map(
      (query) => `/keys?${query}`,
    ),
    `/keys/${key}`,
    ...["tab=calls", "tab=history", "range=12m"].map((query) => `/keys/${key}?${query}`),
    "/logs",
    ...["outcome=errors", "outcome=refused", `key=${key}`, `project=${project.id}`, "model=gpt-5", "range=7d&outcome=errors", "range=12m"].map(
      (query) => `/logs?${query}`,
    ),
    "/usage",
    ...ranges.flatMap((range) => ["model", "key", "project"].map((group) => `/usage?range=${range}&group=${group}`)),
    ...["UTC", "Asia/Kathmandu", "America/St_Johns"].map((zone) => `/usage?range=12m&group=key&tz=${zone}`),
    "/settings",
    "/notifications",
  ];
  const root = `/o/${session.organization.slug}`;
  return paths.map((path) => [path.replaceAll(key, "KEY").replaceAll(project.id, "PROJECT") || "overview", root + path]);
}

async function time(session: Session, path: string): Promise<number> {
  const headers = { cookie: `${session.cookie.name}=${session.cookie.value}` };
  const times: number[] = [];
  for (let round = 0; round < TIMES; round++) {
    const begun = performance.now();
    const response = await fetch(session.hub.url + path, { headers });
    const text = await response.text();
    times.push(performance.now() - begun);
    if (!response.ok || !text.includes("answers")) throw new Error(`${path} was answered with ${response.status}, without data`);
  }
  return median(times);
}
