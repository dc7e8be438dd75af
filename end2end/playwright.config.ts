import { defineConfig } from "@playwright/test";

import { STEADY, within } from "./browser/pace.ts";
import { CHROMIUM } from "./lib/browser.ts";

const screen = (width: number, height: number) => ({ viewport: { width, height } });

/** Where tests run that say nothing of it: on a desktop. Those tagged so run there instead, or at all widths. */
const [PHONE, TABLET, WIDTHS] = [/@phone/, /@tablet/, /@widths/];
const at = (width: RegExp) => (STEADY ? width : [width, WIDTHS]);

export default defineConfig({
  testDir: "browser",
  outputDir: "results",
  globalSetup: "./browser/server.ts",
  fullyParallel: true,
  forbidOnly: true,
  // One more than the cores of a small machine: tests wait for the server's clock now and then.
  workers: 3,
  timeout: within(120_000),
  expect: { timeout: within(5_000) },
  reporter: [["list"]],
  use: {
    launchOptions: CHROMIUM,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // Colours are measured when they have arrived, not on the way.
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "phone", use: { ...screen(390, 844), hasTouch: true }, testIgnore: /screenshot/, grep: at(PHONE) },
    { name: "tablet", use: { ...screen(820, 1180), hasTouch: true }, testIgnore: /screenshot/, grep: at(TABLET) },
    { name: "desktop", use: screen(1440, 900), testIgnore: /screenshot/, grepInvert: [PHONE, TABLET] },
    { name: "screenshot", use: { ...screen(1440, 900), deviceScaleFactor: 2 }, testMatch: /screenshot/ },
  ],
});
