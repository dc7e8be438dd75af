import type { Locator, Page } from "@playwright/test";

import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { expect, signIn, test } from "./fixtures.ts";
import { showActions } from "./pages/head.ts";

/** Where a page's content may begin at most, in pixels from the top of a phone's screen. */
const MAX_TOP = 150;

/** Returns where the content below the page's head begins. */
async function readContentTop(page: Page): Promise<number> {
  return page.evaluate(() => {
    const head = document.querySelector("main .page-head");
    const tops = [...document.querySelectorAll("main *")]
      .filter((element) => !head?.contains(element) && !element.contains(head))
      .map((element) => element.getBoundingClientRect())
      // Larger than what is there only for screen readers.
      .filter(({ width, height }) => width > 8 && height > 8)
      .map(({ top }) => top);
    return Math.min(...tops);
  });
}

/** Checks that a sheet takes the focus and gives it back, and closes by Esc and by a tap beside it. */
async function expectToOpenAndClose(page: Page, button: Locator, sheet: Locator): Promise<void> {
  await button.tap();
  await expect(sheet).toBeVisible();
  await expect(sheet.locator(":focus")).toHaveCount(1);
  await expectToFit(page);
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(sheet).toBeVisible();
  await page.touchscreen.tap(195, 20);
  await expect(sheet).toBeHidden();
  await expect(button).toBeFocused();
}

test("the content of each page begins near the top of a phone's screen", { tag: "@phone" }, async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const home = `/o/${organization.slug}`;
  const paths = ["", "/usage", "/logs", "/keys", `/keys/${key.id}`, "/settings", "/notifications"].map((path) => home + path);
  for (const path of [...paths, "/account"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("[aria-busy]")).toHaveCount(0);
    const top = await readContentTop(page);
    expect.soft(top, path).toBeGreaterThan(60);
    expect.soft(top, path).toBeLessThanOrEqual(MAX_TOP);
    // Filters are in a sheet.
    await expect.soft(page.locator(".filters-body")).toBeHidden();
  }
});

test("a phone's pages are a tap away, and More leads to the others", { tag: "@phone" }, async ({ signedIn: page, organization }) => {
  const home = `/o/${organization.slug}`;
  await page.goto(home);
  const more = page.getByRole("button", { name: "More", exact: true });
  const sheet = page.getByRole("dialog", { name: "Pages" });
  await expectToOpenAndClose(page, more, sheet);
  await more.tap();
  await expect(sheet.getByRole("link")).toHaveText(["Overview", "Usage", "Logs", "API keys", "Settings", "Notifications", "Your account"]);
  await sheet.getByRole("link", { name: "Settings" }).tap();
  await expect(page).toHaveURL(`${home}/settings`);
  await expect(sheet).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeFocused();
  await expect(more).toHaveAttribute("aria-current", "true");
});

test("organization and project are one button on a phone", { tag: "@phone" }, async ({ signedIn: page, hub, organization }) => {
  await hub.runCommand(["project", "create", "--org", organization.slug, "--name", "Second"]);
  await page.goto(`/o/${organization.slug}/usage`);
  const switcher = page.getByRole("button", { name: /^Organization: .* Project: All projects$/ });
  const sheet = page.getByRole("dialog", { name: "Switch to" });
  await expectToOpenAndClose(page, switcher, sheet);
  await switcher.tap();
  await sheet.getByRole("link", { name: "Second" }).tap();
  await expect(page).toHaveURL(/project=proj_/);
  await expect(page.getByRole("button", { name: /Project: Second$/ })).toContainText("Second");
  await page.goto(`/o/${organization.slug}/settings`);
  await expect(page.getByRole("button", { name: /^Organization: / })).not.toHaveAccessibleName(/Project/);
});

test("live updates and exports are behind a phone's other actions", { tag: "@phone" }, async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage`);
  const more = page.getByRole("button", { name: "More actions" });
  const sheet = page.getByRole("dialog", { name: "More actions" });
  await expectToOpenAndClose(page, more, sheet);
  await showActions(page);
  await expect(sheet.getByRole("button", { name: "Live" })).toHaveAttribute("title", "Live. Click to pause.");
  await sheet.getByRole("button", { name: "Live" }).tap();
  await expect(sheet).toBeHidden();
  await showActions(page);
  await expect(sheet.getByRole("button", { name: "Paused" })).toHaveAttribute("title", "Paused. Click to resume.");
  await expect(sheet.getByText("Export", { exact: true })).toBeVisible();
});

test("touch screens show no names of keys", { tag: "@phone" }, async ({ browser, hub, owner, organization }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL: hub.url });
  await signIn(context, owner);
  const page = await context.newPage();
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Search or run a command…" }).tap();
  await expect(page.getByRole("option", { name: "Usage", exact: true })).toBeVisible();
  await expect(page.locator("kbd").filter({ visible: true })).toHaveCount(0);
  await context.close();
});

test("a page's filters are behind one button of its head, which counts them", { tag: "@phone" }, async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage?range=7d`);
  const button = page.getByRole("button", { name: "Filters (1)" });
  const sheet = page.getByRole("dialog", { name: "Filters" });
  await expectToOpenAndClose(page, button, sheet);
  await button.tap();
  await sheet.getByRole("button", { name: /^Range/ }).tap();
  await page.getByRole("menuitem", { name: "Month to date" }).tap();
  await expect(page).not.toHaveURL(/range=/);
  await sheet.getByRole("button", { name: "Done" }).tap();
  await expect(sheet).toBeHidden();
  await expect(page.getByRole("button", { name: "Filters", exact: true })).toBeFocused();
});
