// Joins the pieces of the dashboard's code to files: see scripts/split.
"use strict";

/**
 * Compressed bytes for each byte of linked code, optimised and with brotli: in a file of its own, or in the file of the main
 * code, where it compresses better; and of the main code itself. `file` is what one more file costs in bytes, with its
 * headers. Measured in November 2026.
 */
const WEIGHT = { alone: 0.296, withMain: 0.26, main: 0.286, file: 1_200 };
/** How much every visit downloads besides code, in bytes. */
const OTHER_BYTES = 40_000;
/**
 * Files are joined so that the heaviest visit becomes as light as possible: the score is the norm of all visits with this
 * exponent, a power of two, which is hardly above the heaviest, and this share of what all parts download together.
 */
const [EXPONENT, SHARE] = [128, 0.001];
/** Parts that open within a page, so that no visit begins with them. */
const LATER = [
  "body_deletion",
  "call_conversation",
  "call_details",
  "call_replay",
  "chart_picture",
  "chart_table",
  "custom_range",
  "export_dialog",
  "first_steps",
  "inbox_list",
  "key_calls",
  "key_dialogs",
  "key_history",
  "log_columns",
  "overlays",
  "saved_views",
  "suggested_terms",
  "tag_dialog",
  "token_table",
  "usage_filters",
];

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
  const [pages, later] = [names.filter((name) => !LATER.includes(name)), names.filter((name) => LATER.includes(name))];
  const mask = (of, parts) => of.reduce((mask, name, index) => (parts.includes(name) ? mask | (1 << index) : mask), 0);
  const makeFile = (pieceNames, forPages, forLater, bytes) => ({
    pieces: pieceNames,
    forPages,
    forLater,
    bytes,
    cost: WEIGHT.file + WEIGHT.alone * bytes,
    visits: countOnes(forPages) + countOnes(forLater),
  });
  const join = (a, b) =>
    makeFile([...a.pieces, ...b.pieces], a.forPages | b.forPages, a.forLater | b.forLater, a.bytes + b.bytes);
  let files = pieces.map(({ name, parts, bytes }) => makeFile([name], mask(pages, parts), mask(later, parts), bytes));
  let withMain = makeFile([], mask(pages, pages), mask(later, later), 0);
  /** What each page downloads in files of its own, and all parts together. */
  let own = pages.map((_, page) => files.reduce((sum, file) => sum + ((file.forPages >> page) & 1) * file.cost, 0));
  let total = files.reduce((sum, { cost, visits }) => sum + cost * visits, 0);

  const commonBytes = (joined) => OTHER_BYTES + WEIGHT.main * mainBytes + WEIGHT.withMain * joined;
  /** What a page downloads in files of its own after a step: a file of `cost` in place of files `a` and `b`. */
  const ownAfter = ({ a, b, cost }, page) => {
    const [needsA, needsB] = [(a.forPages >> page) & 1, (b.forPages >> page) & 1];
    return own[page] - needsA * a.cost - needsB * b.cost + (needsA | needsB) * cost;
  };
  const totalAfter = ({ a, b, cost }) => {
    const visits = countOnes(a.forPages | b.forPages) + countOnes(a.forLater | b.forLater);
    return total - a.visits * a.cost - b.visits * b.cost + visits * cost;
  };
  /** The score after a step. It is called for each pair of files in each step, millions of times. */
  const score = (step) => {
    let norm = 0;
    // As shares of about one visit, since large powers are out of range.
    for (let page = 0; page < pages.length; page++) norm += power((step.common + ownAfter(step, page)) / 300_000);
    return 300_000 * norm ** (1 / EXPONENT) + SHARE * (totalAfter(step) + pages.length * step.common);
  };

  const none = makeFile([], 0, 0, 0);
  for (;;) {
    const common = commonBytes(withMain.bytes);
    let best = { a: none, b: none, cost: 0, common };
    best.score = score(best);
    const consider = (step) => {
      step.score = score(step);
      if (step.score < best.score) best = step;
    };
    for (const [index, a] of files.entries()) {
      consider({ a, b: none, cost: 0, common: commonBytes(withMain.bytes + a.bytes) });
      for (let other = index + 1; other < files.length; other++) {
        const b = files[other];
        consider({ a, b, cost: WEIGHT.file + WEIGHT.alone * (a.bytes + b.bytes), common });
      }
    }
    const { a, b } = best;
    if (a === none) break;
    [own, total] = [pages.map((_, page) => ownAfter(best, page)), totalAfter(best)];
    files = files.filter((file) => file !== a && file !== b);
    if (b === none) withMain = join(withMain, a);
    else files.push(join(a, b));
  }
  const named = ({ pieces, forPages, forLater, bytes }) => {
    const parts = [...pages.filter((_, page) => (forPages >> page) & 1), ...later.filter((_, part) => (forLater >> part) & 1)];
    return { pieces, bytes, parts: new Set(parts) };
  };
  return { files: files.map(named), withMain: named(withMain) };
}

/** The number of bits of `mask` that are 1. */
function countOnes(mask) {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}

/** The power with `EXPONENT`, quicker than `**`. */
function power(base) {
  let result = base;
  for (let exponent = 1; exponent < EXPONENT; exponent *= 2) result *= result;
  return result;
}

module.exports = { LATER, joinPieces, readPieces };
