/**
 * Calls through the gateway, against nginx's bare `proxy_pass` to the same provider in the same run. Every call is
 * stored durably before it is answered. Rounds alternate, so that what else the machine does falls on both.
 */
import { type Figures, ROUNDS, SECONDS, Stand } from "./stand.ts";
import { milliseconds, table } from "./table.ts";

/** How long the provider takes to answer, in milliseconds. */
const DELAYS = [0, 20];
const CONNECTIONS = [1, 16, 64, 256];

interface Row {
  provider_ms: number;
  /** Whether requests and answers are kept. */
  bodies: boolean;
  connections: number;
  nginx: Figures;
  tollhouse: Figures;
  ratio: number;
  added_p50_us: number;
  added_p99_us: number;
}

interface Memory {
  idle: number;
  after: number;
}

export async function gateway(): Promise<{ calls: Row[]; memory_mb: Memory }> {
  const rows: Row[] = [];
  let memory = { idle: 0, after: 0 };
  for (const bodies of [false, true]) {
    for (const delay of DELAYS) {
      const stand = await Stand.set(delay, bodies);
      try {
        const idle = stand.memory().now;
        for (const connections of CONNECTIONS) rows.push(await compare(stand, { delay, bodies, connections }));
        await stand.checkLog();
        if (delay === 0 && !bodies) memory = { idle, after: stand.memory().now };
      } finally {
        await stand.clear();
      }
    }
  }
  print(rows, memory);
  return { calls: rows, memory_mb: memory };
}

async function compare(stand: Stand, under: { delay: number; bodies: boolean; connections: number }): Promise<Row> {
  const [nginx, tollhouse] = await stand.compare(under.connections, stand.nginx, stand.tollhouse);
  return {
    provider_ms: under.delay,
    bodies: under.bodies,
    connections: under.connections,
    nginx,
    tollhouse,
    ratio: tollhouse.calls_per_second / nginx.calls_per_second,
    added_p50_us: tollhouse.p50_us - nginx.p50_us,
    added_p99_us: tollhouse.p99_us - nginx.p99_us,
  };
}

function print(rows: Row[], memory: Memory): void {
  table(
    `The gateway beside nginx's bare proxy_pass: calls a second, and latency in ms (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
    ["provider, connections", "nginx/s", "tollhouse/s", "ratio", "nginx p50", "p99", "tollhouse p50", "p99", "added p50", "p99"],
    rows.map(({ provider_ms, bodies, connections, nginx, tollhouse, ratio, added_p50_us, added_p99_us }) => [
      `${provider_ms} ms, ${connections}${bodies ? ", bodies kept" : ""}`,
      nginx.calls_per_second,
      tollhouse.calls_per_second,
      ratio.toFixed(2),
      ...[nginx.p50_us, nginx.p99_us, tollhouse.p50_us, tollhouse.p99_us, added_p50_us, added_p99_us].map(milliseconds),
    ]),
  );
  console.log(`The server's memory: ${memory.idle} MB idle, ${memory.after} MB after the load without bodies\n`);
}
