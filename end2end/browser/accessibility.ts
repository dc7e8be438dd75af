import { expect, type Page } from "@playwright/test";
import axe, { type NodeResult, type RunOptions } from "axe-core";

import { STEADY } from "./pace.ts";

/** The rules of WCAG 2.2 at level AA, which includes level A and earlier versions. */
const ALL_RULES: RunOptions = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } };

/** The rules about colours: a theme changes nothing else. */
const COLOUR_RULES: RunOptions = { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } };

/** Checks the page with what is open on it, in the light and the dark theme. */
export async function expectAccessible(page: Page): Promise<void> {
  // `make test-steady` varies the order of answers, on which accessibility doesn't depend.
  if (STEADY) return;
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  // Further down, targets are measured against the bars that stay above them.
  await page.evaluate(() => scrollTo(0, 0));
  for (const [colorScheme, rules] of [["light", ALL_RULES], ["dark", COLOUR_RULES]] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(waitForTransitions);
    expect.soft(await findViolations(page, rules), `${new URL(page.url()).pathname}, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Waits, in the browser, for the transitions that a change of the theme begins, and for those that they begin in turn. */
async function waitForTransitions(): Promise<void> {
  const runningAnimations = () => document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
  do {
    await Promise.allSettled(runningAnimations().map(({ finished }) => finished));
    await new Promise(requestAnimationFrame);
  } while (runningAnimations().length > 0);
}

/** Returns what axe finds. Reporting passed rules, and loading style sheets for rules that don't run, would take most of its time. */
async function findViolations(page: Page, rules: RunOptions): Promise<string[]> {
  const options: RunOptions = { ...rules, resultTypes: ["violations"], preload: false };
  const { violations } = await page.evaluate((options) => (window as unknown as { axe: typeof axe }).axe.run(document, options), options);
  return violations.flatMap(({ id, help, nodes }) => {
    const targets = nodes.filter((node) => !isHalfCovered(node)).map(({ target }) => target.join(" "));
    if (targets.length === 0) return [];
    return `${id}: ${help}: ${targets.slice(0, 5).join(", ")}${targets.length > 5 ? ` and ${targets.length - 5} more` : ""}`;
  });
}

/** Whether a target is only too small since a bar that stays covers a part of it, so that it is whole once one scrolls. */
function isHalfCovered({ any }: NodeResult): boolean {
  return any.some(({ data }) => String(data?.messageKey).startsWith("partiallyObscured"));
}

/** Checks that nothing makes the page scroll sideways. */
export async function expectToFit(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(overflow, `${new URL(page.url()).pathname} is as wide as the screen`).toBeLessThanOrEqual(0);
}
