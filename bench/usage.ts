/** The queries of the usage page's chart, tiles and tables, over demo organizations of growing size. */
import type { Demo } from "./demos.ts";
import type { Facets } from "./logs.ts";
import { table } from "./table.ts";
import { ask, Timings } from "./timings.ts";

/** The most that a query may take at p95, in milliseconds: in the organization's zone, which has rows of days, and in others. */
const TARGETS = { own: 30, other: 60 };
/** The zone in which every query is measured too: its days begin at a quarter to an hour. */
const OTHER_ZONE = "Asia/Kathmandu";
/** Zones in which one query is measured. Days of these are no rows: they are made of the organization's own, and hours and quarters. */
const MORE_ZONES = ["UTC", "Pacific/Auckland", "America/St_Johns"];
const GROUPS = ["model", "key", "project", "member", "service", "endpoint", "provider", "status", "tag.customer"];
/** Metrics whose queries or orders differ. */
const METRICS = ["calls", "tokens", "storage", "latency", "first-token"];

interface Fill {
  database: string;
  calls: number;
  calls_per_second: number;
  /** The most memory that the server took until all queries were measured. */
  rss_mb: number;
}

interface Report {
  total: { calls: number; refused: number };
}

export class Usage {
  private readonly timings = new Timings();
  private readonly fills: Fill[] = [];

  async measure(demo: Demo): Promise<void> {
    const { database, calls, hub, session } = demo;
    const queries = await allQueries(demo);
    const add = async (name: string, query: object, time_zone?: string) => {
      const { answer, times } = await ask<Report>(session, "usage/report", { query: { ...query, time_zone } });
      const { total } = answer;
      const note = total.calls + total.refused === 0 ? "finds nothing" : "";
      const target = time_zone ? TARGETS.other : TARGETS.own;
      this.timings.add(demo, time_zone ? `${name}, ${time_zone}` : name, target, times, note);
    };
    for (const zone of [undefined, OTHER_ZONE]) {
      for (const [name, query] of queries) await add(name, query, zone);
      const query = { range: "90d", time_zone: zone };
      const { times } = await ask(session, "usage/model_keys", { query });
      this.timings.add(demo, `tokens by model and key, 90 days${zone ? `, ${zone}` : ""}`, zone ? TARGETS.other : TARGETS.own, times);
    }
    for (const zone of MORE_ZONES) await add("by day, 90 days", { range: "90d" }, zone);
    this.fills.push({ database, calls, calls_per_second: demo.fill_calls_per_second, rss_mb: hub.memory().most });
  }

  get rows(): object {
    return { queries: this.timings.rows, fills: this.fills };
  }

  print(): void {
    this.timings.print("The usage page's queries", true);
    table(
      "Demo organizations: how fast they were filled, and the server's most memory after these queries",
      ["", "calls/s", "MB"],
      this.fills.map(({ database, calls, calls_per_second, rss_mb }) => [`${calls} on ${database}`, calls_per_second, rss_mb]),
    );
  }
}

/** Each kind of query: its view, grouping, metric, comparison and filters. */
async function allQueries({ session }: Demo): Promise<[name: string, query: object][]> {
  const { facets } = await session.invoke<Facets>("calls/facets", { query: { range: "90d" } });
  const values = (dimension: string) => facets.find((facet) => facet.dimension === dimension)?.values.map(({ value }) => value) ?? [];
  const first = (dimension: string) => values(dimension).slice(0, 1);
  const days = (number: number) => `${day(number - 1)}..${day(0)}`;
  return [
    ["by minute, a day", { range: `${day(1)}..${day(1)}`, view: "minute" }],
    ["by hour, today", { range: "today", view: "hour" }],
    ["by hour, 31 days", { range: days(31), view: "hour" }],
    ["by day, 31 days", { range: days(31), view: "day" }],
    ["by day, 90 days", { range: "90d", view: "day" }],
    ["by day, 12 months", { range: "12m", view: "day" }],
    ["by week, 12 months", { range: "12m", view: "week" }],
    ["by month, 12 months", { range: "12m", view: "month" }],
    ["by month and key, 12 months", { range: "12m", view: "month", group: "key" }],
    ...GROUPS.map((group): [string, object] => [`90 days by ${group}`, { range: "90d", group }]),
    ["90 days by key, all groups", { range: "90d", group: "key", all_groups: true }],
    ...METRICS.map((metric): [string, object] => [`90 days, ${metric}`, { range: "90d", metric }]),
    ...["previous", "last-month", "last-year"].map((compare): [string, object] => [`30 days, with ${compare}`, { range: "30d", compare }]),
    ["90 days, with previous", { range: "90d", compare: "previous" }],
    ["12 months by week, with last-year", { range: "12m", view: "week", compare: "last-year" }],
    ["90 days of a project", { range: "90d", filter: { projects: first("project") } }],
    ["90 days of a key", { range: "90d", filter: { api_keys: first("key") } }],
    ["90 days of a member by key", { range: "90d", group: "key", filter: { members: first("member") } }],
    ["90 days of a model by key", { range: "90d", group: "key", filter: { models: first("model") } }],
    ["90 days of a service", { range: "90d", filter: { services: first("service") } }],
    ["90 days of an endpoint", { range: "90d", filter: { endpoints: first("endpoint") } }],
    ["90 days of a provider", { range: "90d", filter: { providers: first("provider") } }],
    ["90 days of 4xx", { range: "90d", filter: { statuses: ["4xx"] } }],
    ["90 days of a tag", { range: "90d", filter: { tags: ["customer:Nordlicht Tours"] } }],
    [
      "90 days of two models, all keys and succeeded calls",
      { range: "90d", filter: { models: values("model").slice(0, 2), api_keys: values("key"), statuses: ["succeeded"] } },
    ],
    ["a day by minute of a model and a key", { range: `${day(1)}..${day(1)}`, view: "minute", filter: { models: first("model"), api_keys: first("key") } }],
  ];
}

/** A day so many days ago, such as 2026-11-17. */
function day(ago: number): string {
  return new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
}
