/**
 * Other gateways in front of the same provider, where they can be installed: npm's `@portkey-ai/gateway` and PyPI's
 * `litellm[proxy]`. Both forward only and store nothing; litellm compares one
 * key, portkey none.
 */
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { end, findFreePort } from "../end2end/lib/process.ts";
import { answers, type Figures, ROUNDS, SECONDS, Stand, start, type Target } from "./stand.ts";
import { milliseconds, table } from "./table.ts";

const DELAYS = [0, 20];
const CONNECTIONS = [1, 16, 64];
/** How long a peer may take to start. */
const STARTS_WITHIN = 120_000;

interface Peer {
  name: string;
  target: Target;
  process: ChildProcess;
}

interface Row {
  name: string;
  provider_ms: number;
  connections: number;
  figures: Figures;
}

export async function peers(): Promise<Row[]> {
  const rows: Row[] = [];
  const folder = mkdtempSync(join(tmpdir(), "peers-"));
  for (const delay of DELAYS) {
    const stand = await Stand.set(delay);
    const found = [await portkey(stand.upstream), await litellm(stand.upstream, folder)].filter((peer) => peer !== undefined);
    try {
      for (const connections of CONNECTIONS) {
        const targets = [stand.nginx, stand.tollhouse, ...found.map(({ target }) => target)];
        const names = ["nginx", "tollhouse", ...found.map(({ name }) => name)];
        const all = await stand.compare(connections, ...targets);
        for (const [index, figures] of all.entries()) {
          rows.push({ name: names[index] ?? "", provider_ms: delay, connections, figures });
        }
      }
    } finally {
      for (const peer of found) await end(peer.process);
      await stand.clear();
    }
  }
  rmSync(folder, { recursive: true, force: true });
  table(
    `Beside other gateways: calls a second, and latency in ms (medians of ${ROUNDS} rounds of ${SECONDS} s)`,
    ["provider, connections", "gateway", "calls/s", "p50", "p99", "failed"],
    rows.map(({ name, provider_ms, connections, figures }) => [
      `${provider_ms} ms, ${connections}`,
      name,
      figures.calls_per_second,
      milliseconds(figures.p50_us),
      milliseconds(figures.p99_us),
      figures.failed,
    ]),
  );
  return rows;
}

async function portkey(upstream: string): Promise<Peer | undefined> {
  const program = process.env.BENCH_PORTKEY ?? "";
  if (!existsSync(program)) return absent("@portkey-ai/gateway");
  const port = await findFreePort();
  const headers = {
    authorization: "Bearer none",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `http://${upstream}/v1`,
  };
  const target = { url: `http://127.0.0.1:${port}`, headers, mayFail: true };
  const server = start(process.execPath, [program, "--headless", `--port=${port}`], { TRUSTED_CUSTOM_HOSTS: "127.0.0.1" });
  await answers(target, STARTS_WITHIN);
  return { name: "portkey", target, process: server };
}

async function litellm(upstream: string, folder: string): Promise<Peer | undefined> {
  const program = process.env.BENCH_LITELLM ?? "";
  if (!existsSync(program)) return absent("litellm[proxy]");
  const file = join(folder, "litellm.yaml");
  const parameters = { model: "openai/bench", api_base: `http://${upstream}/v1`, api_key: "none" };
  const key = `sk-${randomBytes(24).toString("hex")}`; // without one it doesn't start
  const settings = { model_list: [{ model_name: "bench", litellm_params: parameters }], general_settings: { master_key: key } };
  writeFileSync(file, JSON.stringify(settings)); // which is YAML too
  const port = await findFreePort();
  const target = { url: `http://127.0.0.1:${port}`, headers: { authorization: `Bearer ${key}` }, mayFail: true };
  const environment = { LITELLM_LOCAL_MODEL_COST_MAP: "True" }; // asks nobody for prices
  const server = start(program, ["--config", file, "--host", "127.0.0.1", "--port", String(port), "--telemetry", "False"], environment);
  await answers(target, STARTS_WITHIN);
  return { name: "litellm", target, process: server };
}

function absent(name: string): undefined {
  console.log(`${name} can't be installed here and is left out`);
  return undefined;
}
