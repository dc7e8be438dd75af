/** Streamed answers of 200 tokens through the gateway, against nginx's bare `proxy_pass`. */
import { ROUNDS, SECONDS, Stand, type StreamFigures } from "./stand.ts";
import { milliseconds, table } from "./table.ts";

/** Milliseconds to the first token; each further one takes a quarter of that. */
const DELAYS = [0, 20];
const CONNECTIONS = [1, 16, 64, 256];

interface Row {
  provider_ms: number;
  bodies: boolean;
  connections: number;
  nginx: StreamFigures;
  tollhouse: StreamFigures;
  ratio: number;
  /** The most that Tollhouse took so far. */
  memory_mb: number;
}

export async function streams(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bodies of [false, true]) {
    for (const delay of DELAYS) {
      const stand = await Stand.set(delay, bodies);
      try {
        for (const connections of CONNECTIONS) {
          const [nginx, tollhouse] = await stand.compareStreams(connections, stand.nginx, stand.tollhouse);
          const ratio = tollhouse.tokens_per_second / nginx.tokens_per_second;
          rows.push({ provider_ms: delay, bodies, connections, nginx, tollhouse, ratio, memory_mb: stand.memory().most });
        }
        await stand.checkLog();
      } finally {
        await stand.clear();
      }
    }
  }
  table(
    `Streams of 200 tokens: tokens a second, and ms to the first byte (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
    ["provider, connections", "nginx/s", "tollhouse/s", "ratio", "nginx p50", "p99", "tollhouse p50", "p99", "MB"],
    rows.map(({ provider_ms, bodies, connections, nginx, tollhouse, ratio, memory_mb }) => [
      `${provider_ms} ms, ${connections}${bodies ? ", bodies kept" : ""}`,
      nginx.tokens_per_second,
      tollhouse.tokens_per_second,
      ratio.toFixed(2),
      ...[nginx, tollhouse].flatMap((figures) => [figures.first_byte_p50_us, figures.first_byte_p99_us].map(milliseconds)),
      memory_mb,
    ]),
  );
  return rows;
}
