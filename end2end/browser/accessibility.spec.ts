import type { Page } from "@playwright/test";

import { expectAccessible, expectToFit } from "./accessibility.ts";
import { call } from "./client.ts";
import { expect, test } from "./fixtures.ts";
import { UsagePage } from "./pages/usage.ts";

async function look(page: Page): Promise<void> {
  await expectToFit(page);
  await expectAccessible(page);
}

test("pages beside the main road are accessible", async ({ signedIn: page, organization }) => {
  for (const path of ["/account", `/o/${organization.slug}/settings`, "/nothing-here"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator("[aria-busy]")).toHaveCount(0);
    await look(page);
  }
});

test("the overview is accessible once there are calls", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  await page.goto(`/o/${organization.slug}`);
  await expect(page.getByRole("figure")).toBeVisible();
  await look(page);
});

test("what opens above a page is accessible", async ({ signedIn: page, hub, key, organization }) => {
  await call(hub, key.secret);
  const usage = new UsagePage(page);
  await usage.open(organization.slug);

  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page);
  await page.keyboard.press("Escape");
  // Keys are the dialog's own until it is gone.
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();

  await page.getByRole("button", { name: /^Range/ }).click();
  await expect(page.getByRole("menu")).toBeVisible();
  await look(page);
  await page.getByRole("menuitem", { name: "Custom days…" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look(page);
  await page.keyboard.press("Escape");

  await usage.chart.getByText("Show as a table").click();
  await expect(usage.chart.getByRole("table")).toBeVisible();
  await look(page);
});
