import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** The ports to choose from: below those of outgoing connections, one of which could take a port before a server listens on it. */
const PORTS: [first: number, end: number] = [10_000, 20_000];

/** Finds a TCP port of loopback that no process listens on. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    const probe = createServer().listen(port, "127.0.0.1");
    const isFree = await once(probe, "listening").then(() => true, () => false);
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}

/** Runs a program to its end and returns what it printed; throws if it fails. */
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

/** Seconds for which a process has computed so far, on all cores together; 0 if it has ended. */
export function readProcessorSeconds(pid: number): number {
  try {
    // Fields 14 and 15, in ticks of 10 ms (man 5 proc). The second one, a name in parentheses, may have spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** Ends a child process, and waits until it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
