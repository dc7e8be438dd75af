// Joins the pieces of the dashboard's code to files: see scripts/split.
"use strict";

/**
 * Compressed bytes for each byte of linked code, optimised and with brotli: in a file of its own, or in the file of the main
 * code, where it compresses better; and of the main code itself. `file` is what one more file costs in bytes, with its
 * headers. Measured in November 2026.
 */
const WEIGHT = { alone: 0.277, withMain: 0.235, main: 0.282, file: 1_150 };
/** How much every visit downloads besides code, in bytes. */
const OTHER_BYTES = 40_000;
/** The exponent that makes the heaviest visit count more than lighter ones. */
const EMPHASIS = 8;
/** Parts that open within a page, so that no visit begins with them. */
const LATER = ["key_calls", "key_dialogs", "key_history", "palette"];

/**
 * Reads the pieces of code, and the parts that need each, from the loader that wasm-split-cli writes: a piece for several
 * parts is a `__chunk_…` under a comment with their names, and a piece for a single part has the part's name.
 */
function readPieces(loader) {
  const shared = [...loader.matchAll(/\/\* (.+) \*\/\nconst __chunk_(\d+) = /g)];
  const own = [...loader.matchAll(/export const __wasm_split_load_(\w+) = /g)];
  return [
    ...shared.map(([, parts, number]) => ({ name: `chunk_${number}`, parts: parts.split(", ") })),
    ...own.map(([, part]) => ({ name: `split_${part}`, parts: [part] })),
  ];
}

/**
 * Joins pieces (`{ name, parts, bytes }`) to files, so that the heaviest visit becomes as light as possible: many small files
 * compress badly, and a few large ones contain code that a visit doesn't need. Code for most visits joins the main code, of
 * `mainBytes`.
 *
 * Takes the step that gains most, repeatedly, until no step gains.
 */
function joinPieces(pieces, mainBytes) {
  const names = [...new Set(pieces.flatMap(({ parts }) => parts))];
  const score = ({ files, withMain }) => {
    const common = OTHER_BYTES + WEIGHT.main * mainBytes + WEIGHT.withMain * withMain.bytes;
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
    const next = listSteps(best)
      .map((step) => ({ step, score: score(step) }))
      .reduce((a, b) => (b.score < a.score ? b : a), { step: best, score: score(best) }).step;
    if (next === best) return best;
    best = next;
  }
}

/** Returns each result of joining two files, or one file with the main code. */
function listSteps({ files, withMain }) {
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

module.exports = { LATER, joinPieces, readPieces };
