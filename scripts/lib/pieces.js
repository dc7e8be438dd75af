// How the pieces of the dashboard's code become files: see scripts/split.
"use strict";

/**
 * What becomes of a byte of linked code, optimised and with brotli: in a file of its own, or with the main code, which has
 * more to refer to. And what one more file costs, with its headers. Measured in November 2026.
 */
const WEIGHT = { alone: 0.277, withMain: 0.235, main: 0.282, file: 1_150 };
/** What every visit downloads beside code. */
const REST = 40_000;
/** How much the heaviest visit counts more than lighter ones: it is the one that is to be light. */
const EMPHASIS = 8;
/** Parts that no visit begins with: they open within a page. */
const LATER = ["key_calls", "key_dialogs", "key_history", "palette"];

/**
 * The pieces of code by the parts that need them, as wasm-split-cli says in the loader it writes: one that several parts
 * need is a `__chunk_…` under a comment with their names, and one that is a single part's has its name.
 */
function piecesOf(loader) {
  const shared = [...loader.matchAll(/\/\* (.+) \*\/\nconst __chunk_(\d+) = /g)];
  const own = [...loader.matchAll(/export const __wasm_split_load_(\w+) = /g)];
  return [
    ...shared.map(([, parts, number]) => ({ name: `chunk_${number}`, parts: parts.split(", ") })),
    ...own.map(([, part]) => ({ name: `split_${part}`, parts: [part] })),
  ];
}

/**
 * Joins pieces (`{ name, parts, bytes }`) to files, so that the heaviest visit becomes as light as possible: many files
 * compress badly, and few bring along what isn't needed. What most visits need goes with the main code of `mainBytes`.
 *
 * Takes the step that gains most, again and again, until none gains.
 */
function joined(pieces, mainBytes) {
  const names = [...new Set(pieces.flatMap(({ parts }) => parts))];
  const score = ({ files, withMain }) => {
    const common = REST + WEIGHT.main * mainBytes + WEIGHT.withMain * withMain.bytes;
    return names
      .map((name) => {
        const needed = files.filter(({ parts }) => parts.has(name));
        const own = needed.reduce((sum, { bytes }) => sum + WEIGHT.file + WEIGHT.alone * bytes, 0);
        return LATER.includes(name) ? own / 300_000 : ((common + own) / 300_000) ** EMPHASIS;
      })
      .reduce((sum, each) => sum + each, 0);
  };

  let best = {
    files: pieces.map(({ name, parts, bytes }) => ({ pieces: [name], parts: new Set(parts), bytes })),
    withMain: { pieces: [], parts: new Set(names), bytes: 0 },
  };
  for (;;) {
    const next = steps(best)
      .map((step) => ({ step, score: score(step) }))
      .reduce((a, b) => (b.score < a.score ? b : a), { step: best, score: score(best) }).step;
    if (next === best) return best;
    best = next;
  }
}

/** All that joining two files, or one with the main code, leads to. */
function steps({ files, withMain }) {
  const both = (a, b) => ({
    pieces: [...a.pieces, ...b.pieces],
    parts: new Set([...a.parts, ...b.parts]),
    bytes: a.bytes + b.bytes,
  });
  const without = (...gone) => files.filter((file) => !gone.includes(file));
  return files.flatMap((a, index) => [
    { files: without(a), withMain: both(withMain, a) },
    ...files.slice(index + 1).map((b) => ({ files: [...without(a, b), both(a, b)], withMain })),
  ]);
}

module.exports = { LATER, joined, piecesOf };
