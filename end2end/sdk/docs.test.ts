/** Runs the JavaScript blocks of `docs/clients.md`, unchanged except for address and key. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { run } from "../lib/process.ts";

const { BASE_URL = "", ENDPOINTS_KEY = "" } = process.env;
const page = readFileSync(join(import.meta.dirname, "../../docs/clients.md"), "utf8");
const blocks = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, block = ""]) =>
  block.replaceAll("https://hub.example/v1", BASE_URL).replaceAll("https://hub.example", BASE_URL.replace(/\/v1$/, "")).replaceAll("toll_std_…", ENDPOINTS_KEY),
);
assert.equal(blocks.length, 4);

// Below `end2end`, so that the imports of its packages are found.
const folder = join(import.meta.dirname, "../results");
mkdirSync(folder, { recursive: true });

for (const [index, block] of blocks.entries()) {
  test(`docs/clients.md: ${block.split("\n")[0]}`, async () => {
    const file = join(folder, `clients-${index}.mjs`);
    writeFileSync(file, block);
    const lines = (await run(process.execPath, [file], {})).trim().split("\n");
    for (const line of lines) assert.ok(line.split(" ").length > 3, line);
  });
}
