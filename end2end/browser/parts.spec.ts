import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures.ts";

const CODE = /\.wasm$/;

/** The links that send along the code of a page. */
function preloaded(page: Page): Promise<string[]> {
  return page.locator('link[rel="preload"][as="fetch"]').evaluateAll((links) => links.map((link) => (link as HTMLLinkElement).href));
}

test("a page's code comes along with it, and no other page's", async ({ signedIn: page, organization }) => {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (CODE.test(request.url())) asked.push(request.url());
  });
  await page.goto(`/o/${organization.slug}/usage`);
  await expect(page.getByRole("heading", { level: 1, name: "Usage" })).toBeVisible();
  const links = await preloaded(page);
  expect(links.some((link) => link.includes("/usage-"))).toBe(true);
  expect(links.some((link) => link.includes("/api_keys-"))).toBe(false);
  // Each once, all of them linked to: nothing waits for a script to ask.
  expect(asked.toSorted()).toEqual(links.toSorted());
});

test("a page that can't be loaded says so, loses nothing, and comes when tried again", async ({ signedIn: page, organization }) => {
  const settings = `/o/${organization.slug}/settings`;
  await page.goto(settings);
  const field = page.getByRole("main").getByRole("textbox").first();
  await field.fill("41");
  await page.route(CODE, (route) => route.abort());
  const missed = page.getByRole("dialog", { name: "The page didn't load" });
  const leave = async () => {
    await page.getByRole("link", { name: "Logs" }).filter({ visible: true }).first().click();
    await page.getByRole("button", { name: "Leave" }).click();
    await expect(missed).toBeVisible();
  };
  await leave();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(settings);
  await expect(field).toHaveValue("41");
  // It is still guarded.
  await leave();
  await page.unroute(CODE);
  await missed.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Logs" })).toBeVisible();
  await expect(missed).toBeHidden();
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
