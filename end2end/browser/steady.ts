import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import type { BrowserContext, Page, Route, TestInfo, WebSocketRoute } from "@playwright/test";

/** How many times slower the browser's processor is made to be. */
const SLOWDOWN = 4;
/** How long an answer may be held back, in milliseconds. */
const MAX_DELAY = 800;

/**
 * Slows a browser down, and makes its server's answers come late and in another order. Returns a function that ends this.
 *
 * The seed, the test, the address and how often it was requested determine how long an answer is held back, so that a run
 * with the same seed repeats the delays.
 */
export async function unsettle(context: BrowserContext, test: TestInfo): Promise<() => Promise<void>> {
  const requestCounts = new Map<string, number>();
  const delay = (path: string) => {
    const count = (requestCounts.get(path) ?? 0) + 1;
    requestCounts.set(path, count);
    const input = [process.env.TEST_STEADY, test.titlePath.join(" "), test.project.name, test.repeatEachIndex, path, count].join("\n");
    return (createHash("sha256").update(input).digest().readUInt32BE() / 2 ** 32) * MAX_DELAY;
  };
  context.on("page", (page) => void slowDown(page));
  await context.route(/\/api\/|\.wasm$/, (route) => holdBack(route, delay(new URL(route.request().url()).pathname)));
  await context.routeWebSocket(/\/api\/live/, (socket) => holdBackMessages(socket, () => delay("/api/live")));
  return () => context.unrouteAll({ behavior: "ignoreErrors" });
}

async function slowDown(page: Page): Promise<void> {
  try {
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  } catch (error) {
    if (!page.isClosed()) throw error;
  }
}

/** Sends a request at once, and holds its answer back. */
async function holdBack(route: Route, milliseconds: number): Promise<void> {
  const request = route.request();
  // A download can't be fulfilled from its answer, and code is the same whenever it is requested: both are sent late instead.
  if (request.isNavigationRequest() || request.method() === "GET") {
    await pause(milliseconds);
    return route.continue();
  }
  const response = await route.fetch({ maxRedirects: 0 });
  await pause(milliseconds);
  await route.fulfill({ response });
}

/** Holds back the messages of a socket, in their order. */
function holdBackMessages(socket: WebSocketRoute, delay: () => number): void {
  const server = socket.connectToServer();
  let last = Promise.resolve();
  server.onMessage((message) => {
    const held = pause(delay());
    last = last.then(async () => {
      await held;
      socket.send(message);
    });
  });
}
