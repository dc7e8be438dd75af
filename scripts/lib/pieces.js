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
 * exponent, which is hardly above the heaviest, and this share of what all parts download together.
 */
const [EXPONENT, SHARE] = [32, 0.007];
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
  const isLater = names.map((name) => LATER.includes(name));
  const needs = (parts) => names.map((name) => parts.includes(name));
  let files = pieces.map(({ name, parts, bytes }) => ({ pieces: [name], needs: needs(parts), bytes }));
  let withMain = { pieces: [], needs: needs(names), bytes: 0 };
  /** What each part downloads in files of its own. */
  let own = names.map((_, part) => files.reduce((sum, file) => sum + (file.needs[part] ? download(file.bytes) : 0), 0));

  const commonBytes = (joined) => OTHER_BYTES + WEIGHT.main * mainBytes + WEIGHT.withMain * joined;
  const score = (common, own) => {
    const sizes = own.map((bytes, part) => (isLater[part] ? bytes : common + bytes));
    // As shares of about one visit, since large powers are out of range.
    const sum = sizes.reduce((sum, bytes, part) => sum + (isLater[part] ? 0 : (bytes / 300_000) ** EXPONENT), 0);
    return 300_000 * sum ** (1 / EXPONENT) + SHARE * sizes.reduce((sum, bytes) => sum + bytes, 0);
  };

  for (;;) {
    const common = commonBytes(withMain.bytes);
    let best = { score: score(common, own) };
    const consider = (step) => {
      if (step.score < best.score) best = step;
    };
    for (const [index, a] of files.entries()) {
      const left = own.map((bytes, part) => (a.needs[part] ? bytes - download(a.bytes) : bytes));
      consider({ score: score(commonBytes(withMain.bytes + a.bytes), left), own: left, a });
      for (const b of files.slice(index + 1)) {
        const joined = download(a.bytes + b.bytes);
        const changed = left.map((bytes, part) => {
          if (!a.needs[part] && !b.needs[part]) return bytes;
          return bytes - (b.needs[part] ? download(b.bytes) : 0) + joined;
        });
        consider({ score: score(common, changed), own: changed, a, b });
      }
    }
    if (!best.a) break;
    own = best.own;
    files = files.filter((file) => file !== best.a && file !== best.b);
    if (best.b) files.push(join(best.a, best.b));
    else withMain = join(withMain, best.a);
  }
  const named = ({ pieces, needs, bytes }) => ({ pieces, bytes, parts: new Set(names.filter((_, part) => needs[part])) });
  return { files: files.map(named), withMain: named(withMain) };
}

/** What a file of so many bytes of linked code costs a visit that needs it. */
function download(bytes) {
  return WEIGHT.file + WEIGHT.alone * bytes;
}

function join(a, b) {
  return {
    pieces: [...a.pieces, ...b.pieces],
    needs: a.needs.map((needed, part) => needed || b.needs[part]),
    bytes: a.bytes + b.bytes,
  };
}

module.exports = { LATER, joinPieces, readPieces };
