import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures.ts";
import { SettingsPage } from "./pages/settings.ts";
import { intercept } from "./routes.ts";

const CODE = /\.wasm$/;

/** Finds the links by which a page preloads its code. */
function findPreloads(page: Page): Promise<string[]> {
  return page.locator('link[rel="preload"][as="fetch"]').evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).href));
}

test("a page preloads its own code, and no other page's", async ({ signedIn: page, organization }) => {
  const requests: string[] = [];
  page.on("request", (request) => {
    if (CODE.test(request.url())) requests.push(request.url());
  });
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  const links = await findPreloads(page);
  // Each file is requested once and has a link in the page, so that none waits for a script to request it.
  expect(requests.toSorted()).toEqual(links.toSorted());
  await page.goto(`/o/${organization.slug}/keys`);
  await expect(page.getByRole("heading", { level: 1, name: "API keys" })).toBeVisible();
  const others = await findPreloads(page);
  expect(links.some((link) => !others.includes(link))).toBe(true);
  expect(others.some((link) => !links.includes(link))).toBe(true);
});

test("a page that can't be loaded says so, loses nothing, and comes as soon as it can", async ({ signedIn: page, organization }) => {
  const settings = new SettingsPage(page);
  await settings.open(organization.slug);
  await settings.typeLifetime("41");
  const reconnect = await intercept(page, CODE, (route) => route.abort());
  const dialog = page.getByRole("dialog", { name: "The page didn't load" });
  const leave = async () => {
    await page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
    await page.getByRole("button", { name: "Leave" }).click();
    await expect(dialog).toBeVisible();
  };
  await leave();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(`/o/${organization.slug}/settings`);
  await expect(settings.customLifetime).toHaveValue("41");
  // The unsaved change is still guarded.
  await leave();
  await dialog.getByRole("button", { name: "Try again" }).click();
  await expect(dialog).toBeVisible();
  reconnect();
  await expect(page.getByRole("heading", { level: 1, name: "Logs" })).toBeVisible();
  await expect(dialog).toBeHidden();
});

test("on a slow network the page before stays until the next is there", { tag: "@phone" }, async ({ signedIn: page, organization }) => {
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  let go = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  await page.route(CODE, async (route) => {
    await gate;
    await route.continue();
  });
  await page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
  await expect(page.getByText("Loading the page")).toBeAttached();
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  go();
  await expect(page.getByRole("heading", { level: 1, name: "Logs" })).toBeVisible();
});
