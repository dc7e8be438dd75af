import { expect, type Page } from "@playwright/test";
import axe, { type RunOptions } from "axe-core";

import { STEADY } from "./pace.ts";

/** WCAG 2.2 at level AA, with all that it includes. */
const ALL: RunOptions = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } };

/** Of these, the rules that look at colours: a theme changes nothing else. */
const OF_COLOUR: RunOptions = { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };

/** Checks the page as it stands, with whatever is open on it, in the light and the dark theme. */
export async function expectAccessible(page: Page): Promise<void> {
  // How a page looks doesn't depend on who is faster.
  if (STEADY) return;
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  for (const [colorScheme, rules] of [["light", ALL], ["dark", OF_COLOUR]] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(coloursHaveArrived);
    expect.soft(await violations(page, rules), `${new URL(page.url()).pathname}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Waits in the browser for what a change of the theme has set off, and for what that sets off in turn. */
async function coloursHaveArrived(): Promise<void> {
  const passing = () => document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
  do {
    await Promise.allSettled(passing().map(({ finished }) => finished));
    await new Promise(requestAnimationFrame);
  } while (passing().length > 0);
}

/** What axe finds. Describing what is as it should be, and loading style sheets for rules that aren't asked for, took it most of its time. */
async function violations(page: Page, rules: RunOptions): Promise<string[]> {
  const options: RunOptions = { ...rules, resultTypes: ["violations"], preload: false };
  const { violations } = await page.evaluate((options) => (window as unknown as { axe: typeof axe }).axe.run(document, options), options);
  return violations.map(({ id, help, nodes }) => {
    const targets = nodes.map(({ target }) => target.join(" "));
    return `${id}: ${help}: ${targets.slice(0, 5).join(", ")}${targets.length > 5 ? ` and ${targets.length - 5} more` : ""}`;
  });
}

/** Checks that nothing makes the page scroll sideways. */
export async function expectToFit(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(overflow, `${new URL(page.url()).pathname} is as wide as the screen`).toBeLessThanOrEqual(0);
}
