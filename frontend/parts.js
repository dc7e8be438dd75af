// Brings parts of the dashboard's code to life: files of WebAssembly beside the main one, which share its memory and its
// table of functions. scripts/split says which files each part comes in.

import init, { initSync } from "./frontend.js";

/** Starts the dashboard, whose main code is at the address `main`. */
export function start(main) {
  init({ module_or_path: main });
}

/** What the main code shares; once it has been started, `initSync` only tells that. */
const shared = () => initSync();

const brought = new Map();

/** Brings the code at the address `file` to life, once. What fails may be tried again. */
function bring(file) {
  if (!brought.has(file)) {
    const code = WebAssembly.instantiateStreaming(fetch(file), { main: shared() });
    code.catch(() => brought.delete(file));
    brought.set(file, code);
  }
  return brought.get(file);
}

/** What the main code calls to get the part that comes in `files`: it is told, by a function of its table, whether it came. */
export function part(files) {
  return (told, data) => {
    const tell = (came) => shared().__indirect_function_table.get(told)(data, came);
    Promise.all(files.map(bring)).then(
      () => tell(true),
      (error) => {
        console.error(error);
        tell(false);
      },
    );
  };
}
