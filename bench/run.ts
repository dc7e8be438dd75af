/** The benchmarks: a table for people, and `target/bench/*.json`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

import { BrowserTimes } from "./browser.ts";
import { changes } from "./changes.ts";
import { crowd } from "./crowd.ts";
import { dashboards } from "./dashboards.ts";
import { withDemos } from "./demos.ts";
import { Exports } from "./exports.ts";
import { gateway } from "./gateway.ts";
import { live } from "./live.ts";
import { Logs } from "./logs.ts";
import { pages } from "./pages.ts";
import { peers } from "./peers.ts";
import { rollups } from "./rollups.ts";
import { streams } from "./streams.ts";
import { Usage } from "./usage.ts";

const results = join(import.meta.dirname, "../target/bench");
mkdirSync(results, { recursive: true });

const machine = {
  processor: cpus()[0]?.model,
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 2 ** 30),
  commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname }).toString().trim(),
  at: new Date().toISOString(),
};

function write(name: string, rows: object): void {
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}

console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memory_gb} GB\n`);
const wanted = process.argv.slice(2);
const is = (name: string) => wanted.length === 0 || wanted.includes(name);
if (is("gateway")) write("gateway", await gateway());
if (is("streams")) write("streams", await streams());
if (is("peers")) write("peers", await peers());
await overDemos();
if (is("rollups")) write("rollups", await rollups());
if (is("pages")) write("pages", await pages());
if (is("live")) write("live", await live());
if (is("dashboards")) write("dashboards", await dashboards());
if (is("changes")) write("changes", await changes());
if (is("crowd")) write("crowd", await crowd());

/** Those that measure over one demo organization after another. What there is of their figures is written after each. */
async function overDemos(): Promise<void> {
  const all = { usage: new Usage(), logs: new Logs(), exports: new Exports(), browser: new BrowserTimes() };
  const chosen = Object.entries(all).filter(([name]) => is(name));
  if (chosen.length === 0) return;
  await withDemos(async (demo) => {
    for (const [name, benchmark] of chosen) {
      await benchmark.measure(demo);
      write(name, benchmark.rows);
    }
  });
  for (const [, benchmark] of chosen) benchmark.print();
}
