import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import type { BrowserContext, Page, Route, TestInfo, WebSocketRoute } from "@playwright/test";

/** How many times slower the browser's processor seems. */
const SLOWDOWN = 4;
/** Answers are held back for up to so many milliseconds, each by itself. */
const LONGEST_DELAY = 800;

/**
 * Slows a browser down, and lets what its server answers come late and in another order. Gives what ends that.
 *
 * How long an answer is held back follows from the seed, the test, the address and how often it was asked: with the same
 * seed each is held back as long again.
 */
export async function unsettle(context: BrowserContext, test: TestInfo): Promise<() => Promise<void>> {
  const asked = new Map<string, number>();
  const delay = (path: string) => {
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    const drawn = [process.env.TEST_STEADY, test.titlePath.join(" "), test.project.name, test.repeatEachIndex, path, times].join("\n");
    return (createHash("sha256").update(drawn).digest().readUInt32BE() / 2 ** 32) * LONGEST_DELAY;
  };
  context.on("page", (page) => void slowDown(page));
  await context.route(/\/api\/|\.wasm$/, (route) => holdBack(route, delay(new URL(route.request().url()).pathname)));
  await context.routeWebSocket(/\/api\/live/, (socket) => holdBackNews(socket, () => delay("/api/live")));
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

/** What is asked reaches the server at once; its answer is held back. */
async function holdBack(route: Route, milliseconds: number): Promise<void> {
  const request = route.request();
  // Downloads can't be handed on, and code is the same whenever it is asked for.
  if (request.isNavigationRequest() || request.method() === "GET") {
    await pause(milliseconds);
    return route.continue();
  }
  const response = await route.fetch({ maxRedirects: 0 });
  await pause(milliseconds);
  await route.fulfill({ response });
}

/** News keep their order, as on any socket. */
function holdBackNews(socket: WebSocketRoute, delay: () => number): void {
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
