import { defineConfig } from "@playwright/test";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Debian's Chromium, which asks nobody for anything of its own accord. */
const launchOptions = {
  executablePath: chromium,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

const screen = (width: number, height: number) => ({ viewport: { width, height } });

export default defineConfig({
  testDir: "browser",
  outputDir: "results",
  fullyParallel: true,
  forbidOnly: true,
  // One more than the cores of a small machine: tests wait for the server's clock now and then.
  workers: 3,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    launchOptions,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // Colours are measured when they have arrived, not on the way.
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "phone", use: { ...screen(390, 844), hasTouch: true }, testIgnore: /screenshot/ },
    { name: "tablet", use: { ...screen(820, 1180), hasTouch: true }, testIgnore: /screenshot/ },
    { name: "desktop", use: screen(1440, 900), testIgnore: /screenshot/ },
    { name: "screenshot", use: { ...screen(1440, 900), deviceScaleFactor: 2 }, testMatch: /screenshot/ },
  ],
});
