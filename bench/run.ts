/** The benchmarks: a table for people, and `target/bench/*.json`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

import { changes } from "./changes.ts";
import { crowd } from "./crowd.ts";
import { gateway } from "./gateway.ts";
import { live } from "./live.ts";
import { pages } from "./pages.ts";
import { peers } from "./peers.ts";
import { streams } from "./streams.ts";
import { usage } from "./usage.ts";

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
if (is("usage")) write("usage", await usage());
if (is("pages")) write("pages", await pages());
if (is("live")) write("live", await live());
if (is("changes")) write("changes", await changes());
if (is("crowd")) write("crowd", await crowd());
