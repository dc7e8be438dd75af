import { defineConfig } from "@playwright/test";

import { scaleTimeout, STEADY } from "./browser/pace.ts";
import { CHROMIUM } from "./lib/browser.ts";

const screen = (width: number, height: number) => ({ viewport: { width, height } });

/** Tags of tests that run on a phone or a tablet instead of a desktop, or at all three widths. */
const [PHONE, TABLET, WIDTHS] = [/@phone/, /@tablet/, /@widths/];
const grepTag = (width: RegExp) => (STEADY ? width : [width, WIDTHS]);

export default defineConfig({
  testDir: "browser",
  outputDir: "results",
  globalSetup: "./browser/server.ts",
  fullyParallel: true,
  forbidOnly: true,
  // One more than the cores of a small machine, since tests sometimes only wait for the server's clock.
  workers: 3,
  timeout: scaleTimeout(120_000),
  expect: { timeout: scaleTimeout(5_000) },
  reporter: [["list"]],
  use: {
    launchOptions: CHROMIUM,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // Without transitions, so that no colour is measured on the way to its final value.
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "phone", use: { ...screen(390, 844), hasTouch: true }, testIgnore: /screenshot/, grep: grepTag(PHONE) },
    { name: "tablet", use: { ...screen(820, 1180), hasTouch: true }, testIgnore: /screenshot/, grep: grepTag(TABLET) },
    { name: "desktop", use: screen(1440, 900), testIgnore: /screenshot/, grepInvert: [PHONE, TABLET] },
    { name: "screenshot", use: { ...screen(1440, 900), deviceScaleFactor: 2 }, testMatch: /screenshot/ },
  ],
});
