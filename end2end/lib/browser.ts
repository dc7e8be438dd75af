import { type Browser, chromium } from "playwright-core";

export type { Locator, Page } from "playwright-core";

/** Debian's Chromium, without the requests that it makes in the background. */
export const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
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

export async function openBrowser(): Promise<Browser> {
  return chromium.launch(CHROMIUM);
}
