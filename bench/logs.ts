/** The log's queries over demo organizations of growing size: each qualifier, the first page and the 10,000th, and facets. */
import { type Demo, query } from "./demos.ts";
import { ask, Timings } from "./timings.ts";

/** The most that a query may take at p95, in milliseconds. */
const TARGET = 30;
const PAGE_SIZE = 50;
/** The late page that is read too. A log that isn't that long is read from its middle. */
const LATE_PAGE = 10_000;

/** As the server counts calls by the values of each dimension. */
export interface Facets {
  facets: { dimension: string; values: { value: string; label: string; calls: number }[] }[];
}

interface CallPage {
  calls: { id: string }[];
  stopped_at?: string;
}

export class Logs {
  private readonly timings = new Timings();

  async measure(demo: Demo): Promise<void> {
    const { session } = demo;
    const facets = await session.invoke<Facets>("calls/facets", { query: {} });
    const late = await lateCall(demo);
    for (const [name, search] of searches(facets)) {
      await this.list(demo, `${name}, first page`, search);
      await this.list(demo, `${name}, page ${LATE_PAGE}`, { ...search, before: late });
    }
    for (const path of ["calls/get", "calls/suggest"]) {
      const { times } = await ask(session, path, path === "calls/get" ? { id: late } : { query: {}, text: late });
      this.timings.add(demo, `id:, by ${path}`, TARGET, times);
    }
    for (const [name, search] of counted(facets)) {
      for (const what of ["facets", "activity"]) {
        const { times } = await ask(session, `calls/${what}`, { query: search });
        this.timings.add(demo, `${what}, ${name}`, TARGET, times);
      }
    }
  }

  get rows(): object {
    return this.timings.rows;
  }

  print(): void {
    this.timings.print("The log's queries", false);
  }

  private async list(demo: Demo, name: string, search: object): Promise<void> {
    const { answer, times } = await ask<CallPage>(demo.session, "calls/list", { query: search });
    const note = [
      answer.calls.length < PAGE_SIZE && `finds ${answer.calls.length}`,
      // The second after which a search shows what it has found.
      answer.stopped_at && "stops early",
    ];
    this.timings.add(demo, name, TARGET, times, note.filter(Boolean).join(", "));
  }
}

/** The last call before the late page. */
async function lateCall({ hub, session, calls }: Demo): Promise<string> {
  const offset = Math.min((LATE_PAGE - 1) * PAGE_SIZE, Math.floor(calls / 2)) - 1;
  const statement = `SELECT started_at FROM calls ORDER BY organization_id DESC, id DESC LIMIT 1 OFFSET ${offset}`;
  const to = Number(await query(hub, statement)) + 1;
  const page = await session.invoke<CallPage>("calls/list", { query: { to } });
  const late = page.calls[0]?.id;
  if (!late) throw new Error("there is no late call");
  return late;
}

/** What the search field finds calls by: frequent values, rare ones and, of bounds, some that no call is within. */
function searches(facets: Facets): [name: string, search: object][] {
  const [frequent, rare] = [(dimension: string) => [valuesOf(facets, dimension)[0]], (dimension: string) => [valuesOf(facets, dimension).at(-1)]];
  const named = (qualifier: string, field: string): [string, object][] => [
    [`${qualifier}: frequent`, { filter: { [field]: frequent(qualifier) } }],
    [`${qualifier}: rare`, { filter: { [field]: rare(qualifier) } }],
  ];
  return [
    ["all", {}],
    ["12 months", { range: "12m" }],
    ...["succeeded", "errors", "refused", "4xx", "429", "504"].map((status): [string, object] => [`status:${status}`, { filter: { statuses: [status] } }]),
    ...named("model", "models"),
    ...named("key", "api_keys"),
    ...named("project", "projects"),
    ...named("member", "members"),
    ...named("service", "services"),
    ...named("endpoint", "endpoints"),
    ...named("provider", "providers"),
    ["tag.customer: frequent", { filter: { tags: ["customer:Nordlicht Tours"] } }],
    ["tag.customer: rare", { filter: { tags: ["customer:Sunrise Air"] } }],
    ["cost:>0.01", { bounds: { cost: { min: "0.010000001" } } }],
    ["cost:>0.09", { bounds: { cost: { min: "0.090000001" } } }],
    ["cost:0.01..0.02", { bounds: { cost: { min: "0.01", max: "0.02" } } }],
    ["cost:>1", { bounds: { cost: { min: "1.000000001" } } }],
    ["latency:>2s", { bounds: { duration_us: { min: 2_000_001 } } }],
    ["latency:>25s", { bounds: { duration_us: { min: 25_000_001 } } }],
    ["latency:>60s", { bounds: { duration_us: { min: 60_000_001 } } }],
    ["tokens:>1000", { bounds: { tokens: { min: 1_001 } } }],
    ["tokens:>18000", { bounds: { tokens: { min: 18_001 } } }],
    ["tokens:>100000", { bounds: { tokens: { min: 100_001 } } }],
    ["model: status:4xx key:", { filter: { models: frequent("model"), statuses: ["4xx"], api_keys: frequent("key") } }],
    ["model: cost:>0.01", { filter: { models: frequent("model") }, bounds: { cost: { min: "0.010000001" } } }],
  ];
}

/** What calls are counted under, as facets and as bars. */
function counted(facets: Facets): [name: string, search: object][] {
  const [model, key] = ["model", "key"].map((dimension) => valuesOf(facets, dimension).slice(0, 1));
  return [
    ["all", {}],
    ...["today", "7d", "30d", "90d", "12m"].map((range): [string, object] => [range, { range }]),
    ["two hours", { from: Date.now() - 2 * 3_600_000, to: Date.now() }],
    ["12m, model:", { range: "12m", filter: { models: model } }],
    ["12m, key: status:errors", { range: "12m", filter: { api_keys: key, statuses: ["errors"] } }],
    ["12m, cost:>0.01", { range: "12m", bounds: { cost: { min: "0.010000001" } } }],
    ["7d, Asia/Kathmandu", { range: "7d", time_zone: "Asia/Kathmandu" }],
  ];
}

/** The values of a dimension, the most frequent first. */
function valuesOf({ facets }: Facets, dimension: string): string[] {
  return facets.find((facet) => facet.dimension === dimension)?.values.map(({ value }) => value) ?? [];
}
