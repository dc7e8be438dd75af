// Loads parts of the dashboard's code: files of WebAssembly beside the main one, which share its memory and
// its table of functions. scripts/split lists the files of each part.

import init, { initSync } from "./frontend.js";

/** Starts the dashboard, whose main code is at the address `main`. */
export function start(main) {
  init({ module_or_path: main });
}

/** Returns the main code's shared exports: once it has been started, `initSync` only returns them. */
const shared = () => initSync();

const instances = new Map();

/** Loads the code at the address `file`, once. A failed load may be repeated. */
function load(file) {
  if (!instances.has(file)) {
    const code = WebAssembly.instantiateStreaming(fetch(file), { main: shared() });
    code.catch(() => instances.delete(file));
    instances.set(file, code);
  }
  return instances.get(file);
}

/**
 * Returns the function by which the main code loads the part in `files`. It reports success or failure to a
 * function of the main code's table.
 */
export function part(files) {
  return (callback, data) => {
    const report = (loaded) => shared().__indirect_function_table.get(callback)(data, loaded);
    Promise.all(files.map(load)).then(
      () => report(true),
      (error) => {
        console.error(error);
        report(false);
      },
    );
  };
}
