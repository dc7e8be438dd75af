// Operations of scripts/split on files of WebAssembly, with Binaryen's programs.
"use strict";

const { execFile, execFileSync } = require("node:child_process");
const { readFileSync, writeFileSync } = require("node:fs");
const { availableParallelism } = require("node:os");
const { promisify } = require("node:util");

/** The features that rustc and wasm-bindgen use; browsers have them since 2022. */
const FEATURES = [
  "bulk-memory",
  "bulk-memory-opt",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

/** Runs a program and returns its output. */
function run(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 29 });
  } catch (error) {
    throw new Error(`${program} failed\n${error.stderr ?? error.message}`);
  }
}

/** Applies `work` to all items, as many at once as there are processors; the results keep the order of the items. */
async function mapConcurrently(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/**
 * Makes a module as small as possible, removes its `unused` exports, and returns its bytes.
 *
 * Flattening control flow and building it up again saves a hundredth once it is compressed, and so do the assumptions that
 * memory is zero at first, and that nothing is stored at its beginning, where the stack ends.
 */
async function optimise(path, ...unused) {
  const assumptions = ["--low-memory-unused", "--zero-filled-memory"];
  const passes = [...unused.map((name) => `--remove-exports=${name}`), "--flatten", "--rereloop", "-Oz", "-Oz"];
  const options = [...assumptions, ...passes, "--strip-debug", "--strip-producers", ...FEATURES];
  await promisify(execFile)("wasm-opt", [...options, path, "-o", path], { maxBuffer: 2 ** 29 });
  return readFileSync(path);
}

/** Joins modules, given as `[path, name]`; they import each other's exports by that name. */
function merge(modules, to) {
  run("wasm-merge", ...FEATURES, ...modules.flat(), "-o", to);
}

/** Returns how many bytes of code and data a module has, as the linker left it. */
function measureSize(path) {
  const module = readFileSync(path);
  const [CODE, DATA] = [10, 11];
  let size = 0;
  // A section is its id, its length in LEB128, and so many bytes (WebAssembly Core 2.0, section 5.5.2).
  for (let at = 8; at < module.length; ) {
    const id = module[at++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      length += (module[at] & 0x7f) * 2 ** shift;
      more = module[at++] >= 0x80;
    }
    if (id === CODE || id === DATA) size += length;
    at += length;
  }
  return size;
}

/**
 * Writes a module that imports from `main` everything that `paths` import from `name`, and exports it again. Joined with it
 * under that name, the modules import each item only once, which a module with a single memory has to.
 */
function writePassage(paths, name, to) {
  const items = new Map();
  for (const path of [...paths].sort((a, b) => measureSize(a) - measureSize(b))) {
    const imported = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(path)));
    if (imported.every((item) => items.has(item.name))) continue;
    const text = run("wasm-dis", ...FEATURES, path);
    const typed = new RegExp(`^ \\(import "${name}" "(\\w+)" \\((\\w+) \\S+ (.*)\\)\\)$`, "gm");
    for (const [, item, kind, type] of text.matchAll(typed)) {
      items.set(item, { kind, type: type.replace(/^\(type \S+\) ?/, "") });
    }
  }
  const all = [...items];
  const importLines = all.map(([item, { kind, type }]) => `(import "main" "${item}" (${kind} $${item} ${type}))`);
  const exportLines = all.map(([item, { kind }]) => `(export "${item}" (${kind} $${item}))`);
  writeFileSync(to, `(module\n${[...importLines, ...exportLines].join("\n")}\n)\n`);
}

module.exports = { mapConcurrently, measureSize, merge, optimise, run, writePassage };
