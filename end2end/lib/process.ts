import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Where to look for ports: below those that connections of anybody's begin at, who could take one before it is listened on. */
const PORTS: [first: number, end: number] = [10_000, 20_000];

/** A TCP port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    const probe = createServer().listen(port, "127.0.0.1");
    const listens = await once(probe, "listening").then(() => true, () => false);
    if (!listens) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

/** Runs a program to its end and gives what it printed; throws where it fails. */
export async function run(program: string, args: string[], options: SpawnOptions & { input?: string } = {}): Promise<string> {
  const { input, ...others } = options;
  const child = spawn(program, args, { ...others, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (errors += chunk));
  child.stdin?.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${errors}`);
  return output;
}

/** Ends a process of ours, and waits until it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
